"""Ids of events: UUIDs of version 7, which are ordered by time (RFC 9562)."""

import os


def new_id(nanoseconds: int) -> str:
    """Return a UUIDv7 of an instant in nanoseconds since 1970, in lower case.

    The 12 bits after the milliseconds are their fraction (RFC 9562, section 6.2, method 3); 62
    bits are from the system, so that processes after a fork never have the same id.
    """
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    random = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | random
    text = "%032x" % value  # noqa: UP031  half the time of an f-string
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
