"""The terms of a deck: options over a mapping file, and that over a format."""

from pathlib import Path

import pytest

from tollbook.cli import prices
from tollbook.cli.command import Options
from tollbook.cli.deck_options import option_name, read_deck_terms
from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_terms import DeckTerms

CALLS = ("--meter", "voice.call", "--per", "minute")
HEAD = ("--currency", "USD", "--effective-from", "2024-02-01")


def options(*arguments: str) -> Options:
    load = prices.verb.commands["load"]
    return Options(**load.make_context("load", ["deck.csv", *arguments]).params)


def terms(*arguments: str) -> DeckTerms:
    return read_deck_terms(options(*arguments, *HEAD))


def refusal(*arguments: str) -> str:
    with pytest.raises(PriceBookRefused) as refused:
        read_deck_terms(options(*arguments))
    return refused.value.sentence


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        (("--column", "price=Rate USD", "--column", "prefix=C"), "columns", 2),
        (("--ignore", "Old", "--ignore", "Note"), "ignore", ("Old", "Note")),
        (("--when", "route=direct"), "when", (("route", "direct"),)),
        (("--hours", "Peak=mon-fri 08:00-20:00"), "hours", (("Peak", "mon-fri 08:00-20:00"),)),
        (("--skip", "Type=a,b"), "skip", (("Type", ("a", "b")),)),
        (("--only", "Type=c"), "only", (("Type", ("c",)),)),
        (("--access-code", "00", "--access-code", "011"), "access_codes", ("00", "011")),
        (("--header", "prefix,price"), "header", "prefix,price"),
        (("--header-line", "3"), "header_line", "3"),
        (("--sheet", "Rates"), "sheet", "Rates"),
        (("--inbound",), "inbound", True),
        (("--decimal-comma",), "decimal_comma", True),
        (("--dates", "mdy"), "dates", "mdy"),
        (("--increments", "60/6"), "increments", "60/6"),
        (("--minimum", "30"), "minimum", "30"),
        (("--grace", "5"), "grace", "5"),
        (("--included", "9"), "included", "9"),
        (("--connect-fee", "0.1"), "connect_fee", "0.1"),
    ],
)
def test_each_option_is_a_term(given: tuple[str, ...], field: str, value: object) -> None:
    plain, found = terms(*CALLS), terms(*CALLS, *given)
    changed = [it for it in DeckTerms.__struct_fields__ if getattr(plain, it) != getattr(found, it)]
    assert changed == [field]
    term = getattr(found, field)
    assert len(term) == value if field == "columns" else term == value


def test_what_a_deck_needs_is_listed_at_once() -> None:
    assert refusal() == "a deck needs --meter, --per, --currency, --effective-from"
    assert refusal(*CALLS) == "a deck needs --currency, --effective-from"
    assert refusal("--per", "minute", *HEAD) == "a deck needs --meter"


def test_an_option_is_written_with_dashes() -> None:
    assert option_name("effective_from") == "--effective-from"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "carrier.yaml"
    path.write_text("meter: voice.call\nper: minute\nincrements: 60/60\nignore: [Old]\n")
    return path


def test_a_mapping_file_has_terms_that_options_replace_or_add_to(mapping: Path) -> None:
    saved = terms("--columns-from", str(mapping))
    assert (saved.meter, saved.per, saved.increments) == ("voice.call", "minute", "60/60")
    assert saved.ignore == ("Old",)
    more = ("--increments", "1/1", "--per", "second", "--ignore", "Note", "--ignore", "Old")
    over = terms("--columns-from", str(mapping), *more)
    assert (over.meter, over.per, over.increments) == ("voice.call", "second", "1/1")
    assert over.ignore == ("Old", "Note")


def test_a_byte_order_mark_is_no_part_of_a_mapping(mapping: Path) -> None:
    plain = terms("--columns-from", str(mapping))
    mapping.write_bytes(b"\xef\xbb\xbf" + mapping.read_bytes())
    assert terms("--columns-from", str(mapping)) == plain


def test_a_mapping_file_that_cannot_be_read_is_named(tmp_path: Path, mapping: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert refusal("--columns-from", str(missing)) == f"there is no file {missing}"
    assert refusal("--columns-from", str(tmp_path)).startswith(f"cannot read {tmp_path}: ")
    mapping.write_bytes(b"\xff\xfe")
    assert refusal("--columns-from", str(mapping)).startswith(f"cannot read {mapping}: ")
