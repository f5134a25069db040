"""A reversal as it stands on the wire: which event is taken back, and why."""

from hashlib import blake2b

import msgspec

LONGEST_REASON = 500


class Reversal(msgspec.Struct, frozen=True, gc=False):
    """One event that takes back another of its organization."""

    id: str
    organization_id: str
    reverses: str
    reason: str


def fingerprint(reversal: Reversal) -> int:
    """Hash the content of a reversal, as `events.fingerprint` does that of an event.

    The two never agree: what is hashed begins with another word.
    """
    content = msgspec.json.encode(("reversal", reversal.reverses, reversal.reason))
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)
