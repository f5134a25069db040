"""The key for hashing phone numbers is made once for each database."""

import re
from contextlib import AbstractContextManager
from pathlib import Path
from shutil import copy

import pytest

from tollbook.store.database import Database, Transaction, open_database
from tollbook.store.secrets import phone_number_key


def test_the_key_is_made_once_and_stays(database: Database) -> None:
    made = phone_number_key(database)
    assert re.fullmatch("[0-9a-f]{64}", made)
    assert phone_number_key(database) == made


def test_a_key_that_another_process_makes_meanwhile_is_used(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, write, made = open_database(database_url), database.writing, list[str]()

    def write_late() -> AbstractContextManager[Transaction]:
        made.append(phone_number_key(other))
        return write()

    monkeypatch.setattr(database, "writing", write_late)
    assert [phone_number_key(database)] == made
    other.close()


def test_databases_have_different_keys(migrated_file: Path, tmp_path: Path) -> None:
    found = set()
    for name in ("one", "two"):
        database = open_database(f"sqlite:///{copy(migrated_file, tmp_path / name)}")
        found.add(phone_number_key(database))
        database.close()
    assert len(found) == 2
