"""Rows of a batch: how many columns they need, and what their tokens are."""

import pytest

from tollbook.store.staging import COLUMNS, CREATE, ORDINARY, ExistingIdentity, Staged, width
from tollbook.store.tokens import new_token

ROW = Staged(
    organization_id=1,
    id="call-1",
    fingerprint=7,
    day=20240115,
    user_id="ann",
    billed_user_id="ann",
    meter=5,
    resource_id="",
    time=0,
    quantity=61,
    billed=61,
    cost=122,
    rate_id=3,
    attributes="",
)
RARE = tuple(COLUMNS)[ORDINARY:]


def test_the_columns_are_the_fields_in_their_order() -> None:
    assert tuple(COLUMNS) == Staged._fields
    assert all(f"{name} {kind}" in CREATE for name, kind in COLUMNS.items())


def test_fields_that_may_be_missing_are_columns_that_may_be_empty() -> None:
    empty = {name for name, kind in COLUMNS.items() if "NOT NULL" not in kind}
    assert empty == {"rate_id", *RARE}


def test_ordinary_rows_need_no_rare_column() -> None:
    assert width([]) == width([ROW, ROW]) == ORDINARY
    assert width([ROW._replace(rate_id=None)]) == ORDINARY


@pytest.mark.parametrize("name", RARE)
def test_rows_need_the_columns_up_to_the_last_that_is_not_empty(name: str) -> None:
    value = "g" if name in ("tier_key", "reverses") else 0
    assert width([ROW, ROW._replace(**{name: value}), ROW]) == ORDINARY + 1 + RARE.index(name)


def test_the_row_with_the_most_columns_decides() -> None:
    rows = [ROW._replace(buy=1), ROW._replace(buy=1, tier_key="g"), ROW._replace(own_cost=1)]
    assert width(rows) == len(COLUMNS) - 1
    assert width([*rows, ROW._replace(reverses="call-1")]) == len(COLUMNS)


@pytest.mark.parametrize(("day", "expected"), [(0, True), (20240115, False)])
def test_an_identity_without_a_day_is_in_quarantine(day: int, expected: bool) -> None:
    assert ExistingIdentity(1, "call-1", 7, day).in_quarantine is expected


def test_the_tokens_of_millions_of_ledgers_add_up_within_64_bits() -> None:
    tokens = [new_token() for _ in range(100)]
    assert all(0 < it < 2**40 for it in tokens)
    assert len(set(tokens)) == len(tokens)
    assert 2**40 * 8_000_000 < 2**63
