"""Numbers in E.164, and the national prefixes that may have been left in them."""

import re
from collections.abc import Callable

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

is_e164 = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
"""Matches a number as it is usually written: E.164."""

Matches = Callable[[str], re.Match[str] | None]
_KEY_DIGITS = 4


def _national_prefixes() -> dict[str, Matches]:
    """Make the table of first digits after which a national prefix may follow.

    Reading a number takes the library fifty microseconds, and nearly all numbers need none of it.
    """
    found: dict[str, Matches] = {}
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
        pattern = metadata and metadata.national_prefix_for_parsing
        if not pattern:
            continue
        # Many patterns match nothing too; what is looked for is behind the calling code.
        matches = re.compile(rf"\+{code}(?:{pattern})(?<!\+{code})").match
        room = _KEY_DIGITS - len(str(code))
        literal = pattern.replace("|", "").isdecimal()
        starts = [it[:room] for it in pattern.split("|")] if literal else [""]
        for start in starts:
            rest = room - len(start)
            for n in range(10**rest):
                found[f"{code}{start}{n:0{rest}d}" if rest else f"{code}{start}"] = matches
    return found


NATIONAL_PREFIXES = _national_prefixes()
"""By the first digits of a number, what finds a national prefix that may be in it."""


def is_final(number: str) -> bool:
    """Return whether a text is a number in E.164 that needs no reading: no prefix is left in it."""
    if not is_e164(number):
        return False
    matches = NATIONAL_PREFIXES.get(number[1:5])
    return matches is None or matches(number) is None
