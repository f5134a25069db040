"""The command as a whole: exit codes, sentences, databases it cannot use."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Tollbook
from tests.commands import run_command
from tests.conftest import Postgres
from tollbook import __version__, wiring
from tollbook.settings import Settings

VERBS = (
    "serve",
    "demo",
    "migrate",
    "tenants",
    "organizations",
    "users",
    "keys",
    "prices",
    "import",
    "quarantine",
    "report",
    "verify",
)


def test_the_help_names_every_verb(tollbook: Tollbook) -> None:
    ran = tollbook("--help")
    assert ran.code == 0
    assert [verb for verb in VERBS if verb not in ran.out] == []


def test_every_positional_of_users_is_explained(tollbook: Tollbook) -> None:
    for action in ("create", "list", "erase"):
        said = tollbook("users", action, "--help").out
        assert "The id of the organization" in said
    assert "The id of the user, as in events" in tollbook("users", "create", "--help").out


def test_the_version_is_told(tollbook: Tollbook) -> None:
    assert tollbook("--version").out == f"tollbook {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [(), ("dance",), ("keys",), ("keys", "create", "--x"), ("import",)]
)
def test_what_is_not_understood_is_exit_code_2(tollbook: Tollbook, arguments: tuple) -> None:
    ran = tollbook(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: tollbook" in ran.err


def test_the_first_command_on_nothing_makes_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    ran = run_command(url, "organizations", "create", "org_1", folder=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "organization org_1 created\n", "")
    ran = run_command(url, "migrate", folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "the database is up to date\n")


def test_the_first_command_on_an_empty_postgresql_makes_the_schema(
    postgres: Postgres, tmp_path: Path
) -> None:
    name = postgres.create(migrated=False)
    try:
        ran = run_command(postgres.url(name), "tenants", "create", "acme", folder=tmp_path)
        assert (ran.returncode, ran.stderr) == (0, "")
    finally:
        postgres.drop(name)


def test_a_newer_database_is_refused_with_a_sentence_and_left_alone(
    tollbook: Tollbook, sqlite_url: str
) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as later:
        later.execute("UPDATE alembic_version SET version_num = '9999_later'")
        later.commit()
        for verb in (("tenants", "list"), ("serve",), ("migrate",)):
            said = tollbook.refusal(*verb)
            assert "9999_later" in said
            assert "Upgrade Tollbook, or choose another database" in said
        assert later.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("9999_later",)
        ]


def test_a_newer_postgresql_is_refused_with_a_sentence(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as later:
        later.execute("UPDATE alembic_version SET version_num = '9999_later'")
    ran = run_command(postgres_url, "tenants", "list", folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "a later version wrote it" in ran.stderr


def test_a_database_that_cannot_be_opened_is_a_sentence_and_no_more(tmp_path: Path) -> None:
    ran = run_command(
        f"sqlite:///{tmp_path}/no/such/place.db", "keys", "list", "--json", folder=tmp_path
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "tollbook: the database file cannot be opened" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "tollbook.db").write_text("this is no database, " * 100)
    ran = run_command(f"sqlite:///{tmp_path}/tollbook.db", "tenants", "list", folder=tmp_path)
    assert ran.returncode == 1
    assert "tollbook: the file is not a whole database" in ran.stderr


def test_a_reader_that_has_enough_is_no_error(sqlite_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "TOLLBOOK_DATABASE_URL": sqlite_url}
    command = [sys.executable, "-m", "tollbook", "prices", "list", "--json"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.parametrize("form", [("--csv",), ("--json",), ()])
def test_output_that_finds_no_room_is_a_sentence_and_no_success(
    sqlite_url: str, form: tuple[str, ...]
) -> None:
    run_command(sqlite_url, "tenants", "create", "acme")
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "tollbook", "report", "overview", "--tenant", "acme", *form],
            env={**os.environ, "TOLLBOOK_DATABASE_URL": sqlite_url},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr == "tollbook: the output could not be written: No space left on device\n"


def test_a_postgresql_that_takes_no_writes_is_read_and_not_served(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    run_command(postgres_url, "tenants", "create", "acme", folder=tmp_path)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    assert "all agree" in run_command(postgres_url, "verify", folder=tmp_path).stdout
    assert "acme" in run_command(postgres_url, "tenants", "list", folder=tmp_path).stdout
    for verb in (("serve", "--port", "0"), ("tenants", "create", "other")):
        ran = run_command(postgres_url, *verb, folder=tmp_path)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "tollbook: the database is read-only" in ran.stderr


def test_a_verb_without_a_connection_says_why(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "_VERB_RETRY_SECONDS", 0)
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    ran = tollbook("verify")
    assert ran.code == 1
    assert ran.err.startswith("tollbook: the database is not available: ")
    assert "127.0.0.1" in ran.err
    assert ran.err.count("\n") == 1


def test_a_verb_tries_for_a_connection_until_there_is_one(
    postgres: Postgres, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "_VERB_RETRY_SECONDS", 60)
    name = postgres_url.rpartition("/")[2]
    url = postgres_url.replace("//postgres@", f"//{name}@")
    with psycopg.connect(postgres.admin, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 0".encode())
        admin.execute(f"GRANT pg_read_all_data TO {name}".encode())
        allow = f"ALTER ROLE {name} CONNECTION LIMIT 9".encode()
        later = threading.Timer(0.5, lambda: admin.execute(allow))
        later.start()
        try:
            wiring.open_migrated(Settings(url)).close()
        finally:
            later.join()
            admin.execute(f"DROP ROLE {name}".encode())
