"""The correction of an event as sent by clients."""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from tollbook.domain.events import LONGEST_ID

REVERSAL_SUFFIX = ".reversal"
"""What follows the id of a correction in the id of the reversal that it makes."""
LONGEST_CORRECTION_ID = LONGEST_ID - len(REVERSAL_SUFFIX)
REQUIRED = ("id", "organization_id", "corrects", "reason")
NEVER_NULL = ("time", "type", "quantity")
CHANGES = (*NEVER_NULL, "user_id", "resource_id", "attributes", "cost", "cost_pending")
"""The fields that may change."""

_encode = msgspec.json.Encoder().encode
_unhashed = blake2b(digest_size=8)
Value = str | int | bool | None


class Correction(msgspec.Struct, frozen=True, gc=False):
    """The event `id` replaces the event `corrects` of its organization.

    `changes` has the fields that change as they were written, and `values` the same by value: in
    the form in which they are compared, null where the field is removed.
    """

    id: str
    organization_id: str
    corrects: str
    reason: str
    changes: Mapping[str, bytes]
    values: Mapping[str, Value]

    @property
    def reversal_id(self) -> str:
        """Return the id of the reversal of a charged event."""
        return self.id + REVERSAL_SUFFIX


def fingerprint(correction: Correction) -> int:
    """Hash the content of a correction by value, like `events.fingerprint`.

    A prefix makes it differ from the fingerprint of any event or reversal.
    """
    changed = [*correction.values.items()]
    if len(changed) > 1:
        changed.sort()
    hashed = _unhashed.copy()
    hashed.update(_encode(("correction", correction.corrects, correction.reason, changed)))
    return int.from_bytes(hashed.digest(), "big", signed=True)
