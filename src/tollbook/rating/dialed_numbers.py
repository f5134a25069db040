"""Digits as they are dialed in a country, read without the library where its rules are certain.

The library takes sixty microseconds for a number, and a file of records may have a million
different ones. The rules here are a part of the library's own, with its metadata. They decide the
usual numbers and leave all others to it: `tests/rating/test_dialed_numbers.py` compares both.
"""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber, ValidationResult

from tollbook.domain.numbers import AND_INTERNATIONAL, INTERNATIONAL, STRICT
from tollbook.rating.national_prefixes import Matches, is_final

_NEVER = "(?!)"
_SHORTEST = 7
"""Shorter texts may be short codes, which have rules of their own."""
_LONGEST_NATIONAL = 17
_LONGEST_CODE = 3


class Dialing(NamedTuple):
    """How a country dials: patterns and lengths of the library's metadata.

    `access` matches the access code of international calls, `prefix` the national prefix, and
    `is_national` a whole national number. `main_prefix` is the national prefix of the calling code,
    which several countries may share. `lengths` are those of national numbers.
    """

    code: str
    access: Matches
    prefix: Matches
    main_prefix: Matches
    is_national: Matches
    lengths: frozenset[int]
    has_transforms: bool


@cache
def dialing_of(country: str) -> Dialing:
    """Return how a country dials, by its ISO 3166 code."""
    metadata = PhoneMetadata.metadata_for_region(country)
    if metadata is None or metadata.general_desc is None:
        never = re.compile(_NEVER).match
        return Dialing("", never, never, never, never, frozenset(), True)
    general = metadata.general_desc
    code = str(metadata.country_code)
    main = PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[int(code)][0])
    return Dialing(
        code=code,
        access=re.compile(metadata.international_prefix or _NEVER).match,
        prefix=_prefix_of(metadata),
        main_prefix=_prefix_of(main),
        is_national=re.compile(general.national_number_pattern or _NEVER).fullmatch,
        lengths=frozenset(general.possible_length).difference(general.possible_length_local_only)
        & _possible_lengths(code),
        has_transforms=bool(metadata.national_prefix_transform_rule),
    )


def _prefix_of(metadata: PhoneMetadata | None) -> Matches:
    pattern = metadata and metadata.national_prefix_for_parsing
    return re.compile(pattern or _NEVER).match


def certain_digits(text: str, number_format: str) -> str:
    """Return the international digits of ASCII digits without `+`; empty when not certain."""
    if number_format in (STRICT, INTERNATIONAL):
        return _international(text[2:]) if text.startswith("00") else ""
    country = number_format.removesuffix(AND_INTERNATIONAL)
    dialing = dialing_of(country)
    access = dialing.access(text)
    if access is not None:
        return _international(text[access.end() :])
    if country != number_format and text[0] != "0":
        return _international(text)
    return _national(text, dialing)


def _international(digits: str) -> str:
    """Return digits that begin with a calling code, if they are final and of a possible length."""
    is_number = is_final(f"+{digits}") and len(digits) in _lengths_after(digits[:_LONGEST_CODE])
    return digits if is_number else ""


def _national(text: str, dialing: Dialing) -> str:
    if len(text) < _SHORTEST:
        return ""
    number = text
    if text.startswith(dialing.code) and not (
        len(text) in dialing.lengths and dialing.is_national(text)
    ):
        number = _without_code(text, dialing)
    elif (prefix := dialing.prefix(text)) is not None:
        number = _without_prefix(text, prefix, dialing)
    if len(number) not in dialing.lengths:
        return ""
    digits = dialing.code + number
    return digits if is_final(f"+{digits}") else ""


def _without_code(text: str, dialing: Dialing) -> str:
    """Return the number behind the country's own calling code; empty when it is not certain."""
    number = text[len(dialing.code) :]
    is_certain = (
        dialing.prefix(number) is None
        and dialing.main_prefix(number) is None
        and dialing.is_national(number)
        and not dialing.is_national(text)
    )
    return number if is_certain else ""


def _without_prefix(text: str, prefix: re.Match[str], dialing: Dialing) -> str:
    """Return the number behind the national prefix; empty when the prefix changes it."""
    if dialing.has_transforms and prefix[prefix.re.groups] is not None:
        return ""
    number = text[prefix.end() :]
    if dialing.is_national(text) and not dialing.is_national(number):
        return text
    return number


@cache
def _lengths_after(first: str) -> frozenset[int]:
    """Return the possible lengths of international numbers with these first three digits."""
    for end in range(1, len(first) + 1):
        code = first[:end]
        if int(code) in COUNTRY_CODE_TO_REGION_CODE:
            return frozenset(end + it for it in _possible_lengths(code))
    return frozenset()


@cache
def _possible_lengths(code: str) -> frozenset[int]:
    """Return the possible lengths of national numbers of a calling code."""
    return frozenset(
        length
        for length in range(1, _LONGEST_NATIONAL + 1)
        if phonenumbers.is_possible_number_with_reason(
            PhoneNumber(country_code=int(code), national_number=10 ** (length - 1))
        )
        == ValidationResult.IS_POSSIBLE
    )
