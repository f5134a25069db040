"""Reading telephone numbers: from the many ways to write one to its one form in E.164.

The rules are those of docs/prices.md, "How numbers are read"; phonenumbers knows the national and
access-code forms of each country.
"""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers
from phonenumbers import ValidationResult

from tollbook.domain.errors import Problem
from tollbook.domain.numbers import AND_INTERNATIONAL, INTERNATIONAL, STRICT
from tollbook.rating.dialed_numbers import certain_digits, dialing_of
from tollbook.rating.national_prefixes import NATIONAL_PREFIXES, is_e164

masked_parts = re.compile(r"\+([1-9][0-9]{0,14})(\*{1,15})#[0-9a-f]{16}").fullmatch
"""Matches a number of which the last digits are not stored: those that are left, and stars."""

is_short_code = re.compile(r"[0-9]{3,6}").fullmatch

_LONGEST_WRITTEN = 64
_LONGEST_ADDRESS = 512
_SIP = ("sip", "sips")
_CHANNELS = ("tel", "whatsapp", "messenger")
_is_dialed = re.compile(r"[0-9(][0-9\s().\-\u2010-\u2015\u2212/]*").fullmatch
_looks_dialed = re.compile(r"\+.*|[0-9][0-9\s().\-]{6,}").fullmatch
_PHONE_CONTEXT = ";phone-context="
_USER_IS_PHONE = ";user=phone"


def number_format_problem(number_format: str) -> Problem | None:
    """Return what is wrong with a number format, None when it is one."""
    country = number_format.removesuffix(AND_INTERNATIONAL)
    if number_format in (STRICT, INTERNATIONAL) or country in phonenumbers.SUPPORTED_REGIONS:
        return None
    sentence = (
        f"number_format must be {STRICT}, {INTERNATIONAL}, an ISO 3166 country code such as GB, "
        f"or a country with international numbers such as GB{AND_INTERNATIONAL}"
    )
    return Problem("number_format", "invalid_number_format", sentence)


def digits_of(value: object, number_format: str = STRICT) -> str:
    """Return the digits of an international number, however it is written; empty when it is none.

    A number has one form: a national prefix that was left in is dropped, so `+44 (0)20` and
    `+44020` are both +4420.
    """
    if type(value) is not str:
        return ""
    if is_e164(value):
        # Every number comes by here, and nearly all of them need no reading.
        matches = NATIONAL_PREFIXES.get(value[1:5])
        if matches is None or matches(value) is None:
            return value[1:]
        return read_written(value, number_format)
    if value.isdecimal() and value.isascii():
        if number_format == INTERNATIONAL and value[0] != "0":
            return digits_of(f"+{value}")
        return certain_digits(value, number_format) or read_written(value, number_format)
    hidden = masked_parts(value.strip()) if "#" in value else None
    return hidden[1] + "0" * len(hidden[2]) if hidden else read_written(value, number_format)


def cleaned(text: str) -> str:
    """Return a text without invisible format characters, its digits and plus signs as in ASCII."""
    if text.isascii():
        return text.strip()
    kept = (it for it in unicodedata.normalize("NFKC", text) if unicodedata.category(it) != "Cf")
    return "".join(str(unicodedata.decimal(it)) if it.isdecimal() else it for it in kept).strip()


def is_sip_address(text: str) -> bool:
    """Return whether a cleaned text is a SIP address that names anything but a phone number."""
    scheme, user = _inside(text)
    if scheme not in _SIP:
        return False
    is_host = "@" not in text and not user.startswith("+")
    return is_host or not (_looks_dialed(user) or _USER_IS_PHONE in text.lower())


@lru_cache(maxsize=65_536)
def read_written(value: str, number_format: str) -> str:
    """Return the digits of an international number as the library reads it; empty when none."""
    if len(value) > _LONGEST_ADDRESS:
        return ""
    text = cleaned(value)
    scheme, inside = _inside(text)
    if len(inside) > _LONGEST_WRITTEN:
        return ""
    if inside.startswith("+"):
        return _parsed(inside, None, possible=any(map(str.isalpha, inside)))
    if not _is_dialed(inside):
        return ""
    if scheme in _SIP and "@" not in text:
        return ""  # a host may look like a number: sip:192.168.100.200
    read = _of_page if scheme == "messenger" else _dialed
    return read(inside, number_format)


def _of_page(text: str, number_format: str) -> str:
    """Read the number of a messenger address, whose digits are rarely one."""
    digits = _dialed(text, number_format)
    is_number = bool(digits) and phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}"))
    return digits if is_number else ""


def _inside(text: str) -> tuple[str, str]:
    """Return the scheme of an address and what of it may be a number; no scheme for other texts."""
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if colon and scheme in _CHANNELS:
        return scheme, _local(rest) if scheme == "tel" else rest.strip()
    if not (colon and scheme in _SIP):
        if "@" not in text:
            return "", text
        scheme, rest = _SIP[0], text
    user = rest.partition("@")[0] if "@" in rest else rest
    return scheme, unquote(user.partition(";")[0].partition(":")[0]).strip()


def _local(text: str) -> str:
    """Return the number of a tel address with its context before it (RFC 3966)."""
    number, _, parameters = text.partition(";")
    _, _, context = f";{parameters}".partition(_PHONE_CONTEXT)
    context = context.partition(";")[0]
    return context + number if context.startswith("+") and number[:1] != "+" else number.strip()


def _dialed(text: str, number_format: str) -> str:
    """Read digits without `+`."""
    if number_format == INTERNATIONAL and text[0] != "0":
        return _parsed(f"+{text}", None)
    if number_format.endswith(AND_INTERNATIONAL):
        country = number_format.removesuffix(AND_INTERNATIONAL)
        if not is_dialed_in(text, country):
            return _parsed(f"+{text}", None, possible=True)
        number_format = country
    if number_format not in (STRICT, INTERNATIONAL):
        national = _parsed(text, number_format, possible=True, valid=bool(is_short_code(text)))
        if national:
            return national
    return _parsed(f"+{text[2:]}", None, possible=True) if text.startswith("00") else ""


def is_dialed_in(text: str, country: str) -> bool:
    """Return whether digits begin with the 0 or the access code of a country."""
    return text.startswith("0") or bool(dialing_of(country).access(text))


def _parsed(text: str, country: str | None, *, possible: bool = False, valid: bool = False) -> str:
    """Parse a number; where that is asked for, it must have a possible length, or be valid."""
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    if possible and (
        phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE
    ):
        return ""
    if valid and not phonenumbers.is_valid_number(parsed):
        return ""
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if not is_e164(written):
        return ""
    # What is left may begin with another national prefix: +82 00 65678 is +82 65678.
    return written[1:] if written == text else digits_of(written)
