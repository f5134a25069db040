"""How current each node of a cluster is in an answer about a whole tenant."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest

from tests.builders import Platform, event
from tests.clusters import CitusCluster
from tests.inside import serving
from tollbook.domain.events import instant_of
from tollbook.store import versions
from tollbook.store.database import Snapshot, open_database
from tollbook.store.versions import LedgerVersion

PATH = "/v1/analytics/organizations"
META = {"include": "meta", "period": "2024-01", "limit": "1"}
_NODES = """
SELECT 'node_' || groupid, id FROM organizations JOIN pg_dist_placement
ON shardid = get_shard_id_for_distribution_column('ledger_versions', organization_id)
"""
_read = versions._version_on_cluster


class Divided(NamedTuple):
    """A served tenant on a cluster, and an organization on each of its nodes."""

    platform: Platform
    http: httpx.Client
    on: dict[str, str]

    def send(self, name: str, node: str) -> datetime:
        """Store an event on a node; return the instant of its receipt."""
        sent = self.platform.send(event(id=name, organization_id=self.on[node]))
        return instant_of(sent.as_of)

    def ask(self, **query: str) -> httpx.Response:
        answer = self.http.get(PATH, params={**META, **query})
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def divided(citus: CitusCluster) -> Iterator[Divided]:
    url = citus.url(citus.create(shards=8))
    with closing(open_database(url)) as database:
        platform = Platform(database)
        for number in range(12):
            platform.organization(f"org_{number}")
        with psycopg.connect(url) as connection:
            on: dict[str, str] = dict(connection.execute(_NODES).fetchall())
        assert len(on) > 1
        with serving(open_database(url), platform.key()) as http:
            made = Divided(platform, http, on)
            for node in on:
                made.send("first", node)
            yield made


def as_of(found: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(found["as_of"])


def parts_of(answer: httpx.Response) -> dict[str, timedelta]:
    """Return by how much each part is newer than the answer, of which the oldest part is."""
    meta = answer.json()["meta"]
    assert answer.headers["x-as-of"] == meta["as_of"]
    found = {it["node"]: as_of(it) - as_of(meta) for it in meta["parts"]}
    later = {it["node"]: timedelta(milliseconds=it["milliseconds_later"]) for it in meta["parts"]}
    assert found == later
    assert min(found.values()) == timedelta()
    return found


def test_all_parts_are_as_of_the_question_when_nothing_has_changed_since(divided: Divided) -> None:
    last = divided.send("second", next(iter(divided.on)))
    answer = divided.ask()
    assert parts_of(answer) == dict.fromkeys(divided.on, timedelta())
    assert as_of(answer.json()["meta"]) > last


def test_a_commit_between_the_question_and_the_read_of_its_node_makes_that_part_newer(
    divided: Divided, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind, ahead = sorted(divided.on)[:2]
    received: list[datetime] = []

    def commit_first(snapshot: Snapshot, tenant: str) -> LedgerVersion:
        if not received:
            received.append(divided.send("between", ahead))
        return _read(snapshot, tenant)

    monkeypatch.setattr(versions, "_version_on_cluster", commit_first)
    answer = divided.ask()
    found = parts_of(answer)
    meta = answer.json()["meta"]
    assert found[ahead] == received[0] - as_of(meta) > found[behind] == timedelta()
    assert meta["last_received_at"][:23] == received[0].isoformat()[:23]
    # The next page is of the same state, although its newest change is after its instant.
    page = divided.ask(cursor=answer.json()["next_cursor"])
    assert page.json()["meta"] == meta
    # Asked for the change, the answer is not as of before it.
    newer = divided.ask(min_as_of=received[0].isoformat())
    assert as_of(newer.json()["meta"]) >= received[0]


def test_questions_about_one_organization_have_no_parts(divided: Divided) -> None:
    query = {"include": "meta", "organization_id": divided.on["node_1"]}
    answer = divided.http.get("/v1/analytics/users", params=query)
    assert answer.json()["meta"]["parts"] is None
