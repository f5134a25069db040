"""The cells of tables for people: grouped, in the currency of their row, with headings in words."""

import csv
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.cli.amounts import amount_writer
from tollbook.cli.report.cells import (
    print_answer,
    print_csv,
    print_long,
    print_ndjson,
    print_wide,
    text_of,
)
from tollbook.domain.meters import BY_TYPE

TEXT, COUNT, AMOUNT = ColumnKind.TEXT, ColumnKind.COUNT, ColumnKind.AMOUNT
NANOS = 1_000_000_000


def options(**given: Any) -> SimpleNamespace:
    usual = {"json": False, "csv": False, "exact": False, "escape_formulas": True}
    return SimpleNamespace(**{**usual, **given})


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (COUNT, 0, "0"),
        (COUNT, 1_234_567, "1,234,567"),
        (COUNT, None, ""),
        (AMOUNT, 1_500_000_000, "1.50"),
        (AMOUNT, 1_234_567_000_000_000, "1234567.00"),
        (AMOUNT, -5_000_000, "-<0.01"),
        (AMOUNT, 5, "<0.01"),
        (AMOUNT, 0, "0.00"),
        (ColumnKind.QUANTITY, 1_234_567_500_000, "1,234,567.5"),
        (ColumnKind.QUANTITY, 2_000_000, "2"),
        (ColumnKind.QUANTITY, 1, "0.000001"),
        (ColumnKind.MINUTES, 90_000_000, "1.5"),
        (ColumnKind.MINUTES, 60_000_000_000, "1,000.0"),
        (ColumnKind.MINUTES, 0, "0.0"),
        (TEXT, "Büro", "Büro"),
        (TEXT, "", ""),
        (TEXT, None, ""),
        (ColumnKind.DAY, 20240131, "2024-01-31"),
        (ColumnKind.METER, BY_TYPE["voice.call"].code, "voice.call"),
        (ColumnKind.UNIT, BY_TYPE["voice.call"].code, "second"),
    ],
)
def test_a_value_is_shown_by_its_kind(kind: ColumnKind, value: Any, text: str) -> None:
    assert text_of(kind, value, amount_writer(options(), "USD")) == text


TABLE = Table(
    columns=(
        Column("user_id", TEXT),
        Column("total_sms_sent", COUNT),
        Column("total_cost", AMOUNT),
    ),
    rows=[("ann", 1_200, 1_500_000_000), ("=bob", 0, 5)],
)


def lines(text: str) -> list[list[str]]:
    return [it.split() for it in text.splitlines() if it.strip()]


def test_a_wide_table_has_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_wide(options(), "Title [x]", TABLE, "USD")
    found = lines(capsys.readouterr().out)
    assert found[0] == ["Title", "[x]"]
    assert ["ann", "1,200", "1.50"] in found
    assert ["=bob", "0", "<0.01"] in found
    words = {word for line in found for word in line}
    assert {"User", "ID", "SMS", "Sent", "Cost"} <= words


def test_totals_stand_below_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    table = TABLE._replace(totals=("", 1_200, 1_500_000_005))
    print_wide(options(exact=True), "Title", table, "USD")
    found = lines(capsys.readouterr().out)
    assert found[-1] == ["1,200", "1.500000005"]
    assert ["=bob", "0", "0.000000005"] in found


def test_amounts_are_in_the_currency_of_their_row(capsys: pytest.CaptureFixture[str]) -> None:
    columns = (Column("currency", TEXT), Column("total_cost", AMOUNT))
    rows = [(it, 1_234_500_000) for it in ("USD", "JPY", "KWD", "XAU")]
    print_wide(options(), "Title", Table(columns, rows), "USD")
    found = lines(capsys.readouterr().out)
    for row in (["USD", "1.23"], ["JPY", "1"], ["KWD", "1.234"], ["XAU", "1.2345"]):
        assert row in found


def test_a_long_table_has_a_line_for_each_field(capsys: pytest.CaptureFixture[str]) -> None:
    table = TABLE._replace(rows=[("ann", 7, NANOS)], marks=(Column("kb_id", TEXT),))
    print_long("Title", table._replace(rows=[("ann", 7, NANOS, "k")]))
    found = lines(capsys.readouterr().out)
    assert found == [["Title"], ["User", "ID", "ann"], ["SMS", "Sent", "7"], *found[3:]]
    assert [it[0] for it in found[3:]] == ["Cost", "KB"]
    assert found[3][1].startswith("1.0")
    assert found[4] == ["KB", "ID", "k"]


@pytest.mark.parametrize(("escapes", "text"), [(True, "'=bob"), (False, "=bob")])
def test_csv_has_the_headings_of_the_api_and_harmless_texts(
    capsys: pytest.CaptureFixture[str], escapes: bool, text: str
) -> None:
    print_csv(options(escape_formulas=escapes), TABLE)
    out = capsys.readouterr().out
    assert "\r" not in out
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["user_id", "total_sms_sent", "total_cost"]
    assert [it[0] for it in rows] == ["ann", text]
    assert [float(it[2]) for it in rows] == [1.5, 5e-9]


def test_ndjson_has_an_object_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_ndjson(TABLE)
    found = [json.loads(it) for it in capsys.readouterr().out.splitlines()]
    assert [it["user_id"] for it in found] == ["ann", "=bob"]
    assert found[0]["total_sms_sent"] == 1_200


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ({"json": True}, "json"),
        ({"csv": True}, "csv"),
        ({}, "text"),
        ({"json": 1, "csv": 1}, "json"),
    ],
)
def test_an_answer_is_printed_in_one_form(
    capsys: pytest.CaptureFixture[str], given: Any, form: str
) -> None:
    asked: list[str] = []

    def report() -> Any:
        asked.append("json")
        return {"a": 1}

    def table() -> Table:
        asked.append("csv")
        return TABLE

    code = print_answer(
        options(**given),
        report=report,
        table=table,
        text=lambda: asked.append("text"),
        extras={"meta": {"b": 2}},
    )
    assert (code, asked) == (0, [form])
    if form == "json":
        assert json.loads(capsys.readouterr().out) == {"a": 1, "meta": {"b": 2}}
