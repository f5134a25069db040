"""The kind and country of phone numbers and of the addresses in their place."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from tollbook.domain.numbers import STRICT
from tollbook.rating.number_formats import (
    cleaned,
    digits_of,
    is_short_code,
    is_sip_address,
    masked_parts,
)

NUMBER = "number"
SHORT_CODE = "short_code"
ALPHANUMERIC = "alphanumeric"
SIP = "sip"
CLIENT = "client"
NONE = "none"
KINDS = (NUMBER, SHORT_CODE, ALPHANUMERIC, SIP, CLIENT, NONE)

_HIDDEN = 4
ERASED = "erased"
"""The text in place of a value that was erased with a person's data."""

_is_alphanumeric = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &'+._-]{1,11}").fullmatch
_ALONE = {
    str(code): regions[0]
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()
    if len(regions) == 1
}
"""Calling codes of one region each; +1, +7, +44 and a few others are shared."""


def stored_digits_of(value: object) -> str | None:
    """Return the stored digits of a masked number, None for any other text."""
    if type(value) is not str:
        return None
    if value == ERASED:
        return ""
    text = value.strip()
    hidden = masked_parts(text) if text[-17:-16] == "#" else None
    return hidden[1] if hidden else None


def count_storable_digits(digits: str) -> int:
    """Count the digits that masking keeps: all but the last four, and those of the country."""
    shown, country = len(digits) - _HIDDEN, country_of(digits)
    while shown < len(digits) - 1 and country_of(digits[:shown].ljust(len(digits), "0")) != country:
        shown += 1
    return shown


def kind_of(value: object, number_format: str = STRICT) -> str:
    """Return the kind of the address in `to` or `from`: a number, or another kind."""
    if type(value) is not str:
        return NONE
    if digits_of(value, number_format):
        return NUMBER
    text = cleaned(value)
    if text[:7].lower() == "client:":
        return CLIENT
    if is_sip_address(text):
        return SIP
    if is_short_code(text):
        return SHORT_CODE
    return ALPHANUMERIC if _is_alphanumeric(text) else NONE


def country_of(digits: str) -> str | None:
    """Return the ISO 3166 code of the country of an international number, None without one."""
    found = _ALONE.get(digits[:2]) or _ALONE.get(digits[:3])
    if found or not digits:
        return found
    telling = 5 if digits[0] == "1" else 7 if digits[:2] == "44" else 8
    return _country_of_shared(digits[:telling], len(digits))


@lru_cache(maxsize=65_536)
def _country_of_shared(first: str, length: int) -> str | None:
    """Look up the country of the first digits, padded with zeros.

    These digits distinguish the countries that share a calling code. The library takes fifty
    microseconds, and few numbers occur twice.
    """
    try:
        parsed = phonenumbers.parse("+" + first.ljust(length, "0"), None)
    except phonenumbers.NumberParseException:
        return None
    region: str | None = phonenumbers.region_code_for_number(parsed)
    return region
