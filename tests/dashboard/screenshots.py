"""The pictures of the documentation: the main views of the demo, in both themes."""

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from tests.dashboard.conftest import CHROMIUM, SWITCHES
from tests.servers import Server

IMAGES = Path(__file__).parents[2] / "docs" / "images"
THEMES = ("light", "dark")
PERIOD = "period=last_month"
VIEWS = {
    "overview": ("tenant", f"#/?{PERIOD}&compare=previous_period", (1280, 900)),
    "organization": ("harbor", f"#/?{PERIOD}", (1280, 900)),
    "user": ("harbor", f"#/?{PERIOD}&user=user_dispatch_01&events=voice", (1280, 900)),
    "phone": ("acme", "#/?start=2024-01-01&end=2024-01-31", (390, 844)),
}


def main() -> None:
    """Take every picture; each is small enough to be kept with the code."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/tollbook.db"
        environment = {**os.environ, "TOLLBOOK_DATABASE_URL": url}
        command = [sys.executable, "-m", "tollbook", "demo", "--json"]
        made = subprocess.run(command, env=environment, capture_output=True, check=True)
        keys = json.loads(made.stdout)["keys"]
        with Server(url) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
            for name, (key, fragment, size) in VIEWS.items():
                for theme in THEMES:
                    address = f"{server.address}/{fragment}"
                    _take(browser, address, keys[key], size, theme, IMAGES / f"{name}-{theme}.png")
            browser.close()


def _take(
    browser: Browser, address: str, key: str, size: tuple[int, int], theme: str, path: Path
) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-US",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.add_init_script(f"sessionStorage.setItem('tollbook.key', {json.dumps(key)})")
    page.goto(address)
    page.wait_for_load_state("networkidle")
    path.write_bytes(smaller(page.screenshot()))
    context.close()


def smaller(png: bytes) -> bytes:
    """Pack the pixels of a picture as tightly as its format allows."""
    head, chunks, at = png[:8], [], 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        chunks.append((kind, png[at + 8 : at + 8 + length]))
        at += length + 12
    pixels = b"".join(content for kind, content in chunks if kind == b"IDAT")
    packed = zlib.compress(zlib.decompress(pixels), 9)
    kept = [chunks[0], (b"IDAT", packed), chunks[-1]]
    return head + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in kept
    )


if __name__ == "__main__":
    main()
