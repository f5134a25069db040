"""Decks in workbooks: read like CSV, and refused by cell where the text that was typed is gone."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import PriceBook, Rate
from tollbook.rating.books import deck_workbook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_file import open_deck
from tollbook.rating.books.deck_report import DeckReport
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms

Row = Sequence[Any]
HEADER = ("Prefix", "Rate")


def workbook(*rows: Row, title: str = "Rates", formats: dict[str, str] | None = None) -> Any:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    return book


def saved(book: Any) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def parse(content: bytes, reports: list[DeckReport] | None = None, **terms: Any) -> PriceBook:
    deck = DeckTerms(**{"meter": "voice.call", "per": "minute", **terms})
    head = BookTerms("A", "USD", "2024-02-01", "a mail")
    return parse_deck(open_deck(content, deck.sheet), deck, head, reports=reports)


def rates(*rows: Row, formats: dict[str, str] | None = None, **terms: Any) -> list[Rate]:
    (deck,) = parse(saved(workbook(*rows, formats=formats)), **terms).decks
    return [deck.rate(row) for row in range(len(deck.prefixes))]


def refusal(content: bytes, **terms: Any) -> list[str]:
    with pytest.raises(PriceBookRefused) as refused:
        parse(content, **terms)
    return [it.error for it in refused.value.details] or [refused.value.sentence]


def refused_cell(value: Any, header: str = "Prefix", number_format: str = "General") -> str:
    rows = (("Rate", header), (1, value)) if header != "Rate" else (HEADER, (44, value))
    if header not in ("Prefix", "Rate"):
        rows = (("Prefix", "Rate", header), (44, 1, value))
    column = "ABC"[len(rows[0]) - 1]
    book = workbook(*rows, formats={f"{column}2": number_format})
    (found,) = refusal(saved(book))
    return found


def test_a_sheet_is_read_like_a_file_with_its_titles_and_notes() -> None:
    reports: list[DeckReport] = []
    book = workbook(
        ("A carrier",),
        (),
        ("Destination", "Prefix", "Rate", "Start", "Increment", "Status"),
        ("UK", 44, 0.1 + 0.2, date(2024, 3, 1), "60/6", True),
        ("UK mobile", "4477, 4478", "0.09", date(2024, 3, 2), 60, "Active"),
        ("All prices exclude VAT",),
    )
    book.active.row_dimensions[5].hidden = True
    (deck,) = parse(saved(book), reports, only=(("Status", ("true", "active")),)).decks
    found = [deck.rate(row) for row in range(3)]
    assert [(it.to, it.pricing.price, it.valid_from, it.destination) for it in found] == [
        ("44", "0.3", 20240301, "UK"),
        ("4477", "0.09", 20240302, "UK mobile"),
        ("4478", "0.09", 20240302, "UK mobile"),
    ]
    assert (reports[0].hidden, sum(reports[0].skipped.values())) == (1, 2)


def test_zeros_that_are_shown_are_read() -> None:
    found = rates(("CC", "Area code", "Rate"), (39, 6, 1), formats={"B2": "00"})
    assert [it.to for it in found] == ["3906"]


@pytest.mark.parametrize(
    "number_format", ["$#,##0.00", '"$"#,##0.00', "[$$-409]#,##0.00", "0.00 [$USD]", "0.00"]
)
def test_a_number_format_of_the_own_currency_is_a_price(number_format: str) -> None:
    (rate,) = rates(HEADER, (44, 0.015), formats={"B2": number_format})
    assert rate.pricing.price == "0.015"


def test_a_number_has_a_decimal_point_whatever_the_texts_have() -> None:
    found = rates(HEADER, (44, 0.015), (45, "0,02"), decimal_comma=True)
    assert [it.pricing.price for it in found] == ["0.015", "0.02"]


@pytest.mark.parametrize(
    ("value", "header", "number_format", "error"),
    [
        (44744475, "Prefix", "#,##0", "Rates!B2: Prefix is the number 44744475 with thousands"),
        (44.5, "Prefix", "General", "Rates!B2: Prefix is 44.5, which is no whole number"),
        (10**15, "Prefix", "0", "Rates!B2: Prefix has more than 15 digits, and the last ones"),
        (date(2024, 1, 1), "Prefix", "d/m", "Rates!B2: Prefix is the date 2024-01-01"),
        ("#N/A", "Rate", "General", "Rates!B2: Rate is the error #N/A"),
        (True, "Rate", "General", "Rates!B2: Rate is the truth value TRUE"),
        ("=A2*2", "Rate", "General", "Rates!B2: Rate is a formula without a stored value"),
        (0.01, "Rate", "[$\u20ac-407] 0.00", "Rates!B2: Rate is in EUR, the price book in USD"),
        (0.01, "Rate", "0.00%", "Rates!B2: Rate must be a number from 0"),
        (date(2024, 1, 1), "Increment", "d/m", "Rates!C2: Increment is the date 2024-01-01"),
        (12, "Start", "General", "Rates!C2: Start is 12, which is no day of this century"),
        ("soon", "Start", "General", "Rates!C2: Start must be a date such as 2024-01-31"),
    ],
)
def test_a_cell_whose_text_is_gone_is_refused_by_name(
    value: Any, header: str, number_format: str, error: str
) -> None:
    assert refused_cell(value, header, number_format).startswith(error)


def test_an_area_code_may_have_lost_its_zero_where_numbers_keep_it() -> None:
    book = workbook(("CC", "Area code", "Rate"), (44, 20, 1), (39, 6, 1), (39, "02", 1))
    assert refusal(saved(book)) == [
        "Rates!B3: Area code is the number 6, and may have been 06: numbers of +39 keep their "
        "first 0, so format the column as text"
    ]


@pytest.mark.parametrize("mac", [False, True])
def test_a_number_of_days_is_counted_from_the_epoch_of_the_workbook(mac: bool) -> None:
    book = workbook(("Prefix", "Rate", "Start"), (44, 1, 45323))
    if mac:
        book.epoch = CALENDAR_MAC_1904
    (deck,) = parse(saved(book)).decks
    assert deck.rate(0).valid_from == (20280202 if mac else 20240201)


def test_one_visible_sheet_is_read_or_the_one_that_is_named() -> None:
    book = workbook(HEADER, (44, 1))
    book.create_sheet("Notes").append(("x",))
    book.create_sheet("Old").sheet_state = "hidden"
    content = saved(book)
    assert refusal(content) == [
        "the workbook has the visible sheets Rates, Notes: set sheet to one of them"
    ]
    assert parse(content, sheet="Rates").decks[0].prefixes == ["44"]
    assert refusal(content, sheet="Old") == [
        "the workbook has the visible sheets Rates, Notes: there is no visible sheet 'Old'"
    ]


def test_rows_are_skipped_before_their_cells_are_read() -> None:
    found = rates(HEADER, (44, 1), (45, "#N/A"), skip=(("Rate", ("#n/a",)),))
    assert [it.to for it in found] == ["44"]


def zipped(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04", "the workbook is damaged: "),
        (zipped(content_xml=b"x"), "the deck is no .xlsx workbook: save it as .xlsx or CSV"),
        (zipped(xl__workbook_xml=b"x"), "the workbook is damaged: "),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "the deck is an .xls file: save it as .xlsx or CSV"),
    ],
)
def test_other_files_are_refused(content: bytes, sentence: str) -> None:
    assert refusal(content)[0].startswith(sentence)


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deck_workbook, "MOST_UNPACKED", 1_000)
    assert refusal(saved(workbook(HEADER, (44, 1)))) == [
        "the workbook has more than 0 MiB when it is unpacked"
    ]
