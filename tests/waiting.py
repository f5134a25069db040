"""Wait for what happens and never for a time: the bound only ends a test that would hang."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any, TypeVar

import httpx

Json = dict[str, Any]
Found = TypeVar("Found")

PATIENCE = 60.0
"""Seconds. No machine is so slow that it needs them."""
_PAUSE = 0.01


def wait_for(find: Callable[[], Found | None]) -> Found:
    """Return what `find` returns as soon as that is true; fail when it stays false."""
    give_up = monotonic() + PATIENCE
    while not (found := find()):
        assert monotonic() < give_up, f"still {found!r} after {PATIENCE:.0f} seconds"
        sleep(_PAUSE)
    return found


def run_over_quarantine(
    get: Callable[[str], httpx.Response], begun: httpx.Response, status: str = "done"
) -> Json:
    """Wait until a run that was begun over HTTP has a status; return it."""
    assert begun.status_code == 202, begun.text
    path = f"/v1/quarantine-runs/{begun.json()['run']['id']}"

    def found() -> Json | None:
        run: Json = get(path).json()["run"]
        return run if run["status"] == status else None

    return wait_for(found)
