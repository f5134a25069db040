"""A verb on a database at the schema of another version says so, and exits with 1."""

import pytest

from tests.cli.conftest import Tollbook
from tollbook.store.database import open_database

VERBS = (
    ("tenants", "list"),
    ("verify",),
    ("organizations", "create", "org_9", "--name", "Nine"),
    ("report", "users", "org_1"),
    ("keys", "list"),
    ("prices", "list"),
    ("quarantine", "replay"),
)


@pytest.mark.parametrize("verb", VERBS, ids=lambda it: " ".join(it[:2]))
def test_a_verb_refuses_with_a_sentence(
    tollbook: Tollbook, ledger_url: str, verb: tuple[str, ...]
) -> None:
    assert tollbook("tenants", "list").code == 0
    database = open_database(ledger_url, schema_version=None)
    with database.writing() as transaction:
        transaction.execute("UPDATE directory_state SET schema_version = '9999'")
    database.close()
    assert "the database is at migration 9999, this Tollbook at" in tollbook.refusal(*verb)
