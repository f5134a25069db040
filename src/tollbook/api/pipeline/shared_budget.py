"""A limited resource that all requests share, of which a part stays free for others.

A key may have as much as is free, and a tenant three times as much. So one key has half of it at
most, one tenant three quarters, and however many there are, some is left for the next one.
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from tollbook.domain.errors import RequestError

_OF_TENANT = 3


class Owner(NamedTuple):
    """Whose share a request uses."""

    tenant: str = ""
    key: str = ""


class SharedBudget:
    """An amount of `what`; a request that finds too little of it is refused with `error`."""

    def __init__(self, most: int, what: str, error: Callable[[str], RequestError]) -> None:
        self._most = most
        self._what = what
        self._error = error
        self._used = 0
        self._of: Counter[Owner | str] = Counter()
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Return how much is in use."""
        return self._used

    def reserve(self, owner: Owner, size: int, own: int = 0) -> None:
        """Reserve more for a request that has `own` already, or raise the error.

        A request that is alone may have any size.
        """
        with self._lock:
            if self._used > own:
                self._require(owner, size)
            self._add(owner, size)

    def require(self, owner: Owner, size: int) -> None:
        """Raise the error if `size` cannot be reserved now."""
        with self._lock:
            if self._used:
                self._require(owner, size)

    def release(self, owner: Owner, size: int) -> None:
        """Return what was reserved."""
        with self._lock:
            self._add(owner, -size)

    def _require(self, owner: Owner, size: int) -> None:
        free = self._most - self._used
        if self._of[owner] + size > free:
            whose = "this key has" if self._of[owner] else "there are"
            raise self._error(f"{whose} too many {self._what} at once; retry later")
        if self._of[owner.tenant] + size > _OF_TENANT * free:
            raise self._error(f"this tenant has too many {self._what} at once; retry later")

    def _add(self, owner: Owner, size: int) -> None:
        self._used += size
        for name in (owner, owner.tenant):
            self._of[name] += size
            if not self._of[name]:
                del self._of[name]
