"""A database at the schema of another version: nothing is answered from it, nothing written."""

from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from tests.api.test_access import CASES
from tests.builders import Platform, event
from tests.inside import serving
from tollbook.store.database import Database
from tollbook.store.tables.schema import SCHEMA_VERSION

TABLES = (
    "events",
    "event_keys",
    "usage_daily",
    "organizations",
    "api_keys",
    "audit_log",
    "budgets",
)


class Moved(NamedTuple):
    platform: Platform
    client: httpx.Client


def set_version(database: Database, version: str) -> None:
    """Do what a migration does to the state, without the check that would refuse it."""
    with Database(database.engine).writing() as transaction:
        transaction.execute(
            "UPDATE directory_state SET schema_version = :version WHERE id = 1", version=version
        )


@pytest.fixture
def moved(database: Database) -> Iterator[Moved]:
    """A server that has answered, and then finds its database at a later schema."""
    platform = Platform(database)
    platform.organization()
    with serving(database, platform.key()) as client:
        assert client.post("/v1/events", json=event()).status_code == 200
        set_version(database, "9999")
        yield Moved(platform, client)


def everything(database: Database) -> list[list[tuple[object, ...]]]:
    with Database(database.engine).reading() as snapshot:
        return [snapshot.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES]


def test_no_endpoint_answers_or_writes(moved: Moved) -> None:
    before = everything(moved.platform.database)
    for case in CASES:
        answer = moved.client.request(case.method, case.path, json=case.body)
        assert answer.status_code == 503, case
        assert answer.json()["code"] == "schema_changed", case
        assert f"this Tollbook at {SCHEMA_VERSION}" in answer.json()["error"], case
    assert everything(moved.platform.database) == before


def test_readiness_is_red_with_the_reason_and_all_goes_on_after(moved: Moved) -> None:
    ready = moved.client.get("/readyz")
    assert ready.status_code == 503
    assert "9999" in ready.json()["checks"]["migrations"]
    assert moved.client.get("/healthz").status_code == 200
    set_version(moved.platform.database, SCHEMA_VERSION)
    assert moved.client.post("/v1/events", json=event(id="later")).status_code == 200
