"""Telephone numbers of records, in E.164: an event has one form, whatever the source writes."""

import re
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers

from tollbook.domain.numbers import AND_INTERNATIONAL, INTERNATIONAL, STRICT
from tollbook.rating.number_formats import digits_of, is_dialed_in

CLIENT = "client:"
CHANNELS = ("whatsapp", "messenger", "rcs")
"""Schemes of addresses that name the channel of a message."""

_SCHEMES = ("sip", "sips", "tel", *CHANNELS)
_IN_BRACKETS = re.compile(r"<([^>]*)>").search
LONGEST_EXTENSION = 6
_is_extension = re.compile(r"[0-9]{2,6}").fullmatch
_is_short = re.compile(r"[0-9]{3,8}").fullmatch


def format_of(country: str | None, bare: str | None, strict: str = STRICT) -> str:
    """Return the number format of `--country` and `--bare`; `strict` when neither is given."""
    if country is None:
        return INTERNATIONAL if bare == INTERNATIONAL else strict
    return country + AND_INTERNATIONAL if bare == INTERNATIONAL else country


def scheme_of(address: str) -> str:
    """Return the scheme of an address in lower case: sip, tel, whatsapp and so on, else empty."""
    scheme, colon, _ = address.partition(":")
    scheme = scheme.lower()
    return scheme if colon and (scheme in _SCHEMES or scheme == "client") else ""


def plain(address: str) -> str:
    """Return what of an address may be a number: without scheme, host, parameters and escapes.

    A `client:` address stays whole: it is a kind of destination of its own.
    """
    return address if address.isascii() and address.isalnum() else _plain(address)


@lru_cache(65_536)
def _plain(address: str) -> str:
    if found := _IN_BRACKETS(address):
        address = found[1]
    if "%" in address:
        address = unquote(address)
    address = address.strip()
    scheme = scheme_of(address)
    if scheme == "client":
        return CLIENT + address[len(CLIENT) :]
    if scheme:
        address = address[len(scheme) + 1 :]
    return address.partition("@")[0].partition(";")[0].strip()


def is_internal(caller: str, called: str) -> bool:
    """Return whether both ends are extensions: short numbers of the same length."""
    return (
        len(caller) == len(called) <= LONGEST_EXTENSION
        and bool(_is_extension(called))
        and bool(_is_extension(caller))
    )


def is_short_code(text: str) -> bool:
    """Return whether a text is a short code of messages."""
    return bool(_is_short(text))


def number_in(text: str, number_format: str, access_code: str = "") -> str:
    """Return a number in E.164, empty when the text is none.

    What follows the access code of a trunk is tried first.
    """
    if access_code and text.startswith(access_code):
        found = _number_in(text[len(access_code) :], number_format)
        if found:
            return found
    return _number_in(text, number_format)


def _number_in(text: str, number_format: str) -> str:
    digits = digits_of(text, number_format)
    if not digits or (_is_bare(text, number_format) and not is_possible(digits)):
        return ""
    return f"+{digits}"


def _is_bare(text: str, number_format: str) -> bool:
    """Return whether digits have neither a `+` nor a prefix that says how they are dialed."""
    if text[:1] == "+":
        return False
    country = number_format.removesuffix(AND_INTERNATIONAL)
    return text[:1] != "0" and (
        country in (STRICT, INTERNATIONAL) or not is_dialed_in(text, country)
    )


def is_possible(digits: str) -> bool:
    """Return whether an international number has a length that its country uses."""
    return _is_possible(digits[:4], len(digits))


@lru_cache(8192)
def _is_possible(first: str, length: int) -> bool:
    """Look up the lengths of a calling code, which has at most three digits.

    Parsing takes the library fifty microseconds, and the lengths depend on nothing else.
    """
    try:
        parsed = phonenumbers.parse("+" + first.ljust(length, "2"), None)
    except phonenumbers.NumberParseException:
        return False
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE)
