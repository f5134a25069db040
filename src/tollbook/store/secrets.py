"""The statements for secrets that never change."""

from secrets import token_hex

from tollbook.store.database import Database

_PHONE_NUMBER_KEY = "SELECT value FROM secrets WHERE name = 'phone_number_key'"


def phone_number_key(database: Database) -> str:
    """Return the key for hashing phone numbers; make it at the first call."""
    with database.reading() as snapshot:
        row = snapshot.row(_PHONE_NUMBER_KEY)
    if row is None:
        with database.writing() as transaction:
            transaction.execute(
                "INSERT INTO secrets (name, value) VALUES ('phone_number_key', :made) "
                "ON CONFLICT (name) DO NOTHING",
                made=token_hex(32),
            )
            row = transaction.row(_PHONE_NUMBER_KEY)
    assert row is not None  # noqa: S101  it was put there above
    return str(row[0])
