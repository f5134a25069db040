"""Memory for answers while they hold, and for rows that pages are cut from."""

import gzip
import sys
import threading
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import msgspec
from cachetools import LRUCache

LEAST_COMPRESSED = 1_000
"""Smaller bodies are sent as they are: compressing them saves less than it costs."""
_FASTEST = 1
_OVERHEAD = 500
"""About how many bytes of memory an answer takes in addition to its bodies."""


class Answer(msgspec.Struct):
    """An encoded answer, compressed when a client first asks for that.

    `quarantined` counts the events in quarantine in that state of the ledger; `headers` are those
    that only this answer has.
    """

    body: bytes
    quarantined: int = 0
    compressed: bytes | None = None
    media_type: str = "application/json"
    headers: dict[str, str] = {}

    def gzip(self) -> bytes:
        """Return the body compressed at level 1: higher levels cost far more than they save."""
        if self.compressed is None:
            self.compressed = gzip.compress(self.body, _FASTEST, mtime=0)
        return self.compressed

    def size(self) -> int:
        """Return about how many bytes of memory the answer takes."""
        return len(self.body) + len(self.compressed or b"") + _OVERHEAD


class AnswerCache:
    """The most recently used answers, up to a size in bytes.

    An answer grows when it is compressed, which happens after it was found or kept. So it is
    measured again when it is found, and the latest one before another is kept.
    """

    def __init__(self, most_bytes: int) -> None:
        self._answers: LRUCache[str, Answer] = LRUCache(most_bytes, Answer.size)
        self._latest = ""
        self._lock = threading.Lock()

    def get(self, tag: str) -> Answer | None:
        """Return the answer with a tag, if it is kept."""
        with self._lock:
            return self._measured(tag)

    def put(self, tag: str, answer: Answer) -> None:
        """Keep an answer, and forget the least recently used ones; one too large
        for the cache empties it.
        """
        with self._lock:
            self._measured(self._latest)
            self._keep(tag, answer)

    def _measured(self, tag: str) -> Answer | None:
        answer = self._answers.get(tag)
        if answer is not None:
            self._keep(tag, answer)
        return answer

    def _keep(self, tag: str, answer: Answer) -> None:
        self._latest = tag
        _keep(self._answers, tag, answer)


class _Sized(NamedTuple):
    value: Any
    size: int


class StateCache:
    """The states of the ledger that the latest pages were cut from, up to a size in bytes.

    Unlike an answer, a state is kept when the ledger changes: later pages are cut from it too.
    """

    def __init__(self, most_bytes: int) -> None:
        self._states: LRUCache[Hashable, _Sized] = LRUCache(most_bytes, lambda it: it.size)
        self._lock = threading.Lock()

    def get(self, name: Hashable) -> Any:
        """Return the state with a name, or None."""
        with self._lock:
            kept = self._states.get(name)
        return kept.value if kept else None

    def put(self, name: Hashable, state: Any, size: int) -> None:
        """Keep a state, and forget the least recently used ones; one too large
        for the cache empties it.
        """
        with self._lock:
            _keep(self._states, name, _Sized(state, size))


def _keep(cache: LRUCache[Any, Any], name: Hashable, value: Any) -> None:
    try:
        cache[name] = value
    except ValueError:  # too large
        cache.clear()


def size_of_rows(rows: Iterable[tuple[Any, ...]]) -> int:
    """Return the memory that rows take in bytes, counting shared numbers each time."""
    measure = sys.getsizeof
    return sum(measure(row) + sum(map(measure, row)) for row in rows)
