"""Submissions wait for the partition of their month while the writer goes on."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from tests.waiting import wait_for
from tollbook.domain.errors import MonthNotReady, TollbookError
from tollbook.ingest import partition_wait
from tollbook.ingest.partition_wait import PartitionWaiter
from tollbook.store.database import Database, open_database

LOCKED = "LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE"


class Outcomes:
    """What became of submissions, each a name here."""

    def __init__(self, database: Database) -> None:
        self.ready: list[str] = []
        self.refused: list[tuple[str, type[TollbookError]]] = []
        self.aside: PartitionWaiter[str] = PartitionWaiter(
            database,
            self.ready.append,
            lambda name, error: self.refused.append((name, type(error))),
        )
        self.aside.start()


@pytest.fixture
def outcomes(postgres_url: str) -> Iterator[Outcomes]:
    with closing(open_database(postgres_url)) as database:
        found = Outcomes(database)
        yield found
        if found.aside._thread.is_alive():
            found.aside.close()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold a lock without which no partition can be made."""
    with psycopg.connect(url) as holder:
        holder.execute(LOCKED)
        yield
        holder.rollback()


def test_a_submission_comes_back_once_its_months_are_ready(
    outcomes: Outcomes, postgres_url: str
) -> None:
    outcomes.aside.put("one", {203101, 203102})
    wait_for(lambda: outcomes.ready == ["one"])
    with psycopg.connect(postgres_url) as connection:
        for month in (203101, 203102):
            connection.execute(f"SELECT 1 FROM events_{month}".encode())
    assert outcomes.refused == []


def test_it_waits_for_as_long_as_the_table_is_locked(outcomes: Outcomes, postgres_url: str) -> None:
    with locked(postgres_url):
        outcomes.aside.put("waits", {203101})
        outcomes.aside.put("before 2020", {201912})
        wait_for(lambda: outcomes.ready == ["before 2020"])
        assert outcomes.refused == []
    wait_for(lambda: outcomes.ready == ["before 2020", "waits"])


def test_those_of_a_month_that_is_not_ready_stay_in_their_order(
    outcomes: Outcomes, postgres_url: str
) -> None:
    with locked(postgres_url):
        for number in range(5):
            outcomes.aside.put(f"{number}", {203101})
    wait_for(lambda: len(outcomes.ready) == 5)
    assert outcomes.ready == [f"{number}" for number in range(5)]


def test_it_is_turned_away_when_its_time_is_over(
    outcomes: Outcomes, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_wait, "_PATIENCE", 0.0)
    with locked(postgres_url):
        outcomes.aside.put("late", {203101})
        wait_for(lambda: outcomes.refused == [("late", MonthNotReady)])
    assert outcomes.ready == []


def test_what_waits_at_the_end_is_tried_once_more_and_then_turned_away(
    outcomes: Outcomes, postgres_url: str
) -> None:
    with locked(postgres_url):
        outcomes.aside.put("one", {203101})
        outcomes.aside.put("old", {201001})
        outcomes.aside.close()
    assert outcomes.ready == ["old"]
    assert outcomes.refused == [("one", MonthNotReady)]


def test_an_error_of_the_database_is_the_answer(postgres_url: str) -> None:
    database = open_database(f"{postgres_url}_not")
    outcomes = Outcomes(database)
    outcomes.aside.put("one", {203101})
    wait_for(lambda: outcomes.refused)
    outcomes.aside.close()
    database.close()
    ((name, error),) = outcomes.refused
    assert name == "one"
    assert error is not MonthNotReady
