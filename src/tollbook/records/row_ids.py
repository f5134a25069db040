"""Identities that a source does not have: hashes of rows, and which rows are identical."""

from array import array
from collections.abc import Iterable
from hashlib import sha256

MOST_KNOWN = 4_000_000
"""The rows among which identical ones are found, in 8 to 16 bytes each."""

_SEPARATOR = "\x1f"
_HEX_DIGITS = 32


def hash_of(cells: Iterable[str]) -> str:
    """Return the hash of cells: 32 hex digits of SHA-256 over them, joined by 0x1F."""
    return sha256(_SEPARATOR.join(cells).encode()).hexdigest()[:_HEX_DIGITS]


class KnownHashes:
    """The hashes of rows seen so far, by their first 8 bytes, in a table with open addressing.

    `is_full` is set when more than `most` rows came: identical rows are then unknown.
    """

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self.is_full = False
        self._most = most
        self._count = 0
        self._slots = array("Q", bytes(8 * 1024))

    def add(self, row_hash: str) -> bool:
        """Add a hash; return whether it is new."""
        key = int(row_hash[:16], 16) or 1
        slots = self._slots
        mask = len(slots) - 1
        at = key & mask
        while slots[at]:
            if slots[at] == key:
                return False
            at = (at + 1) & mask
        if self._count >= self._most:
            self.is_full = True
            return True
        slots[at] = key
        self._count += 1
        if self._count * 4 > len(slots) * 3:
            self._grow()
        return True

    def _grow(self) -> None:
        larger = array("Q", bytes(16 * len(self._slots)))
        mask = len(larger) - 1
        for key in filter(None, self._slots):
            at = key & mask
            while larger[at]:
                at = (at + 1) & mask
            larger[at] = key
        self._slots = larger
