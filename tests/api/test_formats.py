"""Tables as CSV, NDJSON and Parquet: every kind of column, exact, and safe to open."""

import csv
import io
import json
import re
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.tables import Column, ColumnKind, Table, text_columns
from tollbook.api.formats.choice import Format, attachment, preferred_format
from tollbook.api.formats.csv import csv_bytes
from tollbook.api.formats.ndjson import ndjson_bytes
from tollbook.api.formats.parquet import parquet_bytes, require_pyarrow
from tollbook.domain.errors import FormatNotInstalled

COLUMNS = tuple(Column(kind.value, kind) for kind in ColumnKind)
ROW = (
    "a",
    3,
    -1_500_000_001,
    500_000,
    90_000_000,
    0.25,
    20240229,
    1_705_314_600_000_001,
    5,
    5,
    "",
    True,
)
TEXTS = {
    "text": "a",
    "count": "3",
    "amount": "-1.500000001",
    "quantity": "0.5",
    "minutes": "1.5",
    "share": "0.25",
    "day": "2024-02-29",
    "instant": "2024-01-15T10:30:00.000001Z",
    "meter": "voice.call",
    "unit": "second",
    "object": "",
    "flag": "true",
}
NOTHING = (None,) * len(ColumnKind)


def whole(rows: list[Any], totals: Any = None) -> Table:
    return Table(COLUMNS, rows, totals)


def read_csv(written: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written.decode(), newline=""), strict=True))


def test_a_csv_without_rows_has_the_names_of_the_columns() -> None:
    written = b"".join(csv_bytes(whole([])))
    assert written == (",".join(ColumnKind) + "\r\n").encode()


def test_a_csv_holds_every_kind_exactly_and_nothing_as_an_empty_cell() -> None:
    written = b"".join(csv_bytes(whole([ROW, NOTHING])))
    assert written.count(b"\r\n") == 3
    assert read_csv(written)[1:] == [list(TEXTS.values()), [""] * len(ColumnKind)]


def test_totals_are_the_last_row() -> None:
    rows = read_csv(b"".join(csv_bytes(whole([ROW], ("Total", 3, *NOTHING[2:])))))
    assert [row[:3] for row in rows[1:]] == [["a", "3", "-1.500000001"], ["Total", "3", ""]]


FORMULAS = [
    *("=1+1", "+1+1", "+", "+1a", "+1 2", "-1", "@a", "\tb", "\rc", "\nd", '="x,y"'),
    *("\uff1d1+1", "\uff0b49", "\uff0d1", "\uff20a", "+\u0661"),
]
"""Those of the second line begin with full-width signs, but for the last, which has no digits."""


def texts_csv(*texts: str, **options: bool) -> bytes:
    table = Table((Column("t", ColumnKind.TEXT),), [(text,) for text in texts])
    return b"".join(csv_bytes(table, **options))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_of_a_csv_is_a_formula(text: str) -> None:
    assert read_csv(texts_csv(text, "plain"))[1:] == [["'" + text], ["plain"]]


@examples(200)
@given(st.text())
def test_any_text_is_read_as_it_was_or_escaped(text: str) -> None:
    columns = (Column("t", ColumnKind.TEXT), Column("c", ColumnKind.COUNT))
    for escape in (True, False):
        written = b"".join(csv_bytes(Table(columns, [(text, 1)]), escape_formulas=escape))
        ((found, _),) = read_csv(written)[1:]
        assert found == text or (escape and found == f"'{text}")
        starts = found.startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
        assert not (escape and starts) or re.fullmatch(r"\+[0-9]+", found)


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_can_be_left_as_they_are(text: str) -> None:
    assert read_csv(texts_csv(text, escape_formulas=False))[1:] == [[text]]


def test_the_id_of_a_phone_number_is_left_as_it_is() -> None:
    written = texts_csv("+4915112345678", "+1", "=1")
    assert written == b"t\r\n+4915112345678\r\n+1\r\n'=1\r\n"


def test_numbers_are_never_touched() -> None:
    columns = (Column("a", ColumnKind.AMOUNT), Column("c", ColumnKind.COUNT))
    table = Table(columns, [(-1_500_000_000, -3)])
    assert b"".join(csv_bytes(table)) == b"a,c\r\n-1.50,-3\r\n"


@pytest.mark.parametrize("text", ["a;b", "a\tb", "a,b", 'a"b', "a\nb", "a\rb"])
def test_what_any_spreadsheet_separates_at_is_quoted(text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    assert texts_csv(text, "plain").decode() == f"t\r\n{quoted}\r\nplain\r\n"


def test_constants_are_columns_at_the_end_of_every_row() -> None:
    table = Table(
        (Column("n", ColumnKind.COUNT),),
        [(1,), (2,)],
        totals=(3,),
        organization_level=(4,),
        constants=text_columns(id="a", currency=None),
    )
    written = [b"".join(write(table)) for write in (csv_bytes, ndjson_bytes, parquet_bytes)]
    assert read_csv(written[0]) == [["n", "id", "currency"], *([n, "a", ""] for n in "1234")]
    lines = [{"n": n, "id": "a", "currency": None} for n in range(1, 5)]
    assert list(map(json.loads, written[1].splitlines())) == lines
    assert pyarrow.parquet.read_table(io.BytesIO(written[2])).to_pylist() == lines


@pytest.mark.parametrize("text", ['say "hi"', "a,b", "two\r\nlines", "two\nlines", "ü 😀", " a "])
def test_any_text_of_a_csv_is_read_as_it_was(text: str) -> None:
    table = Table(
        (Column("t", ColumnKind.TEXT), Column("o", ColumnKind.OBJECT)), [(text, '{"a":"b,c"}')]
    )
    assert read_csv(b"".join(csv_bytes(table)))[1:] == [[text, '{"a":"b,c"}']]


def test_lines_of_json_have_the_fields_of_the_answer() -> None:
    lines = b"".join(ndjson_bytes(whole([ROW, NOTHING]))).decode().splitlines()
    assert lines[0] == (
        '{"text":"a","count":3,"amount":-1.500000001,"quantity":0.5,"minutes":1.5,"share":0.25,'
        '"day":"2024-02-29","instant":"2024-01-15T10:30:00.000001Z","meter":"voice.call",'
        '"unit":"second","object":{},"flag":true}'
    )
    assert set(json.loads(lines[1]).values()) == {None}
    assert b"".join(ndjson_bytes(whole([]))) == b""


def test_a_parquet_file_has_exact_types() -> None:
    for rows in ([], [ROW, NOTHING], [ROW] * 60_001):
        written = b"".join(parquet_bytes(whole(rows)))
        table = pyarrow.parquet.read_table(io.BytesIO(written))
        assert table.num_rows == len(rows)
    (row, nothing) = pyarrow.parquet.read_table(
        io.BytesIO(b"".join(parquet_bytes(whole([ROW, NOTHING]))))
    ).to_pylist()
    assert row == {
        "text": "a",
        "count": 3,
        "amount": Decimal("-1.500000001"),
        "quantity": Decimal("0.5"),
        "minutes": Decimal("1.5"),
        "share": 0.25,
        "day": date(2024, 2, 29),
        "instant": datetime(2024, 1, 15, 10, 30, 0, 1, UTC),
        "meter": "voice.call",
        "unit": "second",
        "object": "",
        "flag": True,
    }
    assert set(nothing.values()) == {None}
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert types["amount"] == "decimal128(38, 9)"
    assert types["quantity"] == "decimal128(38, 6)"
    assert (types["day"], types["instant"]) == ("date32[day]", "timestamp[us, tz=UTC]")


def test_a_sum_past_64_bits_is_exact_in_every_format() -> None:
    columns = (Column("a", ColumnKind.AMOUNT), Column("q", ColumnKind.QUANTITY))
    table = Table(columns, [(10**28 + 1, -(10**26) - 1), (0, None)])
    amount, quantity = "10000000000000000000.000000001", "-100000000000000000000.000001"
    assert b"".join(csv_bytes(table)).decode() == f"a,q\r\n{amount},{quantity}\r\n0.00,\r\n"
    assert b"".join(ndjson_bytes(table)).startswith(f'{{"a":{amount},"q":{quantity}}}'.encode())
    read = pyarrow.parquet.read_table(io.BytesIO(b"".join(parquet_bytes(table)))).to_pylist()
    assert read == [{"a": Decimal(amount), "q": Decimal(quantity)}, {"a": Decimal(0), "q": None}]


def test_without_pyarrow_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(FormatNotInstalled, match="pip install 'pyarrow>=22'"):
        require_pyarrow()


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Format.JSON),
        ("image/png", Format.JSON),
        ("text/csv", Format.CSV),
        ("TEXT/CSV; charset=utf-8", Format.CSV),
        ("application/json, text/csv", Format.JSON),
        ("application/json;q=0.5, text/csv", Format.CSV),
        ("text/csv;q=0", Format.JSON),
        ("text/csv;q=x", Format.JSON),
        ("application/x-ndjson", Format.NDJSON),
        ("application/vnd.apache.parquet", Format.PARQUET),
    ],
)
def test_accept_chooses_what_weighs_most_and_json_else(accept: str, chosen: Format) -> None:
    assert preferred_format(accept) is chosen


def test_a_file_is_named_in_plain_letters() -> None:
    named = attachment(Format.CSV, "events", 'a/"ü', date(2024, 1, 1))["Content-Disposition"]
    assert named == 'attachment; filename="events-a_-2024-01-01.csv"'
    assert attachment(Format.JSON, "events") == {}
