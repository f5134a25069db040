"""A write whose outcome is unknown is answered 503 `outcome_unknown`, whatever it writes."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.builders import Platform, event, reversal
from tests.proxies import Proxy
from tests.servers import Server
from tests.waiting import run_over_quarantine
from tollbook.store.database import open_database


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    with Proxy(postgres_url) as running:
        yield running


@pytest.fixture
def client(postgres_url: str, proxy: Proxy) -> Iterator[httpx.Client]:
    with closing(open_database(postgres_url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(event(id="call-0"))
        key = platform.key()
    with Server(proxy.url) as server, server.client(key) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "body", "of", "again"),
    [
        ("/v1/events", event(id="call-1"), "INTO event_keys", (200, "duplicate")),
        ("/v1/events?atomic=true", [event(id="call-1")], "INTO event_keys", (200, "duplicate")),
        ("/v1/events/reversals", reversal("call-0"), "INTO reversals", (200, "duplicate")),
        ("/v1/organizations", {"id": "org_9", "name": "Nine"}, "org_9", (409, None)),
    ],
)
def test_a_write_whose_answer_was_lost_may_be_sent_again(
    client: httpx.Client,
    proxy: Proxy,
    path: str,
    body: object,
    of: str,
    again: tuple[int, str | None],
) -> None:
    proxy.lose_commit(of)
    answer = client.post(path, json=body)
    assert proxy.lost.is_set()
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert "may have been stored" in answer.json()["error"]
    second = client.post(path, json=body)
    receipts = second.json().get("receipts", [{"status": None}])
    assert (second.status_code, receipts[0]["status"]) == again


def test_a_commit_that_never_arrived_is_stored_when_it_is_sent_again(
    client: httpx.Client, proxy: Proxy
) -> None:
    proxy.lose_commit("INTO event_keys", is_done=False)
    answer = client.post("/v1/events", json=event(id="call-1"))
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    second = client.post("/v1/events", json=event(id="call-1"))
    assert second.json()["receipts"][0]["status"] == "accepted"


def test_a_replay_that_fails_halfway_stops_and_can_be_resumed(
    client: httpx.Client, proxy: Proxy
) -> None:
    late = event(id="late", organization_id="nobody")
    assert client.post("/v1/events", json=late).json()["receipts"][0]["status"] == "quarantined"
    proxy.lose_commit("released =", is_done=False)
    begun = client.post("/v1/quarantine/replay")
    stopped = run_over_quarantine(client.get, begun, "stopped")
    assert proxy.lost.is_set()
    assert "may have been stored" in stopped["reason"]
    resumed = client.post(f"/v1/quarantine-runs/{stopped['id']}/resume")
    assert run_over_quarantine(client.get, resumed)["remaining"] == 1
