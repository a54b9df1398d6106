"""Fetches all URLs of a file by aiohttp, 64 at once; prints how many came and how many bytes."""

import asyncio
import sys

import aiohttp

AT_ONCE = 64


async def main(path):
    count = size = 0
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session:
        with open(path) as lines:
            urls = iter(lines.read().split())

        async def worker():
            nonlocal count, size
            for url in urls:
                async with session.get(url) as response:
                    body = await response.read()
                    count += response.status == 200
                    size += len(body)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    print(count, size)


asyncio.run(main(sys.argv[1]))
