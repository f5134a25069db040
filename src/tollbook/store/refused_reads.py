"""How many reads PostgreSQL refused of late: what readiness says when writes still succeed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import psycopg
from sqlalchemy.exc import DBAPIError

_SECONDS = 10
_FEWEST_REFUSED = 10
_REFUSALS = ("08", "53300", "57P")
"""Connections, too many of them, and a server that ends or begins: classes of SQLSTATE."""


def is_refusal(error: object) -> bool:
    """Tell whether PostgreSQL refused or did not answer; a statement that fails is an answer."""
    cause = getattr(error, "orig", error)
    if not isinstance(cause, psycopg.OperationalError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(_REFUSALS)


class Reads:
    """Reads of the last ten seconds, by second: how many there were, and how many were refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[int, list[int]] = {}

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a read. One that got no connection from Tollbook's own pool is none."""
        try:
            yield
        except (psycopg.Error, DBAPIError) as error:
            self._count(refused=is_refusal(error))
            raise
        self._count(refused=False)

    def problem(self) -> str | None:
        """Say that most reads are refused, when they are."""
        oldest = int(monotonic()) - _SECONDS
        with self._lock:
            recent = [counts for second, counts in self._seconds.items() if second > oldest]
        reads, refused = (sum(it) for it in zip(*recent, strict=True)) if recent else (0, 0)
        if refused < _FEWEST_REFUSED or 2 * refused <= reads:
            return None
        return f"PostgreSQL refused {refused} of the last {reads} reads"

    def _count(self, *, refused: bool) -> None:
        second = int(monotonic())
        with self._lock:
            if second not in self._seconds:
                old = [it for it in self._seconds if it <= second - _SECONDS]
                for it in old:
                    del self._seconds[it]
                self._seconds[second] = [0, 0]
            counts = self._seconds[second]
            counts[0] += 1
            counts[1] += refused
