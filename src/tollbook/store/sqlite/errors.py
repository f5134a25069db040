"""What the errors of the sqlite3 driver mean."""

import sqlite3

from tollbook.domain.errors import DatabaseBroken, StoreUnavailable, TollbookError
from tollbook.store.driver_errors import (
    DriverErrors,
    Failure,
    Rule,
    contains,
    disk_full,
    read_only,
    schema_changed,
    sum_out_of_range,
)

is_sum_out_of_range = contains("integer overflow", "cannot store REAL value in")


def _has_no_room_for_log(cause: BaseException) -> bool:
    return getattr(cause, "sqlite_errorname", "") == "SQLITE_IOERR_SHMSIZE"


def _broken(failure: Failure) -> TollbookError:
    return DatabaseBroken(
        f"the file is not a whole database ({failure.text}) and was not changed: restore a "
        "backup with `tollbook restore`, or move the file away to start with an empty ledger"
    )


def _not_opened(_failure: Failure) -> TollbookError:
    return StoreUnavailable(
        "the database file cannot be opened: its folder must exist and be writable, also to "
        "read from it, because SQLite keeps two files next to it; copy the file to such a folder"
    )


ERRORS = DriverErrors(
    sqlite3.Error,
    (
        Rule(is_sum_out_of_range, sum_out_of_range),
        Rule(contains("file is not a database", "database disk image is malformed"), _broken),
        Rule(contains("no such table: directory_state"), schema_changed),
        Rule(contains("database or disk is full"), disk_full),
        Rule(_has_no_room_for_log, disk_full),
        Rule(contains("attempt to write a readonly database"), read_only),
        Rule(contains("unable to open database file"), _not_opened),
    ),
)
