"""Wait for what happens and never for a time: the bound only ends a test that would hang."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

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
