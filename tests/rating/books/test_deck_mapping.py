"""Saved terms of decks: mapping files, named formats, and layers of terms over each other."""

from typing import Any

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_file import decode_deck, open_deck
from tollbook.rating.books.deck_mapping import (
    format_names,
    join_layers,
    parse_mapping,
    read_format,
)
from tollbook.rating.books.deck_terms import DeckTerms


def refused(text: str) -> list[tuple[str, str]]:
    with pytest.raises(PriceBookRefused) as error:
        parse_mapping(text, "ours.yaml")
    return [(it.field, it.code) for it in error.value.details]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("meter: voice.call\nper: minute", {"meter": "voice.call", "per": "minute"}),
        ("dates: dmy", {"dates": "dmy"}),
        ("decimal_comma: true", {"decimal_comma": True}),
        ("inbound: false", {"inbound": False}),
        ("ignore: [A, b c]", {"ignore": ("A", "b c")}),
        ("access_codes: 00", {"access_codes": ("00",)}),
        ("access_codes: [00, 011]", {"access_codes": ("00", "011")}),
        ("zero: Fee", {"zero": ("Fee",)}),
        ("columns: {prefix: Vorwahl}", {"columns": (("prefix", "Vorwahl"),)}),
        (
            "columns: {price: [Preis, Tarif], prefix: Code}",
            {"columns": (("prefix", "Code"), ("price", "Preis"), ("price", "Tarif"))},
        ),
        ("skip: {Status: Inactive}", {"skip": (("Status", ("Inactive",)),)}),
        ('only: {Type: [Fixed, ""]}', {"only": (("Type", ("Fixed", "")),)}),
        ("hours: {Peak: mon-fri 08-20}", {"hours": (("Peak", "mon-fri 08-20"),)}),
        (
            "prices: {Intra: {from.country: DE}}",
            {"prices": (("Intra", (("from.country", "DE"),)),)},
        ),
        ("tollbook_mapping: 1\nper: minute", {"per": "minute"}),
    ],
)
def test_a_mapping_has_some_of_the_terms(text: str, terms: dict[str, Any]) -> None:
    found = parse_mapping(text, "ours.yaml")
    ordered = {
        **found,
        **({"columns": tuple(sorted(found["columns"]))} if "columns" in found else {}),
    }
    assert ordered == terms


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("nope: 1", [("nope", "unknown_field")]),
        ("5", [("", "not_a_mapping")]),
        ("columns: 5", [("columns", "not_a_mapping")]),
        ("ignore: a", [("ignore", "not_a_list")]),
        ("ignore: []", [("ignore", "not_a_list")]),
        ("per: [a]", [("per", "not_a_text")]),
        ("skip: {Status: {a: b}}", [("skip", "not_a_text")]),
        ("skip: {Status: [[a]]}", [("skip", "not_a_text")]),
        ("tollbook_mapping: 2", [("tollbook_mapping", "unknown_version")]),
        ("per: a\nper: b", [("per", "repeated_field")]),
        ("prices: 5", [("prices", "not_a_mapping")]),
        ("prices: {A: 5}", [("prices.A", "not_a_mapping")]),
    ],
)
def test_a_mapping_with_an_error_is_refused(text: str, problems: list[tuple[str, str]]) -> None:
    assert refused(text) == problems


def test_every_error_of_a_mapping_is_listed() -> None:
    assert refused("a: 1\nper: minute\nb: 2") == [("a", "unknown_field"), ("b", "unknown_field")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "ours.yaml is empty"),
        ("# nothing", "ours.yaml is empty"),
        ("a: [", "ours.yaml is not YAML"),
        ("a: b: c", "ours.yaml is not YAML"),
        ("[" * 500, "ours.yaml is not YAML"),
        ("a: \x00", "ours.yaml is not YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(PriceBookRefused, match=sentence):
        parse_mapping(text, "ours.yaml")


@pytest.mark.parametrize("name", format_names())
def test_a_named_format_is_read_and_its_columns_may_all_be_absent(name: str) -> None:
    layer = read_format(name)
    headers = {" ".join(header.lower().split()) for _, header in layer.get("columns", ())}
    assert headers <= layer["optional"]
    for term in ("skip", "only", "hours", "prices"):
        assert {" ".join(it.lower().split()) for it, _ in layer.get(term, ())} <= layer["optional"]
    assert join_layers([layer]).optional == layer["optional"]


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PriceBookRefused, match="there is no format 'x'") as error:
        read_format("x")
    assert all(name in str(error.value) for name in format_names())


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], {}),
        ([{"per": "minute"}, {"per": "second"}], {"per": "second"}),
        ([{"inbound": True}, {"inbound": False}], {"inbound": False}),
        ([{"inbound": True}, {}], {"inbound": True}),
        # Lists are joined, each text once.
        ([{"ignore": ("a", "b")}, {"ignore": ("b", "c")}], {"ignore": ("a", "b", "c")}),
        # A column is replaced by its field and by its header.
        (
            [
                {"columns": (("prefix", "Code"), ("price", "Rate"))},
                {"columns": (("price", "Preis"),)},
            ],
            {"columns": (("prefix", "Code"), ("price", "Preis"))},
        ),
        (
            [
                {"columns": (("prefix", "Code"), ("price", "Rate"))},
                {"columns": (("buy", " RATE "),)},
            ],
            {"columns": (("prefix", "Code"), ("buy", " RATE "))},
        ),
        # Values of a header are replaced, those of others stay.
        (
            [
                {"skip": (("Status", ("a",)), ("Type", ("b",)))},
                {"skip": (("Status", ("c",)),)},
            ],
            {"skip": (("Status", ("c",)), ("Type", ("b",)))},
        ),
        (
            [{"hours": (("Peak", "a"),)}, {"hours": (("Off", "b"),)}],
            {"hours": (("Peak", "a"), ("Off", "b"))},
        ),
        (
            [{"optional": frozenset({"a"})}, {"optional": frozenset({"b"})}],
            {"optional": frozenset({"a", "b"})},
        ),
        ([{"dates": "dmy"}, {"dates": ""}], {"dates": ""}),
    ],
)
def test_each_layer_is_over_the_ones_before_it(
    layers: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    assert join_layers(layers) == DeckTerms(**{"meter": "", "per": "", **expected})


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Ländervorwahl".encode(), "Ländervorwahl"),
        ("Ländervorwahl".encode("utf-8-sig"), "Ländervorwahl"),
        ("Ländervorwahl €".encode("cp1252"), "Ländervorwahl €"),
        ("Ländervorwahl".encode("utf-16"), "Ländervorwahl"),
        (b"\xff\xfe" + "é".encode("utf-16-le"), "é"),
        (b"\xfe\xff" + "é".encode("utf-16-be"), "é"),
        (b"\xff\xfea", "\ufffd"),
        (b"", ""),
    ],
)
def test_a_deck_is_read_in_its_encoding(content: bytes, text: str) -> None:
    assert decode_deck(content) == text


def test_an_old_workbook_is_refused_with_the_way_out() -> None:
    with pytest.raises(PriceBookRefused, match=r"is an \.xls file: save it as \.xlsx or CSV"):
        open_deck(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
