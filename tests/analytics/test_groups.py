"""The groups of a row: by meter with quantities, by country without."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.test_filters import row
from tests.properties.profile import examples
from tollbook.analytics.groups import (
    BY_COUNTRY,
    BY_METER,
    GROUP_AMOUNTS,
    GROUP_COLUMNS,
    arrange_groups,
    groups_table,
    write_groups,
)
from tollbook.analytics.tables import ColumnKind
from tollbook.analytics.users import USER_ROW

CALLS = ("ann", 5, 2, 61_500_000, 122_000_000)
MESSAGES = ("ann", 1, 3, 3_000_000, 90_000_000)
OF_BOB = ("bob", 5, 1, 1_000_000, 0)
ROWS = [row("ann", "Ann", 5, total_cost=212_000_000), row("bob", "Bob", 1)]


def test_groups_are_sorted_within_their_row() -> None:
    groups = arrange_groups([CALLS, OF_BOB, MESSAGES])
    assert groups == {"ann": [MESSAGES[1:], CALLS[1:]], "bob": [OF_BOB[1:]]}
    assert arrange_groups([]) == {}


@pytest.mark.parametrize("group", [("ann", 5, 0, 0, 1), ("ann", 5, 0, 1, 0), ("ann", 5, 1, 0, 0)])
def test_a_group_with_anything_left_is_kept(group: tuple[object, ...]) -> None:
    assert arrange_groups([group]) == {"ann": [group[1:]]}


def test_a_group_whose_usage_was_reversed_is_left_out() -> None:
    assert arrange_groups([("ann", 5, 0, 0, 0), OF_BOB]) == {"bob": [OF_BOB[1:]]}


GROUPS = st.tuples(st.sampled_from(("ann", "bob")), st.integers(1, 12), *[st.integers(0, 1)] * 3)


@examples(100)
@given(st.lists(GROUPS, unique_by=lambda it: it[:2]))
def test_arranged_groups_are_the_rows_with_usage(
    rows: list[tuple[str, int, int, int, int]],
) -> None:
    arranged = arrange_groups(rows)
    back = [(identity, *group) for identity, groups in arranged.items() for group in groups]
    assert sorted(back) == sorted(it for it in rows if any(it[2:]))


def shown(group_by: str, *groups: tuple[object, ...]) -> object:
    return msgspec.json.decode(msgspec.json.encode(write_groups(groups, group_by)))


def test_a_group_by_meter_has_its_quantity() -> None:
    assert shown(BY_METER, CALLS[1:]) == [
        {"meter": "voice.call", "events": 2, "quantity": 61.5, "cost": 0.122}
    ]


def test_a_group_by_country_has_no_quantity() -> None:
    assert shown(BY_COUNTRY, ("GB", 2, 61_500_000, 122_000_000), ("", 1, 0, 0)) == [
        {"country": "GB", "events": 2, "cost": 0.122},
        {"country": "", "events": 1, "cost": 0.0},
    ]


def test_the_table_by_meter_has_a_line_for_each_group() -> None:
    table = groups_table(ROWS, arrange_groups([CALLS, MESSAGES]), USER_ROW, BY_METER)
    assert [it.name for it in table.columns] == [
        *("user_id", "user_name", "meter", "events", "quantity", "cost")
    ]
    assert table.columns[2].kind is ColumnKind.METER
    assert list(table.rows) == [("ann", "Ann", *MESSAGES[1:]), ("ann", "Ann", *CALLS[1:])]
    assert table.totals is None


def test_the_table_by_country_has_no_quantity() -> None:
    groups = arrange_groups([("ann", "GB", 2, 61_500_000, 122_000_000)])
    table = groups_table(ROWS, groups, USER_ROW, BY_COUNTRY, USER_ROW.total(ROWS))
    assert [it.name for it in table.columns][2:] == ["country", "events", "cost"]
    assert list(table.rows) == [("ann", "Ann", "GB", 2, 122_000_000)]
    assert table.totals == ("", "Total", None, 6, 212_000_000)


def test_the_last_line_has_the_sums_of_rows_without_a_quantity() -> None:
    table = groups_table(ROWS[:1], {}, USER_ROW, BY_METER, USER_ROW.total(ROWS))
    assert table.totals == ("", "Total", None, 6, None, 212_000_000)
    empty = groups_table([], {}, USER_ROW, BY_METER, USER_ROW.total([]))
    assert (list(empty.rows), empty.totals) == ([], ("", "Total", None, 0, None, 0))


def test_the_places_of_a_stored_group() -> None:
    assert len(CALLS) == GROUP_COLUMNS
    assert tuple(CALLS[at] for at in GROUP_AMOUNTS) == (61_500_000, 122_000_000)
