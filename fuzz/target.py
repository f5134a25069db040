"""What a target is, and what must hold for every input of it."""

import resource
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import process_time

LONGEST = 4096
"""In bytes. What hurts at this size hurts a thousand times more at the size that is let in."""
_MEBIBYTE = 1024


class BrokenPromise(Exception):
    """An input for which something does not hold that is said to hold for all of them."""


@dataclass(frozen=True)
class Target:
    """Something that reads: what it promises of any input, and how it is tried with one.

    `seeds` are inputs to begin with, `words` what inputs are likely to be made of. An input of
    `LONGEST` bytes takes at most so many seconds of the processor, watched as they are, and makes
    the process grow by so many mebibytes at most.
    """

    name: str
    promise: str
    try_: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...] = ()
    seconds: float = 1.0
    mebibytes: int = 64

    def check(self, data: bytes) -> None:
        """Try an input; whatever is raised is a defect."""
        started, size = process_time(), _peak()
        self.try_(data)
        seconds, grown = process_time() - started, _peak() - size
        hold(seconds <= self.seconds, f"it took {seconds:.1f} s")
        hold(grown <= self.mebibytes, f"it took {grown} MiB")


def hold(holds: bool, sentence: str) -> None:
    """Raise `BrokenPromise` unless it holds."""
    if not holds:
        raise BrokenPromise(sentence)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MEBIBYTE
