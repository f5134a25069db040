"""The reversal of an event as sent by clients."""

from hashlib import blake2b

import msgspec

LONGEST_REASON = 500


class Reversal(msgspec.Struct, frozen=True, gc=False):
    """An event that reverses another event of its organization."""

    id: str
    organization_id: str
    reverses: str
    reason: str


def fingerprint(reversal: Reversal) -> int:
    """Hash the content of a reversal, like `events.fingerprint`.

    A prefix makes it differ from the fingerprint of any event.
    """
    content = msgspec.json.encode(("reversal", reversal.reverses, reversal.reason))
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)
