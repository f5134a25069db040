"""Moving everything from one database to another, of any two engines.

Rows are copied unchanged, in steps that are each recorded in the target. A copy that was killed
goes on where it was, as long as the source is in the same state. Until it is complete and proven,
no server uses the target.
"""

from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from tollbook.domain.errors import CopyRefused
from tollbook.store import copy_progress
from tollbook.store.copied_tables import (
    DIRECTORY_TABLES,
    LEDGER_TABLES,
    CopiedTable,
    TableContent,
    content_of,
)
from tollbook.store.database import Database, Snapshot, Transaction, open_database
from tollbook.store.engine import STATE_TABLE, Progress, TimeLimit
from tollbook.store.error_translation import translate_errors
from tollbook.store.migrate import has_schema, migrate, missing_migrations
from tollbook.store.verification import CHECKS, count_events, differences

_PARTITIONED = "events"
_OF_SERVERS = "secrets"
"""What a server may have stored before there is a tenant; the source's replaces it."""
_STATE_OF = ("tenants", "ledger_versions")
"""Tables with a token of each state."""


class Copied(NamedTuple):
    """How much was copied: the rows of all tables, and the events among them.

    The secret key in a file next to the source, if there is one, was not copied.
    """

    rows: int
    events: int
    secret_key_file: str | None


def copy_database(
    source_url: str, target_url: str, progress: Progress, *, of_moment: bool, quick: bool
) -> Copied:
    """Copy a database to an empty one, and prove the copy before it can be used.

    The copy has the state in which the source was when the command began. Raise `CopyRefused` when
    the source has changed since, unless a copy `of_moment` is wanted. A `quick` copy compares every
    row, but does not recompute the sums.
    """
    with (
        translate_errors(),
        closing(open_database(source_url)) as source,
        closing(open_database(target_url, schema_version=None)) as target,
    ):
        _require_source(source)
        migrate(target)
        _require_target(target)
        with source.streaming() as snapshot:
            state = _state_of(snapshot)
            with target.writing(TimeLimit.NONE) as transaction:
                copy_progress.begin(transaction, state)
            copy = _Copy(snapshot, target, progress)
            copy.copy_ledgers()
            with target.writing(TimeLimit.NONE) as transaction:
                rows = copy.complete(transaction, quick=quick)
                events = count_events(transaction)
                if not of_moment:
                    _require_state(source, state)
                copy_progress.finish(transaction)
        secrets = source.engine.secret_key_file
    return Copied(rows, events, str(secrets) if secrets and secrets.exists() else None)


class _Copy:
    def __init__(self, snapshot: Snapshot, target: Database, progress: Progress) -> None:
        self._snapshot = snapshot
        self._target = target
        self._contents: dict[str, TableContent] = {}
        # Every row is read from the source, and later from the target.
        total = 2 * sum(it.count(snapshot) for it in LEDGER_TABLES)
        self._done = 0
        self._report: Callable[[int], None] = lambda done: progress(done, total)

    def copy_ledgers(self) -> None:
        """Copy the tables that grow, a page in each transaction."""
        with self._target.reading(TimeLimit.NONE) as snapshot:
            begun = copy_progress.read(snapshot)
        for table in LEDGER_TABLES:
            known = begun.get(table.name)
            content = known.content if known else TableContent()
            self._advance(content.rows)
            for rows in table.pages(self._snapshot, known.position if known else None):
                if table.name == _PARTITIONED:
                    self._target.ensure_partitions(table.months_of(rows))
                with self._target.writing(TimeLimit.NONE) as transaction:
                    table.insert(transaction, rows)
                    content = copy_progress.write(transaction, table, rows, content)
                self._advance(len(rows))
            self._contents[table.name] = content

    def complete(self, transaction: Transaction, *, quick: bool) -> int:
        """Copy the other tables, and read everything in the target again to compare.

        Return how many rows were copied.
        """
        transaction.execute(f"DELETE FROM {_OF_SERVERS}")
        for table in DIRECTORY_TABLES:
            self._contents[table.name] = _copied_whole(table, self._snapshot, transaction)
        transaction.continue_numbers()
        for table in (*LEDGER_TABLES, *DIRECTORY_TABLES):
            self._compare(table, transaction)
        if not quick:
            _require_sums(transaction)
        return sum(it.rows for it in self._contents.values())

    def _compare(self, table: CopiedTable, transaction: Transaction) -> None:
        copied, found = self._contents[table.name], table.content(transaction)
        if copied != found:
            raise CopyRefused(
                f"{found.rows} rows of {table.name} are in the target, and not the {copied.rows} "
                "that were copied: empty it, and copy again"
            )
        if table in LEDGER_TABLES:
            self._advance(found.rows)

    def _advance(self, rows: int) -> None:
        self._done += rows
        self._report(self._done)


def _copied_whole(table: CopiedTable, source: Snapshot, transaction: Transaction) -> TableContent:
    content = TableContent()
    for rows in table.pages(source):
        table.insert(transaction, rows)
        content = content.add(content_of(rows))
    return content


def _state_of(snapshot: Snapshot) -> str:
    """Return a text that differs whenever the ledgers, the directory or the audit log do."""
    (directory,) = snapshot.rows(f"SELECT token FROM {STATE_TABLE} WHERE id = 1")
    tables = {it.name: it for it in (*LEDGER_TABLES, *DIRECTORY_TABLES)}
    contents = (tables[it].content(snapshot).digest for it in _STATE_OF)
    acts = tables["audit_log"].count(snapshot)
    return " ".join(map(str, (*directory, *contents, acts)))


def _require_state(source: Database, state: str) -> None:
    with source.reading(TimeLimit.NONE) as later:
        if _state_of(later) != state:
            raise CopyRefused(
                "the source has changed since the copy began: stop every server on it, and run "
                "the command again"
            )


def _require_source(source: Database) -> None:
    if not has_schema(source):
        raise CopyRefused("the source has no schema of Tollbook: is it the right database?")
    missing = missing_migrations(source)
    if missing:
        raise CopyRefused(f"the source must be brought up to date first: {missing}")


def _require_target(target: Database) -> None:
    """Refuse a target that has anything, except the part of a copy that is not complete."""
    with target.reading(TimeLimit.NONE) as snapshot:
        if copy_progress.is_unfinished(snapshot):
            return
        for table in (*LEDGER_TABLES, *DIRECTORY_TABLES):
            if table.name != _OF_SERVERS and table.count(snapshot):
                raise CopyRefused(
                    f"the target is not empty, there are rows in {table.name}: a copy never "
                    "replaces a database"
                )


def _require_sums(transaction: Transaction) -> None:
    for check in CHECKS:
        found = next(iter(differences(transaction, check)), None)
        if found:
            raise CopyRefused(
                f"sums of the source differ from its events, the first in {found.check}: run "
                "tollbook verify on it"
            )
