"""Serve the dashboard: the page at `/`, and its files under a path with a hash of their content.

The hash covers all files, so browsers cache them permanently and a new version has a new path.
Modules import each other by relative paths.
"""

import gzip
from collections.abc import Callable, Coroutine
from hashlib import blake2b
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from werkzeug.http import parse_accept_header

from tollbook.dashboard import catalog

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FOLDER = Path(__file__).parent
_PAGE = "index.html"
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_PERMANENT = "public, max-age=31536000, immutable"
_BEST_COMPRESSION = 9


def page_handlers(*, compression: bool = True) -> dict[str, Handler]:
    """Return the handlers of the dashboard's paths; files are read and compressed once, here."""
    assets = read_assets()
    version = blake2b(repr(sorted(assets.items())).encode(), digest_size=8).hexdigest()
    page = _page(assets, version)
    page_headers = {
        "Cache-Control": "no-cache",
        "ETag": f'W/"{blake2b(page, digest_size=8).hexdigest()}"',
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer",
    }
    asset_headers = {"Cache-Control": _PERMANENT}
    return {"/": _sender(page, _MEDIA_TYPES[".html"], page_headers, compression=compression)} | {
        f"/assets/{version}/{name}": _sender(
            content, _MEDIA_TYPES[Path(name).suffix], asset_headers, compression=compression
        )
        for name, content in assets.items()
    }


def read_assets() -> dict[str, bytes]:
    """Return every file of the dashboard except the page, by its path in this folder."""
    files = {
        path.relative_to(_FOLDER).as_posix(): path.read_bytes()
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in _MEDIA_TYPES and path.name != _PAGE
    }
    return files | {catalog.NAME: catalog.catalog_module()}


def _page(assets: dict[str, bytes], version: str) -> bytes:
    """Insert the version into the page, and preload its modules so that none waits for another."""
    base = f"assets/{version}"
    preloads = "".join(
        f'<link rel="modulepreload" href="{base}/{name}">' for name in assets if name.endswith("js")
    )
    text = (_FOLDER / _PAGE).read_text()
    return text.replace("{assets}", base).replace("<!-- preloads -->", preloads).encode()


def _sender(
    content: bytes, media_type: str, headers: dict[str, str], *, compression: bool
) -> Handler:
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
