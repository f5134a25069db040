"""A server that is killed around a look or a delivery loses nothing, and keeps ids and order."""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest

from tests.alerts.builders import SEALER, make_endpoint, notification, notify, statuses
from tests.alerts.receivers import Receiver, receiving
from tests.alerts.watching import Watching
from tests.builders import event
from tests.servers import Server
from tests.waiting import wait_for
from tollbook.domain.triggers import TriggerPeriod
from tollbook.store.database import Database

KILLS = int(os.environ.get("TOLLBOOK_TEST_KILLS", "1"))
"""How often each step is killed."""
STEPS = ("written", "fanned out", "sent", "recorded")
SETTINGS = {"alerts": "true", "webhook_networks": "127.0.0.0/8", "secret_key": "k" * 32}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.mark.parametrize(("step", "stored"), [("looked", 0), ("fired", 1)])
def test_a_kill_around_the_commit_of_a_look(
    database: Database, database_url: str, receiver: Receiver, step: str, stored: int
) -> None:
    make_endpoint(database, receiver.url)
    watching = Watching(database)
    watching.trigger(10, period=TriggerPeriod.ALL)
    assert watching.statuses(event(quantity=6_100)) == ["accepted"]
    run_until_killed(database, database_url, step)
    assert [it["type"] for it in watching.notices()] == ["trigger.reached"] * stored
    with Server(database_url, **SETTINGS):
        wait_for(lambda: [it[1] for it in statuses(database)] == ["delivered"])
    (notices,) = watching.notices()
    assert receiver.ids == [notices["id"]]


def run_until_killed(database: Database, database_url: str, step: str) -> None:
    """Run a server until it is killed at a step, and until what it leased is free again."""
    server = Server(database_url, **SETTINGS)
    server.environment["TOLLBOOK_TEST_STOP_AT"] = step
    with suppress(RuntimeError):  # it may be killed before it answers
        server.start()
    process = server.process
    assert process is not None
    wait_for(lambda: process.poll() is not None)
    with database.writing() as transaction:
        transaction.execute("UPDATE leases SET until = 0")


def has_delivered(database: Database, count: int) -> bool:
    return [it[1] for it in statuses(database)].count("delivered") >= count


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_a_step_of_delivery(
    database: Database, database_url: str, receiver: Receiver, step: str
) -> None:
    assert SEALER.is_usable
    make_endpoint(database, receiver.url)
    identities: list[str] = []
    for kill in range(KILLS):
        many = [notification(f"{kill} {it}") for it in range(30)]
        identities += notify(database, *many)
        run_until_killed(database, database_url, step)
    with Server(database_url, **SETTINGS):
        for some in range(1, KILLS + 1):  # however slow the machine is, the next ones arrive
            wait_for(partial(has_delivered, database, some * 30))
    assert list(dict.fromkeys(receiver.ids)) == identities
    sequences = [int(it.headers["tollbook-sequence"]) for it in receiver.received]
    assert sorted(set(sequences)) == list(range(1, len(identities) + 1))
    bodies = {it.headers["webhook-id"]: it.body for it in receiver.received}
    assert all(bodies[it.headers["webhook-id"]] == it.body for it in receiver.received)
