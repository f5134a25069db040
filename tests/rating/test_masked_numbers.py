"""Numbers whose last digits are hidden, and texts in place of numbers."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.rating.national_prefixes import NATIONAL_PREFIXES, is_e164, is_final
from tollbook.rating.number_formats import cleaned, digits_of, is_sip_address
from tollbook.rating.numbers import ERASED, count_storable_digits, country_of, stored_digits_of

HASH = "0123456789abcdef"


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (f"+44207183****#{HASH}", "44207183"),
        (f"  +44207183****#{HASH} ", "44207183"),
        (f"+1*#{HASH}", "1"),
        (ERASED, ""),
        ("+442071838750", None),
        (f"+44207183#{HASH}", None),
        (f"+44207183****#{HASH[:-1]}", None),
        (f"+44207183****#{HASH.upper()}", None),
        (f"+04207183****#{HASH}", None),
        (f"44207183****#{HASH}", None),
        (f"+{'1' * 16}*#{HASH}", None),
        ("", None),
        (None, None),
        (44, None),
    ],
)
def test_the_digits_that_are_left_of_a_masked_number(value: object, digits: str | None) -> None:
    assert stored_digits_of(value) == digits


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (f"+44207183****#{HASH}", "442071830000"),
        (f"+1415555****#{HASH}", "14155550000"),
        (f"x+44207183****#{HASH}", ""),
    ],
)
def test_a_masked_number_is_priced_by_the_digits_that_are_left(value: str, digits: str) -> None:
    assert digits_of(value) == digits


REGIONS = ("GB", "US", "CA", "DE", "JE", "KZ", "RU", "JM", "IT", "VA", "NF", "SJ", "SG")


@pytest.mark.parametrize("region", REGIONS)
def test_masking_keeps_the_country_and_hides_four_digits_if_it_can(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    example = example or phonenumbers.example_number(region)
    digits = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:]
    kept = count_storable_digits(digits)
    assert len(digits) - 4 <= kept < len(digits)
    assert country_of(digits[:kept].ljust(len(digits), "0")) == country_of(digits)
    for fewer in range(len(digits) - 4, kept):
        assert country_of(digits[:fewer].ljust(len(digits), "0")) != country_of(digits)


@pytest.mark.parametrize(
    ("number", "final"),
    [
        ("+442071838750", True),
        ("+4402071838750", False),
        ("+14155550100", True),
        ("+390612345678", True),
        ("442071838750", False),
        ("+44 2071838750", False),
        ("+442071838750\n", False),
        ("+0123456789", False),
        ("+123456", False),
        ("+1234567", True),
        ("+123456789012345", True),
        ("+1234567890123456", False),
        ("", False),
    ],
)
def test_a_number_is_final_if_nothing_is_left_to_read(number: str, final: bool) -> None:
    assert is_final(number) is final


@examples(200)
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_a_final_number_is_its_digits(number: str) -> None:
    if is_final(number):
        assert digits_of(number) == number[1:]
    read = digits_of(number)
    assert not read or digits_of(f"+{read}") == read


def test_the_table_of_national_prefixes_is_by_four_digits() -> None:
    assert {len(it) for it in NATIONAL_PREFIXES} == {4}
    assert all(it.isdecimal() and it[0] != "0" for it in NATIONAL_PREFIXES)
    matches = NATIONAL_PREFIXES["4402"]
    assert matches("+4402071838750")
    assert not matches("+442071838750")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  +44 20 ", "+44 20"),
        ("\u202a+4420\u202c", "+4420"),
        ("\uff0b\uff14\uff14", "+44"),
        ("٠٠٤٤", "0044"),
        ("\u200b44\u200b", "44"),
        ("TOLLBOOK", "TOLLBOOK"),
        ("Zoë", "Zoë"),
        ("", ""),
        ("\u00a044\u00a0", "44"),
    ],
)
def test_a_text_is_read_without_what_cannot_be_seen(text: str, expected: str) -> None:
    assert cleaned(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:alice@example.com", True),
        ("SIPS:alice@example.com", True),
        ("alice@example.com", True),
        ("sip:1001@pbx", True),
        ("sip:192.168.1.1", True),
        ("sip:example.com", True),
        ("sip:+442071838750", False),
        ("sip:+442071838750@gw", False),
        ("sip:442071838750@gw", False),
        ("sip:100@gw;user=phone", False),
        ("sip:100@gw;USER=Phone", False),
        ("tel:+442071838750", False),
        ("442071838750", False),
        ("", False),
    ],
)
def test_a_sip_address_names_anything_but_a_number(text: str, expected: bool) -> None:
    assert is_sip_address(text) is expected


def test_only_e164_is_e164() -> None:
    assert is_e164("+1234567")
    assert not is_e164("+123456")
    assert not is_e164("+1234567890123456")
    assert not is_e164("+1234567\n")
