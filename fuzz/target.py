"""Targets, and the promises that hold for every input."""

import resource
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import process_time

LONGEST = 4096
"""In bytes. A problem at this size is a thousand times worse at the largest accepted size."""
_MEBIBYTE = 1024


class BrokenPromise(Exception):
    """An input breaks the promise of a target."""


@dataclass(frozen=True)
class Target:
    """Code that reads input: its promise for any input, and a call that reads one.

    `seeds` are initial inputs, `words` likely parts of inputs. An input of `LONGEST` bytes may use
    `seconds` of CPU time when instrumented, and grow the process by `mebibytes`.
    """

    name: str
    promise: str
    try_: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...] = ()
    seconds: float = 1.0
    mebibytes: int = 64

    def check(self, data: bytes) -> None:
        """Run an input; any exception is a defect."""
        started, size = process_time(), _peak()
        self.try_(data)
        seconds, grown = process_time() - started, _peak() - size
        hold(seconds <= self.seconds, f"it took {seconds:.1f} s")
        hold(grown <= self.mebibytes, f"it took {grown} MiB")


def hold(holds: bool, sentence: str) -> None:
    """Raise `BrokenPromise` unless the condition holds."""
    if not holds:
        raise BrokenPromise(sentence)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MEBIBYTE
