"""Errors of drivers that no test can cause: full disks, lost answers and refusals."""

import sqlite3
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tollbook.domain.errors import (
    DatabaseBroken,
    DatabaseReadOnly,
    DiskFull,
    MonthNotReady,
    NodeUnreachable,
    SchemaChanged,
    StoreUnavailable,
    TollbookError,
    Unreachable,
)
from tollbook.domain.limit_errors import SumOutOfRange
from tollbook.store.driver_errors import contains, first_line, is_a
from tollbook.store.error_translation import translate_errors
from tollbook.store.postgres.errors import ERRORS
from tollbook.store.sqlite.errors import ERRORS as SQLITE_ERRORS


def translated(cause: BaseException, consequence: str = "") -> TollbookError:
    with pytest.raises(TollbookError) as raised, translate_errors(consequence):
        raise cause
    return raised.value


def postgres_error(
    state: str | None,
    severity: str | None,
    text: str = "",
    kind: type[psycopg.Error] = psycopg.OperationalError,
    primary: str | None = None,
) -> psycopg.Error:
    """Return an error as a server would report it."""
    diag = SimpleNamespace(severity_nonlocalized=severity, message_primary=primary)
    made = type("Reported", (kind,), {"sqlstate": state, "diag": diag})
    error: psycopg.Error = made(text)
    return error


def sqlite_error(text: str, name: str = "SQLITE_ERROR") -> sqlite3.Error:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("integer overflow", SumOutOfRange),
        ("cannot store REAL value in INTEGER column x", SumOutOfRange),
        ("file is not a database", DatabaseBroken),
        ("database disk image is malformed", DatabaseBroken),
        ("no such table: directory_state", SchemaChanged),
        ("no such table: events", StoreUnavailable),
        ("database or disk is full", DiskFull),
        ("attempt to write a readonly database", DatabaseReadOnly),
        ("unable to open database file", StoreUnavailable),
        ("disk I/O error", StoreUnavailable),
        ("database is locked", StoreUnavailable),
        ("", StoreUnavailable),
    ],
)
def test_an_error_of_sqlite_is_known_by_its_text(text: str, kind: type[Exception]) -> None:
    assert type(translated(sqlite_error(text))) is kind


def test_no_room_for_the_log_of_sqlite_is_a_full_disk() -> None:
    assert type(translated(sqlite_error("disk I/O error", "SQLITE_IOERR_SHMSIZE"))) is DiskFull


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (postgres_error("22003", "ERROR", "bigint out of range"), SumOutOfRange),
        (postgres_error("42P01", "ERROR", 'relation "directory_state" does not'), SchemaChanged),
        (postgres_error("42P01", "ERROR", 'relation "events" does not'), StoreUnavailable),
        (postgres_error("23514", "ERROR", 'no partition of relation "events"'), MonthNotReady),
        (postgres_error("08006", "ERROR"), NodeUnreachable),
        (postgres_error("08006", "FATAL"), Unreachable),
        (postgres_error("08001", None), Unreachable),
        (postgres_error(None, None, "connection refused"), Unreachable),
        (postgres_error("53300", "FATAL"), Unreachable),
        (postgres_error("57P01", "FATAL"), Unreachable),
        (postgres_error("57P03", "FATAL"), Unreachable),
        (postgres_error("57014", "ERROR"), StoreUnavailable),
        (postgres_error("53200", "ERROR"), StoreUnavailable),
        (postgres_error("53100", "ERROR", kind=errors.DiskFull), DiskFull),
        (postgres_error("58030", "ERROR", "could not: No space left on device"), DiskFull),
        (postgres_error("25006", "ERROR", kind=errors.ReadOnlySqlTransaction), DatabaseReadOnly),
        (postgres_error("40001", "ERROR", kind=psycopg.DataError), StoreUnavailable),
        (postgres_error(None, None, kind=psycopg.InterfaceError), StoreUnavailable),
    ],
    ids=lambda it: getattr(it, "sqlstate", None) or getattr(it, "__name__", "none"),
)
def test_an_error_of_postgresql_is_known_by_its_state(
    error: psycopg.Error, kind: type[Exception]
) -> None:
    assert type(translated(error)) is kind


@pytest.mark.parametrize(
    ("state", "severity", "is_unknown"),
    [
        ("40001", "ERROR", False),
        ("23505", "ERROR", False),
        ("57P01", "FATAL", True),
        ("57P01", "PANIC", True),
        (None, None, True),
        ("08006", "ERROR", True),
        ("XX000", "ERROR", True),
    ],
)
def test_a_commit_may_be_stored_unless_the_server_refused_it(
    state: str | None, severity: str | None, is_unknown: bool
) -> None:
    assert ERRORS.is_outcome_unknown(postgres_error(state, severity)) == is_unknown


def test_other_errors_say_nothing_about_a_commit() -> None:
    assert not ERRORS.is_outcome_unknown(ValueError())
    assert not SQLITE_ERRORS.is_outcome_unknown(sqlite_error("disk I/O error"))
    assert not ERRORS.is_refusal(ValueError())
    assert not SQLITE_ERRORS.is_refusal(sqlite_error("database is locked"))


@pytest.mark.parametrize(
    ("error", "is_refusal"),
    [
        (postgres_error(None, None), True),
        (postgres_error("08006", "FATAL"), True),
        (postgres_error("53300", "FATAL"), True),
        (postgres_error("57P02", "FATAL"), True),
        (postgres_error("57014", "ERROR"), False),
        (postgres_error("53100", "ERROR"), False),
        (postgres_error("08006", "FATAL", kind=psycopg.DataError), False),
    ],
)
def test_only_a_database_that_does_not_answer_refuses(
    error: psycopg.Error, is_refusal: bool
) -> None:
    assert ERRORS.is_refusal(error) == is_refusal


def test_a_sentence_ends_with_what_became_of_the_transaction() -> None:
    consequence = "; nothing was stored"
    for cause in (
        sqlite_error("database or disk is full"),
        sqlite_error("attempt to write a readonly database"),
        sqlite_error("odd"),
        postgres_error("08006", "FATAL"),
        PoolTimeout("pool"),
    ):
        assert translated(cause, consequence).sentence.endswith(consequence)


def test_a_pool_without_a_connection_is_out_of_reach() -> None:
    assert type(translated(PoolTimeout("QueuePool limit"))) is Unreachable


def test_the_cause_of_a_wrapped_error_counts() -> None:
    wrapped = DBAPIError("SELECT 1", {}, sqlite_error("database or disk is full"))
    assert type(translated(wrapped)) is DiskFull


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="mine"), translate_errors():
        raise ValueError("mine")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            postgres_error("23505", "ERROR", "duplicate\nDETAIL: (t)", primary="duplicate"),
            "duplicate",
        ),
        (postgres_error(None, None, "  refused\nby 10.0.0.1"), "refused"),
        (ValueError("first\nsecond"), "first"),
        (ValueError(), ""),
    ],
)
def test_a_message_leaves_out_what_may_have_values(error: Exception, message: str) -> None:
    assert ERRORS.message(error) == message


def test_the_reason_of_an_unreachable_database_is_one_line() -> None:
    error = translated(postgres_error(None, None, "connection failed:\n  refused\n  timed out"))
    assert isinstance(error, Unreachable)
    assert error.reason == "connection failed: refused timed out"


def test_matchers() -> None:
    assert contains("a", "b")(ValueError("xbx"))
    assert not contains("a", "b")(ValueError("xyz"))
    assert is_a(ValueError, OSError)(FileNotFoundError())
    assert not is_a(ValueError)(OSError())
    assert first_line(ValueError("\n one \n two")) == "one "
