"""Transactions that are rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tollbook.store.database import Database, Transaction


class _Undone(Exception):
    """Ends a transaction without a commit."""


@contextmanager
def undone(database: Database) -> Iterator[Transaction]:
    """Write in a transaction that is rolled back at the end."""
    with suppress(_Undone), database.writing() as transaction:
        yield transaction
        raise _Undone
