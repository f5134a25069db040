"""Notifications reach each endpoint that they concern, in order, until they are accepted."""

import json
from collections.abc import Iterator
from functools import partial

import pytest
from standardwebhooks import Webhook

from tests.alerts.builders import (
    Clock,
    delivering,
    make_endpoint,
    notification,
    notify,
    statuses,
    stored_endpoint,
    wait_until_delivered,
)
from tests.alerts.receivers import Answer, Receiver, receiving
from tests.builders import TENANT
from tests.waiting import wait_for
from tollbook.alerts.fan_out import fan_out
from tollbook.alerts.lease import Lease
from tollbook.alerts.renewal import Renewal
from tollbook.alerts.retention import Retention
from tollbook.alerts.worker import Work
from tollbook.domain.deliveries import GIVEN_UP_AFTER, AttemptOutcome, after_attempt
from tollbook.domain.endpoints import EndpointKind, EndpointStatus, new_signing_secret
from tollbook.domain.notifications import NotificationType
from tollbook.domain.sealing import Sealer
from tollbook.domain.viewers import SecretKeys
from tollbook.store.audit import acts
from tollbook.store.database import Database
from tollbook.store.deliveries import AttemptRow, Lane, deliveries_of, record_attempts
from tollbook.wiring import now

_MINUTE = 60_000_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_a_webhook_verifies_with_each_secret(database: Database, receiver: Receiver) -> None:
    secrets = new_signing_secret(), new_signing_secret()
    make_endpoint(database, receiver.url, secrets)
    (identity,) = notify(database, notification("a"))
    with delivering(database):
        wait_until_delivered(database, 1)
    (found,) = receiver.received
    for secret in secrets:
        body = Webhook(secret).verify(found.body, found.headers)
    assert body == {
        "id": identity,
        "type": "trigger.reached",
        "timestamp": "2024-01-15T10:30:00.123Z",
        "tenant_id": TENANT,
        "data": {"trigger_id": "trg_1", "value": 51.27},
    }
    assert found.headers["tollbook-sequence"] == "1"


def test_an_endpoint_gets_everything_in_order(database: Database, receiver: Receiver) -> None:
    make_endpoint(database, receiver.url)
    identities = notify(database, *map(notification, range(60)))
    with delivering(database):
        identities += notify(database, *map(notification, range(60, 75)))
        wait_until_delivered(database, 75)
    assert receiver.ids == identities
    assert [it.headers["tollbook-sequence"] for it in receiver.received] == [
        str(number) for number in range(1, 76)
    ]


def test_each_endpoint_gets_what_its_filter_and_owner_allow(
    database: Database, receiver: Receiver
) -> None:
    base = receiver.url.removesuffix("/hook")
    chosen = make_endpoint(database, f"{base}/chosen", types=("key.expiring",))
    make_endpoint(database, f"{base}/budgets", types=("budget.*", "rerating.done"))
    make_endpoint(database, f"{base}/organization", organization=7)
    make_endpoint(database, f"{base}/later", after_number=100)
    make_endpoint(database, f"{base}/disabled", status=EndpointStatus.DISABLED)
    make_endpoint(database, f"{base}/other", tenant="other")
    notify(
        database,
        notification("budget", type=NotificationType.BUDGET_REACHED),
        notification("key", type=NotificationType.KEY_EXPIRING, organization=7),
        notification("own", organization=7, to_organization=True, to_tenant=False),
        notification("foreign", organization=8, to_organization=True, to_tenant=False),
        notification("named", endpoint_ids=(chosen.id,)),
    )
    with delivering(database):
        wait_until_delivered(database, 4)
    paths = sorted(it.path for it in receiver.received)
    assert paths == ["/budgets", "/chosen", "/chosen", "/organization"]


def has_attempts(database: Database, least: int) -> bool:
    return any(attempts >= least for _, _, attempts in statuses(database)[:1])


def test_a_failure_holds_back_what_follows(database: Database, receiver: Receiver) -> None:
    clock = Clock()
    make_endpoint(database, receiver.url)
    first, second = notify(database, notification("a"), notification("b"))
    receiver.decide = lambda _: Answer(503)
    with delivering(database, clock):
        wait_for(lambda: statuses(database)[:1] == [(1, "pending", 1)])
        assert receiver.ids == [first]
        receiver.decide = lambda _: Answer()
        clock.ahead = _MINUTE
        wait_until_delivered(database, 2)
    assert receiver.ids == [first, first, second]


def test_a_rejected_notification_steps_aside(database: Database, receiver: Receiver) -> None:
    clock = Clock()
    endpoint = make_endpoint(database, receiver.url)
    first, second = notify(database, notification("a"), notification("b"))
    receiver.decide = lambda it: Answer(400 if it.headers["webhook-id"] == first else 204)
    with delivering(database, clock):
        for attempts in range(1, 6):
            wait_for(partial(has_attempts, database, attempts))
            clock.ahead += 300 * _MINUTE
        wait_for(lambda: statuses(database)[1][1] == "delivered")
        clock.ahead += GIVEN_UP_AFTER
        wait_for(lambda: statuses(database)[0][1] == "failed")
    assert second in receiver.ids
    assert stored_endpoint(database, endpoint.id).status is EndpointStatus.ENABLED


@pytest.mark.parametrize(
    ("answer", "status"), [(503, EndpointStatus.FAILING), (410, EndpointStatus.GONE)]
)
def test_a_dead_endpoint_is_disabled_with_a_notice(
    database: Database, receiver: Receiver, answer: int, status: EndpointStatus
) -> None:
    clock = Clock()
    dead = make_endpoint(database, receiver.url)
    with receiving() as other:
        make_endpoint(database, other.url, types=("endpoint.disabled",))
        notify(database, notification("a"))
        receiver.decide = lambda _: Answer(answer)
        with delivering(database, clock):
            wait_for(partial(has_attempts, database, 1))
            clock.ahead = GIVEN_UP_AFTER + _MINUTE
            wait_until_delivered(database, 1)
        data = json.loads(other.received[0].body)["data"]
    assert (data["endpoint_id"], data["reason"], data["pending"]) == (dead.id, status, 1)
    assert stored_endpoint(database, dead.id).status is status
    assert sorted(it[1] for it in statuses(database)) == ["delivered", "pending"]
    with database.reading() as snapshot:
        (act,) = acts(snapshot, TENANT)
    assert (act.action, act.key_prefix) == ("endpoint.disable", "alerts")


def test_what_cannot_be_decrypted_waits(database: Database, receiver: Receiver) -> None:
    endpoint = make_endpoint(database, receiver.url)
    make_endpoint(database, receiver.url, sealed_url=endpoint.url)
    notify(database, notification("a"))
    with delivering(database):
        wait_until_delivered(database, 1)
        wait_for(lambda: sorted(it[1:] for it in statuses(database))[1:] == [("pending", 1)])
    assert len(receiver.received) == 1


def test_old_notifications_are_deleted_with_their_deliveries(
    database: Database, receiver: Receiver
) -> None:
    clock = Clock()
    make_endpoint(database, receiver.url)
    notify(database, notification("old"))
    with delivering(database, clock):
        wait_until_delivered(database, 1)
    lease = Lease(database, clock)
    lease.hold()
    work = Work(lease, database, clock)
    notify(database, notification("waits"))
    fan_out(work)
    Retention(30)(work)
    assert [it[1] for it in statuses(database)] == ["delivered", "pending"]
    clock.ahead = 24 * 24 * 60 * _MINUTE
    Retention(30)(work)
    assert [it[1] for it in statuses(database)] == ["delivered", "expired"]
    clock.ahead = 31 * 24 * 60 * _MINUTE
    Retention(30)(work)
    with database.reading() as snapshot:
        for table in ("notifications", "deliveries", "delivery_attempts"):
            sql = f"SELECT COUNT(*) FROM {table} WHERE tenant_id = :tenant"
            assert snapshot.integer(sql, tenant=TENANT) == 0


def test_a_result_that_is_recorded_twice_changes_nothing(database: Database) -> None:
    lane = Lane(TENANT, make_endpoint(database, "https://example.com/hook").id, "")
    notify(database, notification("a"))
    lease = Lease(database, now)
    lease.hold()
    fan_out(Work(lease, database, now))
    with database.reading() as snapshot:
        (due,) = deliveries_of(snapshot, lane, 10)
    outcome = AttemptOutcome(204)
    progress = after_attempt(due.progress, outcome, 7, is_test=False)
    for _ in range(2):
        with database.writing() as transaction:
            record_attempts(transaction, [AttemptRow(due.key, 7, 1, outcome, progress)])
    assert statuses(database) == [(1, "delivered", 1)]


def test_secrets_move_to_the_first_key(database: Database) -> None:
    endpoint = make_endpoint(database, "https://example.com/hook")
    both = Sealer(SecretKeys(("n" * 32, "k" * 32)))
    lease = Lease(database, now)
    lease.hold()
    Renewal(both)(Work(lease, database, now))
    renewed = stored_endpoint(database, endpoint.id)
    only = Sealer(SecretKeys(("n" * 32,)))
    assert only.open(renewed.url, endpoint.id) == "https://example.com/hook"
    assert renewed.secrets is not None
    assert only.is_current(renewed.secrets, endpoint.id)


@pytest.mark.parametrize(("kind", "field"), [("slack", "text"), ("teams", "attachments")])
def test_a_chat_gets_one_message_about_many(
    database: Database, receiver: Receiver, kind: str, field: str
) -> None:
    make_endpoint(database, receiver.url, kind=EndpointKind(kind), secrets=())
    many = [notification(it, data={"name": "<!channel> & co"}) for it in range(30)]
    notify(database, *many)
    with delivering(database):
        wait_until_delivered(database, 30)
    (found,) = receiver.received
    assert "webhook-signature" not in found.headers
    text = json.dumps(json.loads(found.body)[field])
    assert "and 10 more" in text
    assert text.count("trigger.reached") == 20
    if kind == "slack":
        assert "&lt;!channel&gt; &amp; co" in text


def test_a_test_is_sent_once_and_past_what_waits(database: Database, receiver: Receiver) -> None:
    endpoint = make_endpoint(database, receiver.url)
    receiver.decide = lambda _: Answer(500)
    notify(database, notification("a"))
    with delivering(database):
        wait_for(lambda: statuses(database)[:1] == [(1, "pending", 1)])
        test = notification("t", type=NotificationType.ENDPOINT_TEST, endpoint_ids=(endpoint.id,))
        notify(database, test)
        wait_for(lambda: statuses(database)[1:] == [(2, "failed", 1)])
        receiver.decide = lambda _: Answer()
        again = notification("u", type=NotificationType.ENDPOINT_TEST, endpoint_ids=(endpoint.id,))
        notify(database, again)
        wait_until_delivered(database, 2)
    assert statuses(database)[0] == (1, "delivered", 2)
