"""Rows that a deck marks as deleted or blocked are never priced silently."""

import pytest

from tollbook.rating.books.deck_status import (
    KIND_OF,
    Filter,
    StatusColumn,
    StatusKind,
    skip_reason,
)
from tollbook.rating.books.deck_terms import normalize

IF_TRUE, IF_FALSE, STATUS, CHANGE, COMMENT = StatusKind


def is_priced(kind: StatusKind, cell: str) -> bool:
    return StatusColumn(0, "a header", kind).problem(cell) is None


@pytest.mark.parametrize("kind", StatusKind)
@pytest.mark.parametrize("cell", ["", "  ", "\t"])
def test_an_empty_cell_says_nothing(kind: StatusKind, cell: str) -> None:
    assert is_priced(kind, cell)


@pytest.mark.parametrize("kind", [it for it in StatusKind if it is not IF_FALSE])
@pytest.mark.parametrize("cell", ["deleted", " Blocked ", "NOT   available", "gelöscht", "d"])
def test_a_row_that_is_marked_as_gone_is_not_priced(kind: StatusKind, cell: str) -> None:
    assert not is_priced(kind, cell)


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        # A column that asks whether the row is active.
        *((IF_TRUE, it, True) for it in ("1", "Yes", "TRUE", "x", "on", "1.0", "active", "new")),
        *((IF_TRUE, it, False) for it in ("0", "no", "false", "-", "2", "maybe", "nein")),
        # A column that asks whether the row is blocked: no word of a status is a no.
        *((IF_FALSE, it, True) for it in ("0", "No", "FALSE", "off", "-", "0.0", "n")),
        *((IF_FALSE, it, False) for it in ("1", "yes", "x", "active", "deleted", "2", "?")),
        # A status: known words that keep a row, alone or together.
        *((STATUS, it, True) for it in ("active", "Price change", "no change", "rate increase")),
        *((STATUS, it, True) for it in ("current", "new code", "u", "actif", "OK")),
        *((STATUS, it, False) for it in ("pending", "active soon", "rate increase pending", "1")),
        # What has changed: any text that has no word for gone.
        *((CHANGE, it, True) for it in ("+5%", "increase as of May", "see page 2", "d. 5", "DE")),
        *((CHANGE, it, False) for it in ("code deleted", "price removed", "now blocked!", "del")),
        # A comment is about anything; only a comment that is nothing else counts.
        *((COMMENT, it, True) for it in ("calls to deleted numbers", "was blocked", "1", "none")),
        *((COMMENT, it, False) for it in ("deleted", "Blocked", "unavailable", "supprimé")),
    ],
)
def test_a_cell_keeps_its_row_or_not(kind: StatusKind, cell: str, expected: bool) -> None:
    assert is_priced(kind, cell) is expected


def test_a_problem_states_how_to_leave_the_row_out() -> None:
    problem = StatusColumn(0, "Row State", STATUS).problem(" Pending ")
    assert problem is not None
    assert problem.startswith("is ' Pending ': leave such rows out with skip or only, as in ")
    assert problem.endswith("--skip 'Row State'=' Pending '")


def test_headers_are_known_in_their_compared_form() -> None:
    assert all(normalize(it) == it for it in KIND_OF)
    assert {KIND_OF[it] for it in KIND_OF} == set(StatusKind)
    assert (KIND_OF["enabled"], KIND_OF["disabled"]) == (IF_TRUE, IF_FALSE)


def rows_like(*values: str, only: bool = False) -> Filter:
    return Filter(1, "Type", frozenset(map(normalize, values)), only)


@pytest.mark.parametrize(
    ("filter_", "cell", "reason"),
    [
        (rows_like("Mobile"), "mobile", "Type = mobile"),
        (rows_like("Mobile"), "  MOBILE ", "Type = MOBILE"),
        (rows_like("Mobile"), "mobile phone", None),
        (rows_like(""), "  ", "Type = "),
        (rows_like("Mobile", only=True), " Mobile", None),
        (rows_like("Mobile", only=True), "fixed", "Type = fixed"),
        (rows_like("Mobile", only=True), "", "Type = "),
        (rows_like("fixed  line", "x"), "Fixed Line", "Type = Fixed Line"),
    ],
)
def test_rows_are_skipped_by_the_values_of_a_cell(
    filter_: Filter, cell: str, reason: str | None
) -> None:
    assert filter_.reason(cell) == reason
    assert skip_reason([filter_], ["44", cell]) == reason


def test_the_first_filter_that_skips_a_row_is_the_reason() -> None:
    filters = [rows_like("a"), Filter(0, "Code", frozenset({"44"})), rows_like("b", only=True)]
    assert skip_reason(filters, ["44", "b"]) == "Code = 44"
    assert skip_reason(filters, ["44", "a"]) == "Type = a"
    assert skip_reason(filters, ["45", "c"]) == "Type = c"
    assert skip_reason(filters, ["45", "b"]) is None
    assert skip_reason([], ["45", "b"]) is None
