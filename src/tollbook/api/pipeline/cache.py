"""What is kept in memory: answers while they hold, and rows that pages are cut from."""

import gzip
import sys
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import msgspec

LEAST_COMPRESSED = 1_000
"""Smaller bodies are sent as they are: compressing them saves less than it costs."""
_FASTEST = 1
_BESIDES = 500
"""About how many bytes a kept answer takes besides its bodies: small ones are mostly that."""


class Answer(msgspec.Struct):
    """An encoded answer, compressed when someone first asks for that.

    `quarantined` counts what waited in quarantine in that state of the ledger; `headers` are those
    that only this answer has.
    """

    body: bytes
    quarantined: int = 0
    compressed: bytes | None = None
    media_type: str = "application/json"
    headers: dict[str, str] = {}

    def gzip(self) -> bytes:
        """Give the body compressed at level 1: higher levels cost far more than they save."""
        if self.compressed is None:
            self.compressed = gzip.compress(self.body, _FASTEST, mtime=0)
        return self.compressed

    def size(self) -> int:
        """Give about how many bytes the answer keeps in memory."""
        return len(self.body) + len(self.compressed or b"") + _BESIDES


class AnswerCache:
    """The answers used last, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[str, tuple[Answer, int]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, tag: str) -> Answer | None:
        """Give the answer of a tag, if it is kept; it is measured again, having been used."""
        with self._lock:
            kept = self._answers.get(tag)
            if kept is None:
                return None
            self._keep(tag, kept[0])
            return kept[0]

    def put(self, tag: str, answer: Answer) -> None:
        """Keep an answer; forget the ones used longest ago."""
        with self._lock:
            if self._answers:
                latest, (used, _) = next(reversed(self._answers.items()))
                self._keep(latest, used)
            self._keep(tag, answer)

    def _keep(self, tag: str, answer: Answer) -> None:
        """Put an answer last, with its size, which grows when it is compressed.

        The sizes are added up as they change: to add up all would take longer with every answer.
        """
        self._forget(tag)
        size = answer.size()
        self._answers[tag] = answer, size
        self._size += size
        while self._size > self._most_bytes:
            self._forget(next(iter(self._answers)))

    def _forget(self, tag: str) -> None:
        kept = self._answers.pop(tag, None)
        self._size -= kept[1] if kept else 0


class Kept(NamedTuple):
    """Something kept for pages, and about how many bytes of memory it takes."""

    state: Any
    size: int


class StateCache:
    """The states of the ledger that pages were cut from last, up to so many bytes.

    Unlike an answer, a state is kept when the ledger moves on: later pages are cut from it too.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, name: Hashable) -> Any:
        """Give the state of a name, or None."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is None:
                return None
            self._kept.move_to_end(name)
            return kept.state

    def put(self, name: Hashable, state: Any, size: int) -> None:
        """Keep a state; forget the ones used longest ago."""
        with self._lock:
            self._forget(name)
            self._kept[name] = Kept(state, size)
            self._size += size
            while self._size > self._most_bytes:
                self._forget(next(iter(self._kept)))

    def _forget(self, name: Hashable) -> None:
        kept = self._kept.pop(name, None)
        self._size -= kept.size if kept else 0


def size_of_rows(rows: Iterable[tuple[Any, ...]]) -> int:
    """Add up what rows take in memory; numbers that they share are counted each time."""
    measure = sys.getsizeof
    return sum(measure(row) + sum(map(measure, row)) for row in rows)
