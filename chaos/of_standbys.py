"""Fault: a standby that lags behind is promoted under a running server."""

from contextlib import closing
from time import monotonic, sleep

import httpx
from tests import plain_http
from tests.builders import Json, Platform, event
from tests.proxies import Proxy
from tests.standbys import Pair, pair_in

from chaos.faults import Bench, Fault
from chaos.of_ways import Through
from chaos.world import Verdict, World, stored_in
from tollbook.store.database import Database, open_database

_PATIENCE = 60.0
_ORGANIZATIONS = 40
"""More than the 32 numbers that a sequence skips after a promotion, so that some repeat."""
_QUIET = "/v1/analytics/users?organization_id=quiet&start_date=2024-01-01&end_date=2024-01-31"
_WITHOUT_USER = """
SELECT COUNT(*) FROM events LEFT JOIN users
ON users.organization_id = events.organization_id AND users.id = events.user_id
WHERE events.user_id <> '' AND users.id IS NULL
"""
_OF_ANOTHER = """
SELECT COUNT(*) FROM events JOIN organizations
ON organizations.organization_id = events.organization_id
WHERE organizations.tenant_id = 'after' AND events.id NOT LIKE 'after %'
"""


class _Tenant:
    """A tenant with many organizations, numbered in the order of their creation."""

    def __init__(self, world: World, database: Database, name: str) -> None:
        self._world = world
        platform = Platform(database, name)
        for n in range(_ORGANIZATIONS):
            platform.organization(f"{name}_{n}")
        self.key = platform.key()
        self.events = [
            event(id=f"{name} {n}", organization_id=f"{name}_{n}") for n in range(_ORGANIZATIONS)
        ]

    def send(self) -> int:
        """Send an event of each organization and return the status."""
        return _send(self._world, *self.events, key=self.key).status_code


def _send(world: World, *events: Json, key: str = "") -> httpx.Response:
    """Send events until the database is available; stored events are expected from then on."""
    headers = {"X-API-Key": key or world.key}
    expected = {(it["organization_id"], it["id"]): it["quantity"] for it in events}
    world.load.sent |= expected
    give_up = monotonic() + _PATIENCE
    while True:
        response = plain_http.post(
            f"{world.server.address}/v1/events", json=events, headers=headers, timeout=_PATIENCE
        )
        if response.status_code == 200:
            world.load.acknowledged |= expected.keys()
        if response.status_code != 503 or monotonic() > give_up:
            return response
        sleep(0.1)


def _of_user(user: str) -> list[Json]:
    """Return events of a user and of a month, each of which may be new."""
    first = event(id=f"first of {user}", user_id=user, organization_id="quiet")
    new = event(id=f"month of {user}", user_id="new", time="2021-03-15T12:00:00Z")
    return [first, new]


def _promotion(bench: Bench) -> Verdict:
    with pair_in(bench.folder) as clusters, Proxy(clusters.primary.url) as way:

        def act(world: World) -> None:
            with closing(open_database(way.url)) as database:
                _promote(world, database, clusters, way)

        return bench.under_load(Through(clusters.primary, way.url), act)


def _promote(world: World, database: Database, clusters: Pair, way: Proxy) -> None:
    platform = Platform(database)
    platform.organization("quiet")
    clusters.standby.catch_up(clusters.primary)
    clusters.standby.stop_following()
    lost = _Tenant(world, database, "lost")
    statuses = [lost.send(), _send(world, *_of_user("lost")).status_code]
    tag = world.get(_QUIET).headers["ETag"]
    world.load.wait_for(100)

    clusters.primary.kill()
    way.down()
    clusters.standby.promote()
    way.lead_to(clusters.standby.url)
    with closing(open_database(clusters.standby.url)) as promoted:
        world.load.give_up([identity for identity, _ in stored_in(Platform(promoted))])
        # As many changes as were lost, so that counters have the values that the server remembers.
        after = _Tenant(world, promoted, "after")
    way.up()

    refused = lost.send()
    if refused != 401:
        world.notes.append(f"wrong: {refused} for a lost key")
    statuses += [after.send(), _send(world, *_of_user("after")).status_code]
    if set(statuses) != {200}:
        world.notes.append(f"wrong: statuses {statuses}")
    headers = {"X-API-Key": world.key, "If-None-Match": tag}
    answer = plain_http.get(f"{world.server.address}{_QUIET}", headers=headers, timeout=_PATIENCE)
    users = [it["user_id"] for it in answer.json()["users"]] if answer.content else []
    if users != ["after"]:
        world.notes.append(f"wrong: {answer.status_code} with {users} for a lost state")
    world.load.wait_for(100)
    world.until_ready()
    for what, question in (("users", _WITHOUT_USER), ("tenants", _OF_ANOTHER)):
        found = platform.rows(question)[0][0]
        if found:
            world.notes.append(f"wrong: {what} of {found} events")


OF_STANDBYS = (
    Fault(
        "promotion of a standby that lags behind, under a running server",
        "events that had not arrived are lost; every event acknowledged afterwards is stored for "
        "its own tenant and user",
        _promotion,
        engines=("PostgreSQL",),
    ),
)
