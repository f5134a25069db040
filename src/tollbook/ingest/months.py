"""Track what months have billed: read at first use, advanced by each charge of a batch."""

from tollbook.store import ledger
from tollbook.store.database import Snapshot

Month = tuple[int, int, str]
"""The number of an organization, a month, and a tier key."""


class Months:
    """The amounts that months have billed under their tier keys, in a snapshot and since.

    A writer holds the ledger versions of the organizations, so no other writer can change a month.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._positions: dict[Month, int] = {}

    def position(self, number: int, month: int, tier_key: str) -> int:
        """Return what a month has billed so far, in micros."""
        key = number, month, tier_key
        if key not in self._positions:
            self._positions[key] = ledger.position(self._snapshot, *key)
        return self._positions[key]

    def advance(self, number: int, month: int, tier_key: str, billed: int) -> None:
        """Add billed units, in micros, to a month."""
        self._positions[number, month, tier_key] += billed
