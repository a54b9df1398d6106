"""Serves a folder by aiohttp's own static files: aiohttp_files.py PORT FOLDER"""

import sys

from aiohttp import web


async def without_tag(request, response):
    if request.path.startswith("/noetag/"):
        response.headers.pop("ETag", None)


app = web.Application()
app.router.add_static("/", sys.argv[2])
app.on_response_prepare.append(without_tag)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
