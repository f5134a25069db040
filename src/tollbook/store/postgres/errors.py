"""What the errors of the psycopg driver mean."""

from functools import partial

import psycopg
from psycopg import errors

from tollbook.domain.errors import MonthNotReady, NodeUnreachable, TollbookError, Unreachable
from tollbook.store.driver_errors import (
    DriverErrors,
    Failure,
    Rule,
    contains,
    disk_full,
    first_line,
    is_a,
    read_only,
    schema_changed,
    sum_out_of_range,
)

_REFUSALS = ("08", "53300", "57P")
"""Connections, too many of them, and a server that ends or begins: classes of SQLSTATE."""

_MAY_BE_COMMITTED = ("08", "XX")
"""Connections, and internal errors."""


def _message(cause: BaseException) -> str:
    """Return the primary message: the details have values of rows."""
    primary = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    return primary or first_line(cause)


def _is_outcome_unknown(cause: BaseException) -> bool:
    """Return whether a commit that failed may nevertheless have happened.

    PostgreSQL reports a commit that it refuses as an ERROR, and keeps the connection. A FATAL
    error, or none at all, means that the connection ended, perhaps after the commit. A coordinator
    of Citus reports the lost answer of a node as a connection's or an internal error.
    """
    if not isinstance(cause, psycopg.Error):
        return False
    return cause.diag.severity_nonlocalized != "ERROR" or (cause.sqlstate or "").startswith(
        _MAY_BE_COMMITTED
    )


def _is_refusal(cause: BaseException) -> bool:
    """Return whether the whole database refused; a cluster without one of its nodes did not."""
    if _is_node_away(cause) or not isinstance(cause, psycopg.OperationalError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(_REFUSALS)


def _is_node_away(cause: BaseException) -> bool:
    """Return whether a coordinator of Citus reports that a node is away.

    It keeps the connection, so the error is no FATAL one.
    """
    if not isinstance(cause, psycopg.Error) or not (cause.sqlstate or "").startswith("08"):
        return False
    return cause.diag.severity_nonlocalized == "ERROR"


def _unreachable(failure: Failure, kind: type[Unreachable] = Unreachable) -> TollbookError:
    sentence = f"the database is not available{failure.consequence}"
    return kind(sentence, " ".join(failure.text.split()))


ERRORS = DriverErrors(
    psycopg.Error,
    (
        Rule(contains("bigint out of range"), sum_out_of_range),
        Rule(contains('relation "directory_state" does not'), schema_changed),
        Rule(contains("no partition of relation"), lambda _: MonthNotReady()),
        Rule(_is_node_away, partial(_unreachable, kind=NodeUnreachable)),
        Rule(_is_refusal, _unreachable),
        Rule(is_a(errors.DiskFull), disk_full),
        Rule(contains("No space left on device"), disk_full),
        Rule(is_a(errors.ReadOnlySqlTransaction), read_only),
    ),
    message=_message,
    is_outcome_unknown=_is_outcome_unknown,
    is_refusal=_is_refusal,
)
