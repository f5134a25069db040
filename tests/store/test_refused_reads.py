"""Reads that the database refused of late: counted by second, and forgotten after ten."""

from contextlib import suppress

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from tollbook.store import refused_reads
from tollbook.store.postgres.errors import ERRORS as POSTGRES
from tollbook.store.refused_reads import Reads


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(refused_reads, "monotonic", clock)
    return clock


def refusal() -> psycopg.OperationalError:
    return psycopg.errors.TooManyConnections()


def read(reads: Reads, *errors: Exception | None) -> None:
    for error in errors:
        with suppress(psycopg.Error), reads.counted():
            if error is not None:
                raise error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.OperationalError(), True),
        (psycopg.errors.TooManyConnections(), True),
        (psycopg.errors.ConnectionFailure(), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.CannotConnectNow(), True),
        (OperationalError("", {}, psycopg.errors.AdminShutdown()), True),
        (psycopg.errors.QueryCanceled(), False),
        (psycopg.errors.LockNotAvailable(), False),
        (psycopg.errors.DivisionByZero(), False),
        (OperationalError("", {}, psycopg.errors.DivisionByZero()), False),
        (ValueError(), False),
    ],
)
def test_a_statement_that_fails_is_an_answer(error: Exception, expected: bool) -> None:
    assert POSTGRES.is_refusal(getattr(error, "orig", error)) is expected


def test_ten_refusals_and_more_than_half_of_the_reads_are_a_problem(clock: Clock) -> None:
    reads = Reads(POSTGRES)
    read(reads, *[refusal()] * 9)
    assert reads.problem() is None
    read(reads, refusal())
    assert reads.problem() == "the database refused 10 of the last 10 reads"
    read(reads, *[None] * 9)
    assert reads.problem() == "the database refused 10 of the last 19 reads"
    read(reads, None)
    assert reads.problem() is None


def test_reads_are_forgotten_after_ten_seconds(clock: Clock) -> None:
    reads = Reads(POSTGRES)
    read(reads, *[refusal()] * 10)
    clock.seconds += 9.9
    assert reads.problem() is not None
    clock.seconds += 1
    assert reads.problem() is None
    read(reads, *[refusal()] * 9)
    assert reads.problem() is None


def test_seconds_add_up(clock: Clock) -> None:
    reads = Reads(POSTGRES)
    for _ in range(5):
        read(reads, refusal(), refusal())
        clock.seconds += 1
    assert reads.problem() == "the database refused 10 of the last 10 reads"


def test_what_is_no_error_of_a_database_is_passed_on_and_not_counted(clock: Clock) -> None:
    reads = Reads(POSTGRES)
    for _ in range(20):
        with pytest.raises(KeyError), reads.counted():
            raise KeyError
    read(reads, *[refusal()] * 10)
    assert reads.problem() == "the database refused 10 of the last 10 reads"
