"""The schema is brought up to date under a server of the version before: it does nothing more."""

from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.builders import Platform, event, reversal
from tests.conftest import ENGINES
from tests.earlier import earlier_commands, earlier_server, earlier_source
from tollbook.store.database import open_database
from tollbook.store.migrate import migrate

WRITES = (
    ("POST", "/v1/events", event(id="after")),
    ("POST", "/v1/events?atomic=true", event(id="after too")),
    ("POST", "/v1/events/reversals", reversal("before")),
    ("POST", "/v1/organizations", {"id": "org_2", "name": "Two"}),
    ("POST", "/v1/organizations/org_1/users", {"id": "new", "name": "New"}),
    ("PATCH", "/v1/organizations/org_1", {"name": "Other"}),
    ("PUT", "/v1/budgets/org_1", {"monthly": 1}),
    ("POST", "/v1/keys", {"name": "another", "permissions": ["admin"]}),
    ("POST", "/v1/quarantine/replay", None),
    ("POST", "/v1/rerating", {"start_date": "2024-01-01", "end_date": "2024-01-31"}),
    ("DELETE", "/v1/organizations/org_1/users/user_1/personal-data", None),
)
READS = (
    "/v1/analytics/users?organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31",
    "/v1/analytics/organizations",
    "/v1/events?organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31",
)
VERBS = (
    ("organizations", "create", "org_3", "--name", "Three"),
    ("archive", "--older-than", "1", "--to", "archives"),
    ("verify",),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return earlier_source(tmp_path_factory.mktemp("earlier"))


@pytest.mark.parametrize("empty_url", ENGINES, indirect=True)
def test_a_server_of_the_version_before_acknowledges_nothing(
    empty_url: str, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with earlier_server(empty_url, source) as server:
        create = ("keys", "create", "--permission", "admin", "--name", "all")
        created = earlier_commands(empty_url, source, create, ("prices", "load", "--example"))
        key = next(it for it in created.split() if it.startswith("tb_"))
        with server.client(key) as client:
            assert client.post("/v1/organizations", json={"id": "org_1", "name": "One"}).is_success
            before = client.post("/v1/events", json=event(id="before"))
            assert before.status_code == 200, before.text
            with closing(open_database(empty_url)) as database:
                migrate(database)
                counts = _counts(Platform(database))
                for method, path, body in WRITES:
                    answer = client.request(method, path, json=body)
                    assert answer.status_code >= 500, (method, path, answer.text)
                for path in READS:
                    assert client.get(path).status_code >= 500, path
                assert _readiness(client) == 503
                earlier_commands(empty_url, source, *VERBS, code=1)
                platform = Platform(database)
                assert _counts(platform) == counts
                assert platform.differences() == []


def _readiness(client: httpx.Client) -> int:
    return client.get("/readyz").status_code


def _counts(platform: Platform) -> list[object]:
    tables = ("events", "event_keys", "users", "organizations", "budgets", "api_keys", "audit_log")
    return [platform.rows(f"SELECT COUNT(*) FROM {it}") for it in tables]
