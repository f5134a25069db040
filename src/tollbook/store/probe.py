"""Trying to write: what readiness rests on when no event comes."""

from tollbook.store.database import Database


def try_to_write(database: Database) -> None:
    """Commit a change that changes nothing; raise what keeps the database from it."""
    with database.writing() as transaction:
        transaction.execute("UPDATE directory_revision SET revision = revision WHERE id = 1")
