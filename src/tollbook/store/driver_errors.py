"""The rules by which a driver's errors become Tollbook's; each engine has a table of them."""

from collections.abc import Callable
from typing import NamedTuple

from tollbook.domain.errors import (
    DatabaseReadOnly,
    DiskFull,
    SchemaChanged,
    StoreUnavailable,
    TollbookError,
)
from tollbook.domain.limit_errors import SumOutOfRange


class Failure(NamedTuple):
    """An error of a driver, its text, and what became of the transaction, as half a sentence."""

    cause: BaseException
    text: str
    consequence: str


class Rule(NamedTuple):
    """The error that a driver's error becomes when it matches."""

    matches: Callable[[BaseException], bool]
    error: Callable[[Failure], TollbookError]


def _never(_cause: BaseException) -> bool:
    return False


def first_line(cause: BaseException) -> str:
    """Return the first line of an error; rows and statements, with their values, come later."""
    return str(cause).strip().partition("\n")[0]


class DriverErrors(NamedTuple):
    """What an engine's driver raises, and what that means; the first rule that matches holds.

    `message` returns an error without values of rows. A commit that fails with `is_outcome_unknown`
    may have been stored. `is_refusal` finds a database that refused or did not answer; a statement
    that fails is an answer.
    """

    driver_error: type[Exception]
    rules: tuple[Rule, ...]
    message: Callable[[BaseException], str] = first_line
    is_outcome_unknown: Callable[[BaseException], bool] = _never
    is_refusal: Callable[[BaseException], bool] = _never


def contains(*phrases: str) -> Callable[[BaseException], bool]:
    """Match errors whose text contains one of the phrases."""
    return lambda cause: any(phrase in str(cause) for phrase in phrases)


def is_a(*kinds: type[Exception]) -> Callable[[BaseException], bool]:
    """Match errors of some classes."""
    return lambda cause: isinstance(cause, kinds)


def sum_out_of_range(_failure: Failure) -> TollbookError:
    """Return the error of a sum that passes 64 bits."""
    return SumOutOfRange("a sum of the ledger would pass what it can hold; nothing was stored")


def schema_changed(_failure: Failure) -> TollbookError:
    """Return the error of a schema that another version of Tollbook made."""
    return SchemaChanged(
        "the database is at the schema of another version of Tollbook; run the version that "
        "migrated it"
    )


def disk_full(failure: Failure) -> TollbookError:
    """Return the error of a disk without room."""
    return DiskFull(f"there is no room on the disk of the database{failure.consequence}")


def read_only(failure: Failure) -> TollbookError:
    """Return the error of a database that refuses writes."""
    return DatabaseReadOnly(f"the database is read-only{failure.consequence}")


def unavailable(failure: Failure) -> TollbookError:
    """Return the error of any other failure."""
    return StoreUnavailable(f"the database is not available{failure.consequence}")
