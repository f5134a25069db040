"""Two tenants on one server: with whatever key, route and id, nothing of the other is reached."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import Json, Platform, event
from tests.inside import serving
from tests.properties.profile import examples
from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.endpoint import Endpoint
from tollbook.domain.directory import User
from tollbook.domain.keys import Permission
from tollbook.store import directory, scope_check
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate
from tollbook.wiring import now

MARK = "only-of-the-other"
"""Stands in every name and text of the other tenant, and in nothing that is asked."""
REQUESTS = 400


IDS = {
    "organization_id": ("shared", "org_mine", "org_other", "nobody"),
    "user_id": ("ann", "bob"),
    "event_id": ("call", "call_mine", "call_other", "lost"),
    "version": ("1", "2"),
    "run": ("1",),
}


class World(NamedTuple):
    """A server, the keys of one tenant, and the public ids of keys and tokens of both."""

    client: httpx.Client
    database: Database
    keys: tuple[str, ...]
    public: tuple[str, ...]

    def id_of(self, name: str, data: st.DataObject) -> str:
        """Choose an id of either tenant for a field or a parameter."""
        usual = IDS["event_id"] if name in {"id", "reverses", "corrects"} else self.public
        chosen: str = data.draw(st.sampled_from(IDS.get(name, usual)))
        return chosen


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'two.db'}", scope_check.check)
        migrate(database)
        mine, other = Platform(database, "mine"), Platform(database, "other")
        with serving(database) as client:
            theirs = _furnish(client, other, MARK)
            ours = _furnish(client, mine, "ours")
            keys = (
                mine.key(),
                mine.key(Permission.READ_ANALYTICS),
                mine.key(organization="shared"),
                mine.key(organization="shared", user="ann"),
                ours.pop(),
            )
            theirs.pop()
            yield World(client, database, keys, (*ours, *theirs))
        database.close()


def _furnish(client: httpx.Client, platform: Platform, mark: str) -> list[str]:
    """Create organizations, users and events; return public ids, and a viewer token last."""
    for organization in ("shared", f"org_{platform.tenant}"):
        number = platform.organization(organization, name=mark)
        with platform.database.writing() as transaction:
            user = User("ann", mark, f"{mark}@example.org")
            directory.add_user(transaction, number, user, now())
        attributes = {"note": mark}
        platform.send(
            event(id="call", organization_id=organization, user_id="ann", attributes=attributes),
            event(id=f"call_{platform.tenant}", organization_id=organization, user_id="bob"),
        )
    platform.send(event(id="lost", organization_id="nobody", attributes={"note": mark}))
    admin = {"X-API-Key": platform.key()}
    body = {"name": mark, "permissions": ["admin"]}
    key = client.post("/v1/keys", headers=admin, json=body).json()["key"]["prefix"]
    asked = {"organization_id": "shared"}
    token = client.post("/v1/viewer-tokens", headers=admin, json=asked).json()
    return [key, token["viewer_token"]["id"], token["token"]]


def _state(world: World) -> dict[str, list[Any]]:
    """Read every row of the other tenant, but for when its keys were last used."""
    of_tenant = {
        it: f"SELECT * FROM {it} WHERE tenant_id = 'other'" for it in scope_check.OF_TENANTS
    }
    of_tenant["api_keys"] = (
        "SELECT prefix, hash, name, revoked_at, expires_at FROM api_keys WHERE tenant_id = 'other'"
    )
    mine = "SELECT organization_id FROM organizations WHERE tenant_id = 'other'"
    of_organizations = {
        it: f"SELECT * FROM {it} WHERE organization_id IN ({mine})"
        for it in scope_check.OF_ORGANIZATIONS - scope_check.OF_TENANTS
    }
    with world.database.reading() as snapshot:
        return {
            name: sorted(snapshot.rows(f"{sql} {scope_check.ALL_TENANTS}"), key=repr)
            for name, sql in (of_tenant | of_organizations).items()
        }


def _filled(value: Any, data: st.DataObject, world: World) -> Any:
    """Put ids of either tenant where the example of a body has some."""
    if isinstance(value, dict):
        return {
            name: world.id_of(name, data)
            if name in {"organization_id", "user_id", "id", "reverses", "corrects"}
            else _filled(it, data, world)
            for name, it in value.items()
        }
    return [_filled(it, data, world) for it in value] if isinstance(value, list) else value


def _query(endpoint: Endpoint, data: st.DataObject, world: World) -> Json:
    query: Json = {}
    for it in endpoint.parameters:
        if it.name in {"organization_id", "user_id", "key"}:
            if it.required or data.draw(st.booleans()):
                query[it.name] = world.id_of(it.name, data)
        elif it.required:
            query[it.name] = it.example
    return query


def test_the_other_tenant_is_neither_seen_nor_touched(world: World) -> None:
    before = _state(world)
    assert MARK in repr(before)
    statuses: list[int] = []

    @settings(examples(REQUESTS), suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(ENDPOINTS), st.sampled_from(world.keys), st.data())
    def ask(endpoint: Endpoint, key: str, data: st.DataObject) -> None:
        path = endpoint.path
        for name in endpoint.path_parameters:
            path = path.replace(f"{{{name}}}", world.id_of(name, data))
        body = endpoint.request.example if endpoint.request else None
        content: Json = {"json": _filled(body, data, world)} if body is not None else {}
        if isinstance(body, str):
            content = {"content": body, "headers": {"Content-Type": "application/yaml"}}
        headers = {"X-API-Key": key, **content.pop("headers", {})}
        query = _query(endpoint, data, world)
        answer = world.client.request(
            endpoint.method, path, headers=headers, params=query, **content
        )
        statuses.append(answer.status_code)
        assert MARK not in answer.text, (endpoint.name, path, query)
        assert answer.status_code < 500, (endpoint.name, path, answer.text)

    ask()
    assert _state(world) == before
    assert statuses.count(200) > REQUESTS // 10
