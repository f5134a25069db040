"""How many reads the database refused of late: readiness fails even when writes succeed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from sqlalchemy.exc import DBAPIError

from tollbook.store.driver_errors import DriverErrors

_SECONDS = 10
_FEWEST_REFUSED = 10


class Reads:
    """Reads of the last ten seconds, by second: how many there were, and how many were refused."""

    def __init__(self, errors: DriverErrors) -> None:
        self._errors = errors
        self._lock = threading.Lock()
        self._seconds: dict[int, list[int]] = {}

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a read; one that got no connection from Tollbook's own pool does not count."""
        try:
            yield
        except (self._errors.driver_error, DBAPIError) as error:
            self._count(refused=self._errors.is_refusal(getattr(error, "orig", error)))
            raise
        self._count(refused=False)

    def problem(self) -> str | None:
        """Report that most reads are refused; None when they are not."""
        oldest = int(monotonic()) - _SECONDS
        with self._lock:
            recent = [counts for second, counts in self._seconds.items() if second > oldest]
        reads, refused = map(sum, zip(*recent, strict=True)) if recent else (0, 0)
        if refused < _FEWEST_REFUSED or 2 * refused <= reads:
            return None
        return f"the database refused {refused} of the last {reads} reads"

    def _count(self, *, refused: bool) -> None:
        second = int(monotonic())
        with self._lock:
            if second not in self._seconds:
                oldest = second - _SECONDS
                recent = {key: counts for key, counts in self._seconds.items() if key > oldest}
                self._seconds = recent | {second: [0, 0]}
            counts = self._seconds[second]
            counts[0] += 1
            counts[1] += refused
