"""Where months stand: read when first asked, moved on by each charge of a batch."""

from tollbook.store import ledger
from tollbook.store.database import Snapshot

Month = tuple[int, int, str]
"""The number of an organization, a month, and a tier key."""


class Months:
    """What months have billed so far under their tier keys, as of a snapshot and since.

    Who writes holds the heads of the organizations, so that nobody else can move a month.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._positions: dict[Month, int] = {}

    def position(self, number: int, month: int, tier_key: str) -> int:
        """Give where a month stands, in micros."""
        key = number, month, tier_key
        if key not in self._positions:
            self._positions[key] = ledger.position(self._snapshot, *key)
        return self._positions[key]

    def advance(self, number: int, month: int, tier_key: str, billed: int) -> None:
        """Move a month on by what was billed."""
        self._positions[number, month, tier_key] += billed
