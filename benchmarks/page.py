"""Measure the table of 10,000 users in Chromium: first rows, sorts, keystrokes and frames."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright
from tests.builders import Platform
from tests.dashboard.conftest import CHROMIUM, JANUARY, MILLISECONDS, SWITCHES, WIDE
from tests.dashboard.measuring import MANY, ORGANIZATION, first_row, frames, keys, send_many, sorts
from tests.servers import Server

from tollbook.store.database import open_database
from tollbook.store.migrate import migrate

_WARMING = 1


@dataclass
class PageFigures:
    """Milliseconds in the browser, of all rounds together."""

    users: int = MANY
    first_rows: list[float] = field(default_factory=list)
    sorts: list[float] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[str, int, float, float]]:
        """Return each action, its number, its median and its 95th percentile."""
        done = {
            "first rows": self.first_rows,
            "a sort": self.sorts,
            "a keystroke in the search": self.keys,
            "a frame while scrolling": self.frames,
        }
        for what, times in done.items():
            slow = quantiles(times, n=20, method="inclusive")[18]
            yield what, len(times), median(times), slow


def page(rounds: int) -> PageFigures | None:
    """Measure in Chromium; return None if it is not installed."""
    if not CHROMIUM:
        print("  Chromium not found: run `make bench`, or set TOLLBOOK_TEST_CHROMIUM", flush=True)
        return None
    figures = PageFigures()
    with _server() as (address, key), _chromium(CHROMIUM) as browser:
        for number in range(_WARMING + rounds):
            _measure(browser, address, key, figures if number >= _WARMING else PageFigures())
    return figures


@contextmanager
def _server() -> Iterator[tuple[str, str]]:
    """Serve 10,000 users; yield the address of the page and a key."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'tollbook.db'}"
        database = open_database(url)
        migrate(database)
        key = Platform(database).key()
        database.close()
        with Server(url) as server:
            with server.client(key) as client:
                send_many(client)
            yield f"{server.address}/#/organizations/{ORGANIZATION}?{JANUARY}", key


@contextmanager
def _chromium(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


def _measure(browser: Browser, address: str, key: str, figures: PageFigures) -> None:
    """Open the page with an empty cache, and use it."""
    context = browser.new_context(locale="en-US", viewport=WIDE)
    opened = context.new_page()
    opened.set_default_timeout(MILLISECONDS)
    opened.add_init_script(f"sessionStorage.setItem('tollbook.key', {json.dumps(key)})")
    opened.goto(address)
    figures.first_rows.append(first_row(opened))
    _use(opened, figures)
    context.close()


def _use(opened: Page, figures: PageFigures) -> None:
    opened.wait_for_load_state("networkidle")
    figures.sorts += sorts(opened)
    figures.keys += keys(opened)
    figures.frames += frames(opened)
