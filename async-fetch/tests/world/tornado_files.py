"""Serves a folder by tornado's own static files: tornado_files.py PORT FOLDER"""

import asyncio
import sys

from tornado import web


class WithoutTag(web.StaticFileHandler):
    def compute_etag(self):
        return None


async def main():
    folder = sys.argv[2]
    app = web.Application(
        [
            (r"/(noetag/.*)", WithoutTag, {"path": folder}),
            (r"/(.*)", web.StaticFileHandler, {"path": folder}),
        ],
    )
    app.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
