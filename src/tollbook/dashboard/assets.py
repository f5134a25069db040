"""The files of the dashboard, and how they are sent."""

import gzip
import re
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from werkzeug.http import parse_accept_header

from tollbook.dashboard import catalog

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

FOLDER = Path(__file__).parent
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
PERMANENT = "public, max-age=31536000, immutable"
IMPORTED = re.compile(r'(?:^(?:import|export|\}) .*|[};])from ?"([^"\s]+)"', re.MULTILINE)
"""The relative path in an import statement."""
_BEST_COMPRESSION = 9
_SERVED_ELSEWHERE = frozenset({"index.html", "embed/frame.html", "embed/tollbook.js"})


def policy(ancestors: str) -> str:
    """Return the Content-Security-Policy of a page that these ancestors may show in a frame."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )


def read_assets() -> dict[str, bytes]:
    """Return every file of the dashboard except the pages, by its path in this folder."""
    files = {
        name: path.read_bytes()
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA_TYPES
        and (name := path.relative_to(FOLDER).as_posix()) not in _SERVED_ELSEWHERE
    }
    return files | {catalog.NAME: catalog.catalog_module()}


def insert_assets(page: str, base: str, modules: Iterable[str]) -> str:
    """Insert the path of the files into a page, and preload modules."""
    preloads = "".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in modules)
    return page.replace("{assets}", base).replace("<!-- preloads -->", preloads)


def sender(
    content: bytes, media_type: str, headers: dict[str, str], *, compression: bool
) -> Handler:
    """Return a handler that sends a file, compressed if the client accepts it."""
    compressed = gzip.compress(content, _BEST_COMPRESSION, mtime=0)
    headers = {**headers, "Vary": "Accept-Encoding"}

    async def send(request: Request) -> Response:
        if "ETag" in headers and headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(None, 304, headers)
        if compression and parse_accept_header(request.headers.get("accept-encoding"))["gzip"]:
            zipped = {**headers, "Content-Encoding": "gzip"}
            return Response(compressed, 200, zipped, media_type=media_type)
        return Response(content, 200, headers, media_type=media_type)

    return send
