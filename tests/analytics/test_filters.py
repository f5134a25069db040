"""Filtering and sorting the rows of an answer, against plain loops."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.filters import Filters, Sort, filter_rows, meter_bits, sort_rows
from tollbook.analytics.names import collation_key
from tollbook.analytics.users import USER_ROW
from tollbook.domain.meters import BY_TYPE, CATALOG
from tollbook.store.engine import Row


def row(
    identity: str, name: str = "", events: int = 0, status: str = "active", **given: Any
) -> Row:
    """A user's row with these figures; all others are 0."""
    figures = [0] * (USER_ROW.width - 2)
    for figure, value in given.items():
        figures[USER_ROW.place[figure] - 2] = value
    return (identity, name or identity, *figures, events, status)


ANN = row("ann", "Ann Önal", 3, total_cost=300, total_sms_sent=3)
BOB = row("bob", "bob", 0, "inactive", total_cost=100)
CAT = row("cat", "Cat", 1, total_cost=300, total_sms_sent=9)
ROWS = [CAT, BOB, ANN]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ["cat", "bob", "ann"]),
        (Filters(status="active"), ["cat", "ann"]),
        (Filters(status="suspended"), []),
        (Filters(min_cost=100), ["cat", "bob", "ann"]),
        (Filters(min_cost=101), ["cat", "ann"]),
        (Filters(active=True), ["cat", "ann"]),
        (Filters(active=False), ["bob"]),
        (Filters(search="ÖN"), ["ann"]),
        (Filters(search="A"), ["cat", "ann"]),
        (Filters(search="BOB"), ["bob"]),
        (Filters(search="x"), []),
        (Filters(status="active", min_cost=1, search="c", active=True), ["cat"]),
        (Filters(status="inactive", active=True), []),
    ],
)
def test_a_row_must_pass_all_filters(filters: Filters, expected: list[str]) -> None:
    assert [it[0] for it in filter_rows(ROWS, USER_ROW, filters)] == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (Sort(), ["ann", "cat", "bob"]),
        (Sort(order="asc"), ["bob", "ann", "cat"]),
        (Sort("total_sms_sent"), ["cat", "ann", "bob"]),
        (Sort("user_name"), ["ann", "bob", "cat"]),
        (Sort("user_name", "desc"), ["cat", "bob", "ann"]),
        (Sort("user_id"), ["ann", "bob", "cat"]),
        (Sort("total_mms_sent"), ["ann", "bob", "cat"]),
    ],
)
def test_numbers_are_descending_and_texts_ascending(sort: Sort, expected: list[str]) -> None:
    rows = list(ROWS)
    sort_rows(rows, USER_ROW, sort)
    assert [it[0] for it in rows] == expected


def test_names_are_sorted_by_the_collation_and_equal_ones_by_id() -> None:
    names = ["Öl", "zebra", "Alpha", "alpha", "o\u0308l", "Öl", "ol"]
    rows = [row(str(number), name) for number, name in enumerate(names)]
    sort_rows(rows, USER_ROW, Sort("user_name"))
    assert [it[0] for it in rows] == ["3", "2", "6", "4", "0", "5", "1"]
    sort_rows(rows, USER_ROW, Sort("user_name", "desc"))
    assert [it[0] for it in rows] == ["1", "0", "5", "4", "6", "2", "3"]


@pytest.mark.parametrize("search", ["öl", "o\u0308l", "ÖL"])
def test_a_search_finds_both_forms(search: str) -> None:
    rows = [row("1", "Öl"), row("2", "O\u0308l & Gas"), row("o\u0308l-3", "Anna"), row("4", "Ol")]
    found = filter_rows(rows, USER_ROW, Filters(search=search))
    assert [it[0] for it in found] == ["1", "2", "o\u0308l-3"]


ANY_ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from([str(n) for n in range(9)]),
        st.sampled_from(("a", "B", "c")),
        st.integers(0, 2),
        st.sampled_from(("active", "inactive")),
        total_cost=st.integers(-2, 2),
    ),
    unique_by=lambda it: it[0],
)


@examples(200)
@given(
    rows=ANY_ROWS,
    order=st.sampled_from((None, "asc", "desc")),
    field=st.sampled_from(("total_cost", "user_name", "user_id")),
)
def test_ties_are_in_the_order_of_ids(rows: list[Row], order: str | None, field: str) -> None:
    found = list(rows)
    sort_rows(found, USER_ROW, Sort(field, order))
    assert sorted(found) == sorted(rows)
    place = USER_ROW.place[field]
    descends = (order or ("desc" if field == "total_cost" else "asc")) == "desc"
    for one, other in pairwise(found):
        first, second = one[place], other[place]
        if field == "user_name":
            first, second = collation_key()(first), collation_key()(second)
        assert first == second or (first > second) == descends
        if first == second:
            assert one[0] < other[0]


@examples(200)
@given(
    rows=ANY_ROWS,
    status=st.sampled_from((None, "active")),
    least=st.none() | st.integers(-2, 2),
    active=st.none() | st.booleans(),
)
def test_filters_are_those_of_a_loop(
    rows: list[Row], status: str | None, least: int | None, active: bool | None
) -> None:
    expected = []
    for it in rows:
        *_, cost, events, state = it
        if status is not None and state != status:
            continue
        if least is not None and cost < least:
            continue
        if active is not None and active != (events > 0):
            continue
        expected.append(it)
    filters = Filters(status=status, min_cost=least, active=active)
    assert filter_rows(rows, USER_ROW, filters) == expected


def test_a_meter_is_the_bit_of_its_code() -> None:
    assert meter_bits(["voice.call"]) == 1 << BY_TYPE["voice.call"].code
    assert meter_bits(["sms.outbound", "sms.inbound"]) == 0b110
    assert meter_bits([]) == sum(1 << it.code for it in CATALOG)
    with pytest.raises(KeyError):
        meter_bits(["fax.outbound"])
