"""What meters do around a fork of their process."""

import os
from collections.abc import Callable
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """Something that closes what a child must not inherit."""

    def before_fork(self) -> None:
        """Close it, and keep it closed."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Start over."""


_watched: WeakSet[Forked] = WeakSet()
_paused: list[Forked] = []
_abandoned: list[object] = []
"""Connections of the parent: closing them in the child would end them for both."""


def watch(meter: Forked) -> None:
    """Call the methods of a meter around each fork."""
    _watched.add(meter)


def forget(meter: Forked) -> None:
    """Leave a meter alone from now on."""
    _watched.discard(meter)


def abandon(inherited: object) -> None:
    """Keep what the parent uses from being closed in the child."""
    _abandoned.append(inherited)


def _before() -> None:
    _paused[:] = list(_watched)
    for meter in _paused:
        meter.before_fork()


def _after(step: Callable[[Forked], None]) -> None:
    for meter in reversed(_paused):
        step(meter)
    _paused.clear()


os.register_at_fork(
    before=_before,
    after_in_parent=lambda: _after(lambda meter: meter.after_fork_in_parent()),
    after_in_child=lambda: _after(lambda meter: meter.after_fork_in_child()),
)
