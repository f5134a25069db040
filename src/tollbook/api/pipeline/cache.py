"""Memory for answers while they hold, and for rows that pages are cut from."""

import gzip
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import msgspec

LEAST_COMPRESSED = 1_000
"""Smaller bodies are sent as they are: compressing them saves less than it costs."""
_FASTEST = 1
_ANSWERS, _STATES = 4, 2
"""How many of the largest answers, and of the largest states, the caches hold at least."""
_NOTHING: OrderedDict[Hashable, Any] = OrderedDict()
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


class _Kept(NamedTuple):
    value: Any
    size: int


class FairCache:
    """The most recently used values, up to a size in bytes.

    When it is full, the tenant with the most bytes loses its least recently used value. So a tenant
    may use all of it, but never removes values of a tenant that has less. A value larger than
    `1 / parts` of the cache is not kept.
    """

    def __init__(self, most_bytes: int, parts: int) -> None:
        self._most = most_bytes
        self._largest = most_bytes // parts
        self._of: dict[str, OrderedDict[Hashable, _Kept]] = {}
        self._sizes: Counter[str] = Counter()
        self._used = 0
        self._lock = threading.Lock()

    def _find(self, tenant: str, name: Hashable) -> _Kept | None:
        kept = self._of.get(tenant, _NOTHING).get(name)
        if kept is not None:
            self._of[tenant].move_to_end(name)
        return kept

    def _keep(self, tenant: str, name: Hashable, value: Any, size: int) -> None:
        self._remove(tenant, name)
        if size > self._largest:
            return
        self._of.setdefault(tenant, OrderedDict())[name] = _Kept(value, size)
        self._sizes[tenant] += size
        self._used += size
        while self._used > self._most:
            largest = max(self._sizes, key=self._sizes.__getitem__)
            self._remove(largest, next(iter(self._of[largest])))

    def _remove(self, tenant: str, name: Hashable) -> None:
        kept = self._of.get(tenant, _NOTHING).pop(name, None)
        if kept is not None:
            self._sizes[tenant] -= kept.size
            self._used -= kept.size
            if not self._of[tenant]:
                del self._of[tenant], self._sizes[tenant]


class AnswerCache(FairCache):
    """The answers of every tenant while they hold.

    An answer grows when it is compressed, which happens after it was found or kept. So it is
    measured again when it is found, and the latest one before another is kept.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes, _ANSWERS)
        self._latest = ("", "")

    def get(self, tenant: str, tag: str) -> Answer | None:
        """Return the answer with a tag, if it is kept."""
        with self._lock:
            return self._measured(tenant, tag)

    def put(self, tenant: str, tag: str, answer: Answer) -> None:
        """Keep an answer."""
        with self._lock:
            self._measured(*self._latest)
            self._latest = (tenant, tag)
            self._keep(tenant, tag, answer, answer.size())

    def _measured(self, tenant: str, tag: str) -> Answer | None:
        kept = self._find(tenant, tag)
        if kept is None:
            return None
        self._latest = (tenant, tag)
        answer: Answer = kept.value
        if answer.size() != kept.size:
            self._keep(tenant, tag, answer, answer.size())
        return answer


class StateCache(FairCache):
    """The states of the ledger that the latest pages were cut from.

    Unlike an answer, a state is kept when the ledger changes: later pages are cut from it too.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes, _STATES)

    def get(self, tenant: str, name: Hashable) -> Any:
        """Return the state with a name, or None."""
        with self._lock:
            kept = self._find(tenant, name)
        return kept.value if kept else None

    def put(self, tenant: str, name: Hashable, state: Any, size: int) -> None:
        """Keep a state."""
        with self._lock:
            self._keep(tenant, name, state, size)


def size_of_rows(rows: Iterable[tuple[Any, ...]]) -> int:
    """Return the memory that rows take in bytes, counting shared numbers each time."""
    measure = sys.getsizeof
    return sum(measure(row) + sum(map(measure, row)) for row in rows)
