"""Countries as they are asked for, and as they are stored."""

import re

import pytest

from tollbook.domain.numbers import COUNTRY_FORM, COUNTRY_PATTERN, parsed_country


@pytest.mark.parametrize(
    ("text", "stored"), [("GB", "GB"), ("US", "US"), ("ZZ", "ZZ"), ("001", "001"), ("none", "")]
)
def test_a_country_is_stored_as_its_code_and_none_as_nothing(text: str, stored: str) -> None:
    assert parsed_country(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gb",
        "Gb",
        "G",
        "GBR",
        "00",
        "002",
        "0001",
        "None",
        "NONE",
        "none ",
        " GB",
        "GB\nUS",
        "ÄÖ",
    ],
)
def test_other_texts_are_no_country(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{text} is not {COUNTRY_FORM}")):
        parsed_country(text)


def test_the_pattern_matches_what_is_parsed_in_any_regular_expression() -> None:
    for text in ("GB", "001", "none"):
        assert re.search(COUNTRY_PATTERN, text)
    for text in ("GB1", "xGB", "1001", "none1"):
        assert not re.search(COUNTRY_PATTERN, text)
