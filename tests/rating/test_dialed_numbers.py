"""Digits that are read without the library are what it makes of them, in every country."""

from collections.abc import Iterator
from random import Random

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, PhoneNumberType

from tollbook.rating.dialed_numbers import certain_digits
from tollbook.rating.number_formats import digits_of, read_written

_NUMBERS = 40
_KINDS = 8
"""The kinds of example numbers: fixed lines, mobiles, toll-free and so on."""
_OTHERS_THAN_ITS_OWN = 0.3
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def _prefixes(region: str, code: str) -> list[str]:
    """Return what people dial before a number: right, wrong and superfluous."""
    metadata = PhoneMetadata.metadata_for_region(region)
    access = metadata.international_prefix or "00"
    return [
        *("", "", "0", metadata.national_prefix or "0", code, f"{code}0"),
        *("00", f"00{code}", f"011{code}", (access if access.isdecimal() else "00") + code),
    ]


def _dialed(region: str) -> Iterator[str]:
    """Yield numbers like examples of a country and of others: other digits, lengths, prefixes."""
    random = Random(region)
    for _ in range(_NUMBERS):
        is_other = random.random() < _OTHERS_THAN_ITS_OWN
        of = random.choice(REGIONS) if is_other else region
        example = phonenumbers.example_number_for_type(of, random.randrange(_KINDS))
        example = example or phonenumbers.example_number(of)
        digits = phonenumbers.national_significant_number(example)
        kept = random.randrange(len(digits) + 1)
        length = max(1, len(digits) + random.choice((0, 0, 0, 0, 0, 0, -1, 1)))
        written = digits[:kept] + "".join(random.choices("0123456789", k=20))
        some = "".join(random.choices("0123456789", k=random.randrange(6)))
        before = random.choice([*_prefixes(region, str(example.country_code)), some])
        yield before + written[:length]


@pytest.mark.parametrize("region", REGIONS)
def test_certain_digits_are_those_of_the_library(region: str) -> None:
    for text in _dialed(region):
        for number_format in (region, f"{region}+international", "strict", "international"):
            if number_format == "international" and text[0] != "0":
                continue  # read as E.164
            read = read_written(text, number_format)
            assert certain_digits(text, number_format) in (read, ""), (text, number_format)
            assert digits_of(text, number_format) == read, (text, number_format)


@pytest.mark.parametrize("region", REGIONS)
def test_usual_numbers_do_not_need_the_library(region: str) -> None:
    prefix = PhoneMetadata.metadata_for_region(region).national_prefix or ""
    if region == "CO":
        prefix = ""  # Colombia no longer dials its prefix.
    code = phonenumbers.country_code_for_region(region)
    for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        digits = phonenumbers.national_significant_number(example)
        if len(digits) < 7:
            continue  # as short as a short code
        assert certain_digits(f"00{code}{digits}", "strict") == f"{code}{digits}"
        assert certain_digits(prefix + digits, region)


@pytest.mark.parametrize(
    ("text", "number_format", "digits"),
    [
        ("02079460100", "GB", "442079460100"),
        ("2079460100", "GB", "442079460100"),
        ("00442079460100", "GB", "442079460100"),
        ("12125550123", "US", "12125550123"),
        ("14165550123", "CA", "14165550123"),
        ("011442079460100", "US", "442079460100"),
        ("84951234567", "RU", "74951234567"),
        ("0612345678", "IT", "390612345678"),
        ("34910000000", "GB+international", "34910000000"),
        # The library decides these: other rules, or no number.
        ("0111523456789", "AR", ""),
        ("0004420794601", "GB", ""),
        ("00442", "GB", ""),
        ("", "strict", ""),
        ("999", "GB", ""),
        ("34910000000", "GB", ""),
        ("0044", "strict", ""),
        ("00", "US", ""),
        ("2079460100", "strict", ""),
    ],
)
def test_certain_digits(text: str, number_format: str, digits: str) -> None:
    assert certain_digits(text, number_format) == digits
