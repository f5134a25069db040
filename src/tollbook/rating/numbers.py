"""What a telephone number, or what stands in its place, says about itself (E.164, phonenumbers)."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

NUMBER = "number"
SHORT_CODE = "short_code"
ALPHANUMERIC = "alphanumeric"
SIP = "sip"
NONE = "none"
KINDS = (NUMBER, SHORT_CODE, ALPHANUMERIC, SIP, NONE)

is_e164 = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
"""Matches a number that needs no reading: nearly all of them."""

_masked = re.compile(r"\+([1-9][0-9]{0,14})(\*{1,15})#[0-9a-f]{16}").fullmatch
_HIDDEN = 4
ERASED = "erased"
"""Stands for what was taken away with a person's data."""

_is_short_code = re.compile(r"[0-9]{3,8}").fullmatch
_is_alphanumeric = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &'+._-]{1,11}").fullmatch
_INTERNATIONAL = ("+", "00", "tel:")
_LONGEST_WRITTEN = 64
_ALONE = {
    str(code): regions[0]
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()
    if len(regions) == 1
}
"""Calling codes of one region each; +1, +7, +44 and a few others are shared."""


def digits_of(value: object) -> str:
    """Give the digits of an international number, however it is written; empty when it is none."""
    if type(value) is not str:
        return ""
    if is_e164(value):
        return value[1:]
    text = value.strip()
    if not text.startswith(_INTERNATIONAL):
        return ""
    hidden = _masked(text)
    return hidden[1] + "0" * len(hidden[2]) if hidden else _parsed(text)


def shown_of(value: object) -> str | None:
    """Give the digits that are left of a number of which some are not stored, else None."""
    if type(value) is not str:
        return None
    if value == ERASED:
        return ""
    text = value.strip()
    hidden = _masked(text) if text[-17:-16] == "#" else None
    return hidden[1] if hidden else None


def shown_digits(digits: str) -> int:
    """Give how many digits of a number may be stored: all but four, and those its country takes."""
    shown, country = len(digits) - _HIDDEN, country_of(digits)
    while shown < len(digits) - 1 and country_of(digits[:shown].ljust(len(digits), "0")) != country:
        shown += 1
    return shown


def kind_of(value: object) -> str:
    """Tell numbers from what may stand in their place."""
    if type(value) is not str:
        return NONE
    if digits_of(value):
        return NUMBER
    text = value.strip()
    if text.startswith(("sip:", "sips:")) or "@" in text:
        return SIP
    if _is_short_code(text):
        return SHORT_CODE
    return ALPHANUMERIC if _is_alphanumeric(text) else NONE


def country_of(digits: str) -> str | None:
    """Give the ISO 3166 code of the country of an international number, None without one."""
    found = _ALONE.get(digits[:2]) or _ALONE.get(digits[:3])
    if found or not digits:
        return found
    telling = 5 if digits[0] == "1" else 7 if digits[:2] == "44" else 8
    return _country_of_shared(digits[:telling], len(digits))


@lru_cache(maxsize=65_536)
def _country_of_shared(first: str, length: int) -> str | None:
    """Ask about the first digits, filled up with zeros.

    Countries that share a calling code are told apart by so many digits; the library takes fifty
    microseconds, and few numbers come twice.
    """
    try:
        parsed = phonenumbers.parse("+" + first.ljust(length, "0"), None)
    except phonenumbers.NumberParseException:
        return None
    region: str | None = phonenumbers.region_code_for_number(parsed)
    return region


@lru_cache(maxsize=65_536)
def _parsed(text: str) -> str:
    if len(text) > _LONGEST_WRITTEN:
        return ""
    try:
        parsed = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, None)
    except phonenumbers.NumberParseException:
        return ""
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return written[1:] if is_e164(written) else ""
