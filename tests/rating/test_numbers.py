"""What numbers, and what stands in their place, say of themselves."""

from collections.abc import Iterator
from random import Random

import phonenumbers
import pytest

from tollbook.rating.national_prefixes import is_e164
from tollbook.rating.number_formats import digits_of, number_format_problem
from tollbook.rating.numbers import country_of, kind_of


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
        ("123", "short_code"),
        ("123456", "short_code"),
        ("1234567", "none"),
        ("12345678", "none"),
        ("client:alice", "client"),
        ("Client:+442071838750", "client"),
        ("sip:+442071838750@gw", "number"),
        ("sip:1001@pbx", "sip"),
        ("sip:192.168.100.200", "sip"),
        ("sip:442071838750@gw", "none"),
        ("sip:020@gw;user=phone", "none"),
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


@pytest.mark.parametrize(
    "written",
    [
        "+4402079460100",
        "+44 02079460100",
        "+44 (0)20 7946 0100",
        "sip:+442079460100@gw;user=phone",
        "SIP:+442079460100@gw",
        "sips:+442079460100;ext=1:secret@gw:5061",
        "sip:%2B442079460100@gw",
        "sip:+442079460100",
        "+442079460100@gw",
        "tel:+44-20-7946-0100",
        "tel:7946-0100;phone-context=+44-20",
        "whatsapp:+442079460100",
        "WhatsApp:+44 20 7946 0100",
        "messenger:+442079460100",
        "\u200e+442079460100\u200e",
        "\u202a+44 20 7946 0100\u202c",
        "+44\u200b2079460100",
        "\uff0b442079460100",
        "\ufeff00442079460100",
    ],
)
def test_a_number_has_one_form_however_it_is_written(written: str) -> None:
    assert digits_of(written) == "442079460100"


def test_a_mobile_of_argentina_is_one_number_with_15_and_with_9() -> None:
    for written in ("+54111523456789", "+54 11 15 2345 6789", "+5491123456789"):
        assert digits_of(written) == "5491123456789"


@pytest.mark.parametrize(
    ("written", "number_format", "digits"),
    [
        ("442079460100", "strict", ""),
        ("011442079460100", "strict", ""),
        ("0011442079460100", "strict", ""),
        ("00442079460100", "strict", "442079460100"),
        ("442079460100", "international", "442079460100"),
        ("44 20-7946 0100", "international", "442079460100"),
        ("442079460100", "GB+international", "442079460100"),
        ("02079460100", "GB+international", "442079460100"),
        ("0034910000000", "GB+international", "34910000000"),
        ("34910000000", "GB+international", "34910000000"),
        ("34910000000", "GB", ""),
        ("00034910000000", "GB+international", ""),
        ("1001", "GB+international", ""),
        ("011442079460100", "US+international", "442079460100"),
        ("442079460100", "US+international", "442079460100"),
        ("810442079460100", "RU+international", "442079460100"),
        ("4402079460100", "international", "442079460100"),
        ("sip:442079460100@gw", "international", "442079460100"),
        ("whatsapp:442079460100", "international", "442079460100"),
        ("02079460100", "international", ""),
        ("72345", "international", ""),
        ("4MyBrand55", "international", ""),
        ("sip:192.168.100.200", "international", ""),
        ("messenger:100012345678901", "international", ""),
        ("02079460100", "GB", "442079460100"),
        ("020 7946 0100", "GB", "442079460100"),
        ("2079460100", "GB", "442079460100"),
        ("442079460100", "GB", "442079460100"),
        ("0033123456789", "GB", "33123456789"),
        ("tel:020-7946-0100", "GB", "442079460100"),
        ("999", "GB", ""),
        ("+14155550100", "GB", "14155550100"),
        ("4155550100", "US", "14155550100"),
        ("(415) 555-0100", "US", "14155550100"),
        ("011442079460100", "US", "442079460100"),
        ("00442079460100", "US", "442079460100"),
        ("442079460100", "US", ""),
        ("0011442079460100", "AU", "442079460100"),
        ("4002", "NU", "6834002"),
    ],
)
def test_digits_without_plus_are_read_as_the_format_says(
    written: str, number_format: str, digits: str
) -> None:
    assert digits_of(written, number_format) == digits
    assert (kind_of(written, number_format) == "number") == bool(digits)


@pytest.mark.parametrize(
    "written", ["+442079460100,+14155550100", "+442079460100;+14155550100", "+1 415 555 0100 Bob"]
)
def test_what_is_more_than_a_number_is_none(written: str) -> None:
    assert digits_of(written) == ""


@pytest.mark.parametrize(
    "number_format", ["strict", "international", "GB", "XK", "GB+international"]
)
def test_formats_are_two_words_and_countries(number_format: str) -> None:
    assert number_format_problem(number_format) is None


@pytest.mark.parametrize(
    "number_format",
    ["", "gb", "ZZ", "001", "Strict", "E164", "+international", "strict+international"],
)
def test_anything_else_is_no_format(number_format: str) -> None:
    problem = number_format_problem(number_format)
    assert problem is not None
    assert problem.field == "number_format"


def read_by_the_library(number: str) -> str:
    """Read a number until no national prefix is left in it."""
    try:
        whole = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    written = phonenumbers.format_number(whole, phonenumbers.PhoneNumberFormat.E164)
    if not is_e164(written):
        return ""
    return written[1:] if written == number else read_by_the_library(written)


@pytest.mark.parametrize("code", sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
def test_numbers_that_need_no_reading_are_what_the_library_makes_of_them(code: int) -> None:
    random = Random(code)
    for _ in range(60):
        length = random.randint(6, 14 - len(str(code)))
        number = f"+{code}{''.join(random.choices('0123456789', k=length))}"
        if not is_e164(number):
            continue
        assert digits_of(number) == read_by_the_library(number), number


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_country_is_what_the_library_says(region: str) -> None:
    example = phonenumbers.example_number(region)
    digits = f"{example.country_code}{phonenumbers.national_significant_number(example)}"
    assert country_of(digits) == phonenumbers.region_code_for_number(example)


@pytest.mark.parametrize(
    ("digits", "country"),
    [
        ("14155550100", "US"),
        ("18005550100", "US"),
        ("19005550100", "US"),
        ("16135550100", "CA"),
        ("77012345678", "KZ"),
        ("9991234567", None),
    ],
)
def test_a_shared_calling_code_has_several_countries(digits: str, country: str | None) -> None:
    assert country_of(digits) == country


def test_no_digits_have_no_country() -> None:
    assert country_of("") is None


def _numbers(code: str, regions: tuple[str, ...]) -> Iterator[str]:
    """Return numbers of each region that shares a calling code, their ends at random."""
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
