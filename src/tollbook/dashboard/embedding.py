"""Serve the frame that other pages show, and the script that makes an element of it.

The frame's document names a tenant. It may be shown by the origins that the tenant has registered;
without any, it does not exist. The script is for every page, because it has no data.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from hashlib import blake2b
from html import escape
from pathlib import PurePosixPath

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tollbook.dashboard.assets import (
    FOLDER,
    IMPORTED,
    MEDIA_TYPES,
    PERMANENT,
    Handler,
    insert_assets,
    policy,
    sender,
)
from tollbook.domain.directory import id_problem
from tollbook.domain.errors import NotFound
from tollbook.store.database import Database
from tollbook.store.origins import list_origins

SCRIPT = "embed/tollbook.js"
_FRAME = "embed/frame.html"
_START = "embed/frame.js"
_FOR_OTHER_PAGES = {"Cross-Origin-Resource-Policy": "cross-origin"}
_FRAME_HEADERS = {
    **_FOR_OTHER_PAGES,
    "Cache-Control": "no-cache",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "",
}
_SCRIPT_HEADERS = {**_FOR_OTHER_PAGES, "Access-Control-Allow-Origin": "*"}
_READERS = 4
"""How many threads at a time read origins for frames, which need no key."""
OriginsOf = Callable[[str], Awaitable[list[str]]]


def origins_in(database: Database) -> OriginsOf:
    """Return a function that reads the origins of a tenant."""
    limiter = CapacityLimiter(_READERS)

    def read(tenant: str) -> list[str]:
        with database.reading() as snapshot:
            return [it.origin for it in list_origins(snapshot, tenant)]

    async def read_aside(tenant: str) -> list[str]:
        return await run_sync(read, tenant, limiter=limiter)

    return read_aside


def embed_handlers(
    assets: Mapping[str, bytes], version: str, origins_of: OriginsOf, *, compression: bool
) -> dict[str, Handler]:
    """Return the handlers of the frame and of its script."""
    template = _template(assets, version)
    script = (FOLDER / SCRIPT).read_bytes()
    name = digest(script)
    media_type = MEDIA_TYPES[".js"]
    current = {**_SCRIPT_HEADERS, "Cache-Control": "no-cache", "ETag": f'W/"{name}"'}
    permanent = {**_SCRIPT_HEADERS, "Cache-Control": PERMANENT}

    async def send_frame(request: Request) -> Response:
        tenant = request.path_params["tenant"]
        origins = [] if id_problem("tenant", tenant) else await origins_of(tenant)
        if not origins:
            raise NotFound("no such endpoint")
        page = template.replace("{origins}", escape(" ".join(origins))).encode()
        headers = {
            **_FRAME_HEADERS,
            "Content-Security-Policy": policy(" ".join(origins)),
            "ETag": f'W/"{digest(page)}"',
        }
        send = sender(page, MEDIA_TYPES[".html"], headers, compression=compression)
        return await send(request)

    async def redirect(_request: Request) -> Response:
        return RedirectResponse("../tollbook.js", headers=_SCRIPT_HEADERS)

    return {
        "/embed/{tenant}/frame": send_frame,
        "/embed/{hash}/tollbook.js": redirect,
        f"/{SCRIPT}": sender(script, media_type, current, compression=compression),
        f"/embed/{name}/tollbook.js": sender(
            script, media_type, permanent, compression=compression
        ),
    }


def digest(content: bytes) -> str:
    """Return a short hash of a file, for its path or its tag."""
    return blake2b(content, digest_size=8).hexdigest()


def _template(assets: Mapping[str, bytes], version: str) -> str:
    """Return the frame's document, which preloads its modules; `{origins}` is left in it."""
    text = (FOLDER / _FRAME).read_text()
    return insert_assets(text, f"../../assets/{version}", sorted(_modules(assets, _START)))


def _modules(assets: Mapping[str, bytes], start: str) -> set[str]:
    """Return the modules that a module imports, and those that they import, with itself."""
    found: set[str] = set()
    left = [start]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _imports(name, IMPORTED.findall(assets[name].decode()))
    return found


def _imports(name: str, paths: Iterable[str]) -> list[str]:
    folder = PurePosixPath(name).parent
    return [_normal(folder / it) for it in paths]


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for it in path.parts:
        if it == "..":
            parts.pop()
        else:
            parts.append(it)
    return "/".join(parts)
