"""Columns that files have in addition to those of the answer."""

from datetime import date

import msgspec
import pytest

from tollbook.analytics.margin import FIELDS, SORT_FIELDS, margin_columns, margin_json
from tollbook.analytics.tables import Column, ColumnKind, Table, period_columns, text_columns
from tollbook.domain.margin import Purchases
from tollbook.domain.periods import Period

TEXT, DAY = ColumnKind.TEXT, ColumnKind.DAY


def test_texts_are_columns_by_their_names_in_their_order() -> None:
    assert text_columns(tenant_id="demo", user_name=None) == (
        (Column("tenant_id", TEXT), "demo"),
        (Column("user_name", TEXT), None),
    )
    assert text_columns() == ()


@pytest.mark.parametrize("prefix", ["", "previous_"])
def test_a_period_is_its_first_and_its_last_day(prefix: str) -> None:
    period = Period(date(2023, 12, 31), date(2024, 2, 29))
    assert period_columns(period, prefix) == (
        (Column(f"{prefix}period_start", DAY), 20231231),
        (Column(f"{prefix}period_end", DAY), 20240229),
    )


def test_a_file_has_its_columns_then_constants_then_marks() -> None:
    table = Table(
        (Column("a", TEXT),),
        [],
        constants=text_columns(b="x"),
        marks=(Column("c", ColumnKind.FLAG),),
    )
    assert [it.name for it in table.file_columns] == ["a", "b", "c"]
    assert Table((Column("a", TEXT),), []).file_columns == (Column("a", TEXT),)


@pytest.mark.parametrize("prefix", ["", "previous_"])
def test_a_margin_has_the_same_fields_in_json_and_in_files(prefix: str) -> None:
    names = [prefix + it for it in SORT_FIELDS]
    assert [it.name for it in margin_columns(prefix)] == names
    assert list(margin_json(Purchases(), prefix)) == names
    assert [name for name, *_ in FIELDS] == list(SORT_FIELDS)


def test_a_margin_that_is_not_known_is_null_and_not_0() -> None:
    unknown = msgspec.json.encode(margin_json(Purchases(events=1, cost=5)))
    assert unknown == b'{"buy_cost":null,"margin":null,"buy_known_share":0.0}'
    nothing = msgspec.json.encode(margin_json(Purchases()))
    assert nothing == b'{"buy_cost":0.00,"margin":0.00,"buy_known_share":null}'
    loss = msgspec.json.encode(margin_json(Purchases(1, 10**9, 3 * 10**9, 1, 10**9)))
    assert loss == b'{"buy_cost":3.00,"margin":-2.00,"buy_known_share":1.0}'
