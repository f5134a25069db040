"""The statements for what must be kept secret and the same for ever."""

from secrets import token_hex

from tollbook.store.database import Transaction


def phone_number_key(transaction: Transaction) -> str:
    """Give the key of the hashes of phone numbers, made when it is first asked for."""
    transaction.execute(
        "INSERT INTO secrets (name, value) VALUES ('phone_number_key', :made) "
        "ON CONFLICT (name) DO NOTHING",
        made=token_hex(32),
    )
    row = transaction.row("SELECT value FROM secrets WHERE name = 'phone_number_key'")
    assert row is not None  # noqa: S101  it was put there above
    return str(row[0])
