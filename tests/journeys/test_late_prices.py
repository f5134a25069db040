"""A message whose price comes later, up to the archive, with servers that are killed between."""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.builders import Json, Platform, correction, event
from tests.lifecycle.test_archive import Keeper
from tests.servers import Server
from tollbook.store.database import open_database

pytest.importorskip("pyarrow")

EVENTS, CORRECTIONS = "/v1/events", "/v1/events/corrections"
MONTHS = {"1": "2024-01-31", "2": "2024-02-29"}


@pytest.fixture
def key(database_url: str) -> str:
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        platform.organization()
        return platform.key()


def message(identity: str) -> Json:
    given = {"type": "sms.outbound", "quantity": 1, "cost_pending": True}
    return event(id=identity, attributes={"to": "+442071838750"}, **given)


def statuses(answer: httpx.Response) -> list[str]:
    return [it["status"] for it in answer.json()["receipts"]]


def sent(client: httpx.Client, month: str) -> dict[str, tuple[int, float]]:
    """Return how many messages each user sent in a month, and what they cost."""
    days = {"start_date": f"2024-0{month}-01", "end_date": MONTHS[month]}
    question = {"organization_id": "org_1", **days}
    users = client.get("/v1/analytics/users", params=question).json()["users"]
    return {it["user_id"]: (it["total_sms_sent"], it["total_cost"]) for it in users}


def listed(client: httpx.Client, month: str) -> list[list[str]]:
    """Return the id, cost and corrections of the events of a month, from a file."""
    days = {"start_date": f"2024-0{month}-01", "end_date": MONTHS[month]}
    question = {"organization_id": "org_1", "format": "csv", **days}
    rows = csv.DictReader(client.get(EVENTS, params=question).text.splitlines())
    return sorted([it["id"], it["cost"], it["corrects"], it["corrected_by"]] for it in rows)


def test_a_message_is_found_once_in_every_answer_and_file(
    database_url: str, key: str, tmp_path: Path
) -> None:
    server = Server(database_url)
    server.start()
    with server.client(key) as client:
        assert statuses(client.post(EVENTS, json=message("m"))) == ["quarantined"]
        (waiting,) = client.get("/v1/quarantine").json()["quarantine"]
        assert (waiting["id"], waiting["code"]) == ("m", "cost_pending")
        assert sent(client, "1") == {}
        price = correction("m", id="m1", cost="0.05", reason="Jane asked the carrier")
        assert statuses(client.post(CORRECTIONS, json=price)) == ["accepted"]
        assert statuses(client.post(CORRECTIONS, json=price)) == ["duplicate"]
        other = client.post(CORRECTIONS, json={**price, "id": "other"}).json()["receipts"][0]
        assert other["code"] == "already_corrected"
    server.kill()
    server.start()
    with server.client(key) as client:
        assert statuses(client.post(CORRECTIONS, json=price)) == ["duplicate"]
        assert sent(client, "1") == {"user_1": (1, 0.05)}
        again = correction("m1", id="m2", cost="0.07")
        moved = correction("m2", id="m3", time="2024-02-10T00:00:00Z", user_id="user_2")
        assert statuses(client.post(CORRECTIONS, json=[again, moved])) == ["accepted"] * 2
        assert (
            client.delete("/v1/organizations/org_1/users/user_1/personal-data").status_code == 200
        )
    server.kill()
    with closing(open_database(database_url)) as database:
        keeper = Keeper(Platform(database), tmp_path / "archive")
        keeper.archive()
        assert keeper.problems() == []
    with server, server.client(key) as client:
        assert sent(client, "1") == {"user_1": (0, 0), "user_2": (0, 0)}
        assert sent(client, "2") == {"user_1": (0, 0), "user_2": (1, 0.07)}
        assert listed(client, "2") == [["m3", "0.07", "m2", ""]]
        assert listed(client, "1") == [
            ["m1", "0.05", "m", "m2"],
            ["m2", "0.07", "m1", "m3"],
            ["m2.reversal", "-0.05", "", ""],
            ["m3.reversal", "-0.07", "", ""],
        ]
        assert statuses(client.post(EVENTS, json=message("m"))) == ["duplicate"]
        assert client.get(f"{EVENTS}/org_1/m").json()["status"] == "corrected"
        latest = client.get(f"{EVENTS}/org_1/m3").json()["correction"]
        assert (latest["first"], latest["latest"]) == ("m", "m3")


def batches() -> Iterator[list[Json]]:
    for number in range(8):
        ids = [f"{number} {n}" for n in range(20)]
        yield [correction(it, id=f"new {it}", cost="0.01") for it in ids]


def test_a_killed_server_has_corrected_an_event_wholly_or_not_at_all(
    database_url: str, key: str
) -> None:
    """Half of the events are charged, the others wait."""
    server = Server(database_url)
    server.start()
    with server.client(key) as client:
        for batch in batches():
            events = [message(it["corrects"]) for it in batch]
            for one in events[::2]:
                del one["cost_pending"]
            client.post(EVENTS, json=events)
    acknowledged = Event()

    def correct(batch: list[Json]) -> None:
        try:
            with server.client(key) as sender:
                sender.post(CORRECTIONS, json=batch)
        except httpx.TransportError:
            return
        acknowledged.set()

    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(correct, batch) for batch in batches()]
        acknowledged.wait(60)
        server.kill()
        for one in sending:
            one.result()
    with server, server.client(key) as client:
        answers = [client.post(CORRECTIONS, json=batch).json() for batch in batches()]
        assert all(answer["success"] for answer in answers)
        assert sent(client, "1") == {"user_1": (160, 1.6)}
    with closing(open_database(database_url)) as database:
        assert Platform(database).differences() == []
