"""Chunks of the ledger and of archives, merged in the order of ids of the database."""

import sys
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Platform, event
from tests.properties.profile import examples
from tollbook.analytics.archived_events import merge_by_id, refusal
from tollbook.store.database import Database
from tollbook.store.engine import Row

IDS = [*"abcABC", "ä", "Z-1", "Z_1", "a b", "a-b", "10", "9", "ß", "😀", "~", "e\u0301", "é", "é2"]
"""Ids whose order depends on the collation."""


def _chunks(ids: list[str], size: int) -> Iterator[list[Row]]:
    for start in range(0, len(ids), size):
        yield [(it,) for it in ids[start : start + size]]


def test_all_rows_come_once_and_in_the_order_of_the_database(database: Database) -> None:
    platform = Platform(database)
    platform.organization()
    platform.send(*(event(id=it) for it in IDS))
    number = platform.number("org_1")
    rows = platform.rows(
        "SELECT id FROM event_keys WHERE organization_id = :number ORDER BY id", number=number
    )
    ordered = [identity for (identity,) in rows]
    assert sorted(ordered) == sorted(IDS)

    @examples(40)
    @given(
        of=st.lists(st.integers(0, 2), min_size=len(IDS), max_size=len(IDS)),
        sizes=st.tuples(*[st.integers(1, 5)] * 3),
    )
    def merges(of: list[int], sizes: tuple[int, ...]) -> None:
        sources = [
            _chunks([it for it, where in zip(ordered, of, strict=True) if where == at], size)
            for at, size in enumerate(sizes)
        ]
        with database.reading() as snapshot:
            merged = list(merge_by_id(snapshot, number, sources))
        assert [row[0] for rows in merged for row in rows] == ordered
        assert all(merged)
        assert max(map(len, merged)) <= sum(sizes)

    merges()


def test_one_source_is_passed_on_as_it_is(database: Database) -> None:
    with database.reading() as snapshot:
        chunks = list(merge_by_id(snapshot, 1, [_chunks(["b", "a", "c"], 2), _chunks([], 2)]))
    assert chunks == [[("b",), ("a",)], [("c",)]]


def test_without_sources_there_is_nothing(database: Database) -> None:
    with database.reading() as snapshot:
        assert list(merge_by_id(snapshot, sys.maxsize, [])) == []


def test_a_refusal_names_all_months_and_the_first_reason() -> None:
    error = refusal({202403: "the file is gone", 202312: "the file has changed"})
    assert error.sentence == (
        "events of 2023-12, 2024-03 are archived, and their files cannot be read here: "
        "the file has changed"
    )
    assert (error.status, error.code) == (410, "archived")
