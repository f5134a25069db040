"""Serve the dashboard: the page at `/`, and its files under a path with a hash of their content.

The hash covers all files, so browsers cache them permanently and a new version has a new path.
Modules import each other by relative paths.
"""

from hashlib import blake2b
from pathlib import Path

from tollbook.dashboard.assets import (
    FOLDER,
    MEDIA_TYPES,
    PERMANENT,
    Handler,
    insert_assets,
    policy,
    read_assets,
    sender,
)
from tollbook.dashboard.embedding import OriginsOf, digest, embed_handlers

POLICY = policy("'none'")
_PAGE = "index.html"
LATER = ("alerts/", "views/quarantine.js")
"""What is loaded when it is first shown."""
_EMBEDDED = "embed/"
"""The folder of what only the frame loads."""


def page_handlers(origins_of: OriginsOf, *, compression: bool = True) -> dict[str, Handler]:
    """Return the handlers of the dashboard's paths; files are read and compressed once, here.

    `origins_of` returns the origins of the pages that may show the usage of a tenant.
    """
    assets = read_assets()
    version = blake2b(repr(sorted(assets.items())).encode(), digest_size=8).hexdigest()
    page = _page(assets, version)
    page_headers = {
        "Cache-Control": "no-cache",
        "ETag": f'W/"{digest(page)}"',
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer",
    }
    asset_headers = {"Cache-Control": PERMANENT}
    return {
        "/": sender(page, MEDIA_TYPES[".html"], page_headers, compression=compression),
        **embed_handlers(assets, version, origins_of, compression=compression),
        **{
            f"/assets/{version}/{name}": sender(
                content, MEDIA_TYPES[Path(name).suffix], asset_headers, compression=compression
            )
            for name, content in assets.items()
        },
    }


def _page(assets: dict[str, bytes], version: str) -> bytes:
    modules = (it for it in assets if it.endswith("js") and not it.startswith((_EMBEDDED, *LATER)))
    text = (FOLDER / _PAGE).read_text()
    return insert_assets(text, f"assets/{version}", modules).encode()
