"""Answers given before, kept while they hold: an answer's tag names the state it was true of."""

import gzip
import threading
from collections import OrderedDict

import msgspec

LEAST_COMPRESSED = 1_000
"""Smaller bodies are sent as they are: compressing them saves less than it costs."""
_FASTEST = 1


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
        """Give how many bytes the answer keeps in memory."""
        return len(self.body) + len(self.compressed or b"")


class AnswerCache:
    """The answers used last, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tag: str) -> Answer | None:
        """Give the answer of a tag, if it is kept."""
        with self._lock:
            answer = self._answers.get(tag)
            if answer:
                self._answers.move_to_end(tag)
            return answer

    def put(self, tag: str, answer: Answer) -> None:
        """Keep an answer; forget the ones used longest ago."""
        with self._lock:
            self._answers[tag] = answer
            kept = sum(it.size() for it in self._answers.values())
            while kept > self._most_bytes:
                _, oldest = self._answers.popitem(last=False)
                kept -= oldest.size()
