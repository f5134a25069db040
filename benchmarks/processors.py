"""Processor time of a process with all that it has started, also of those that have ended."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def busy_seconds(pid: int) -> float:
    """Return the processor time until now of a process, its children, and theirs.

    A process has the time of its ended children as soon as it has waited for them, as PostgreSQL
    does for its connections.
    """
    return sum(map(_ticks, _tree(pid))) / _TICKS


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in task.read_text().split():
                yield from _tree(int(child))


def _ticks(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return 0
