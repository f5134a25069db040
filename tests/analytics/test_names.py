"""Names sort by one collation, and a search finds them in either Unicode form."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.names import collation_key, searched

IN_ORDER = [
    "",
    "_anna",
    "'anna",
    "2",
    "007",
    "10",
    "anna",
    "Anna",
    "Anna Zed",
    "Annabel",
    "Ärger",
    "Ästhet",
    "Eloise",
    "Éloïse",
    "Emil",
    "ol",
    "Öl",
    "ola",
    "straße",
    "strassen",
    "User 2",
    "User 10",
    "Zoe",
    "Zoë",
    "Zoë B",
    "Ωμέγα",
    "Яна",
    "王",
]


def test_accents_are_beside_their_letter() -> None:
    backwards = IN_ORDER[::-1]
    assert sorted(backwards, key=collation_key()) == IN_ORDER


@examples(200)
@given(name=st.text(st.characters(codec="utf-8", exclude_categories=("Cn", "Co")), max_size=20))
def test_both_forms_of_a_name_are_one_name(name: str) -> None:
    composed, decomposed = normalize("NFC", name), normalize("NFD", name)
    assert collation_key()(composed) == collation_key()(decomposed)
    assert searched(composed) == searched(decomposed) == searched(name)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("öl", "Öl & Gas"),
        ("o\u0308l", "Öl & Gas"),
        ("ÖL", "O\u0308L"),
        ("strasse", "Hauptstraße"),
        ("STRASSE", "HAUPTSTRAẞE"),
        ("ΣΊΣΥΦΟΣ", "Σίσυφος"),
        ("anna", "ANNA"),
    ],
)
def test_a_part_is_found_in_either_form_and_case(part: str, name: str) -> None:
    assert searched(part) in searched(name)


@pytest.mark.parametrize(("part", "name"), [("ol", "Öl"), ("ö", "o"), ("i", "\u0131")])
def test_an_accent_makes_another_letter(part: str, name: str) -> None:
    assert searched(part) not in searched(name)
