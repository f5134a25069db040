"""What numbers, and what stands in their place, say of themselves."""

from collections.abc import Iterator
from random import Random

import phonenumbers
import pytest

from tollbook.rating.numbers import country_of, digits_of, kind_of


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("+442071838750", "442071838750"),
        ("+44 20 7183 8750", "442071838750"),
        ("+44 (0)20-7183-8750", "442071838750"),
        ("0044 2071838750", "442071838750"),
        ("tel:+44-20-7183-8750", "442071838750"),
        ("  +442071838750 ", "442071838750"),
        ("+1 415 555 0100", "14155550100"),
        ("+999", ""),
        ("+0123456789", ""),
        ("+1234567890123456", ""),
        ("4155550100", ""),
        ("442071838750", ""),
        ("12345", ""),
        ("TOLLBOOK", ""),
        ("+٤٤٢٠٧١٨٣٨٧٥٠", "442071838750"),
        ("tel:", ""),
        ("00" + "1" * 100, ""),
        ("", ""),
        (442071838750, ""),
        (None, ""),
    ],
)
def test_only_what_is_written_internationally_is_a_number(written: object, digits: str) -> None:
    assert digits_of(written) == digits


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("+442071838750", "number"),
        ("0044 20 7183 8750", "number"),
        ("12345", "short_code"),
        ("12", "none"),
        ("123456789", "none"),
        ("TOLLBOOK", "alphanumeric"),
        ("Bank 24", "alphanumeric"),
        ("ANAMETHATISLONG", "none"),
        ("sip:alice@example.com", "sip"),
        ("sips:alice@example.com", "sip"),
        ("alice@example.com", "sip"),
        ("", "none"),
        (None, "none"),
        (12345, "none"),
    ],
)
def test_what_is_no_number_has_a_kind(value: object, kind: str) -> None:
    assert kind_of(value) == kind


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_country_is_what_the_library_says(region: str) -> None:
    example = phonenumbers.example_number(region)
    digits = f"{example.country_code}{phonenumbers.national_significant_number(example)}"
    assert country_of(digits) == phonenumbers.region_code_for_number(example)


@pytest.mark.parametrize(
    ("digits", "country"),
    [("14155550100", "US"), ("16135550100", "CA"), ("77012345678", "KZ"), ("9991234567", None)],
)
def test_a_shared_calling_code_has_several_countries(digits: str, country: str | None) -> None:
    assert country_of(digits) == country


def test_no_digits_have_no_country() -> None:
    assert country_of("") is None


def _numbers(code: str, regions: tuple[str, ...]) -> Iterator[str]:
    """Give numbers of each region that shares a calling code, their ends at random."""
    random = Random(code)
    for region in regions:
        for kind in range(8):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            digits = f"{code}{phonenumbers.national_significant_number(example)}"
            for _ in range(40):
                kept = random.randrange(4, len(digits))
                yield digits[:kept] + "".join(random.choices("0123456789", k=len(digits) - kept))


@pytest.mark.parametrize(
    ("code", "regions"),
    [
        (str(code), regions)
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
        if len(regions) > 1
    ],
)
def test_countries_that_share_a_code_are_told_by_the_first_digits(
    code: str, regions: tuple[str, ...]
) -> None:
    for digits in _numbers(code, regions):
        whole = phonenumbers.parse(f"+{digits}", None)
        assert country_of(digits) == phonenumbers.region_code_for_number(whole), digits
