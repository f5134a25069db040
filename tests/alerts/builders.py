"""Notifications, endpoints and a worker, with defaults."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

import msgspec

from tests.builders import TENANT
from tests.waiting import wait_for
from tollbook.alerts.process import Alerts
from tollbook.domain.deliveries import DeliveryStatus
from tollbook.domain.endpoints import (
    AlertEndpoint,
    EndpointKind,
    EndpointStatus,
    SigningSecret,
    new_endpoint_id,
    new_signing_secret,
)
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.sealing import Sealer
from tollbook.domain.viewers import SecretKeys
from tollbook.store.database import Database
from tollbook.store.endpoints import add_endpoint, find_endpoint
from tollbook.store.notifications import add_notifications
from tollbook.wiring import now

LOOPBACK = (ip_network("127.0.0.0/8"),)
SEALER = Sealer(SecretKeys(("k" * 32,)))


def notification(occasion: str | int, **given: Any) -> Notification:
    usual: dict[str, Any] = {
        "tenant": TENANT,
        "type": NotificationType.TRIGGER_REACHED,
        "at": 1_705_314_600_123_000,
        "data": {"trigger_id": "trg_1", "value": 51.27},
    }
    return Notification(occasion=(occasion,), **{**usual, **given})


def notify(database: Database, *found: Notification) -> list[str]:
    with database.writing() as transaction:
        add_notifications(transaction, found, now())
    return [it.id for it in found]


def make_endpoint(
    database: Database,
    url: str | None,
    secrets: tuple[str, ...] = (),
    sealed_url: str = "",
    **given: Any,
) -> AlertEndpoint:
    identity = new_endpoint_id()
    texts = secrets or (new_signing_secret(),)
    signing = msgspec.json.encode([SigningSecret(text) for text in texts]).decode()
    usual: dict[str, Any] = {
        "tenant": TENANT,
        "id": identity,
        "organization": None,
        "kind": EndpointKind.WEBHOOK,
        "name": "Billing",
        "url": None if url is None else sealed_url or SEALER.seal(url, identity),
        "shown_url": url,
        "types": (),
        "secrets": None if url is None else SEALER.seal(signing, identity),
        "status": EndpointStatus.ENABLED,
        "after_number": 0,
        "sequence": 0,
        "failing_since": None,
        "last_status": None,
        "created_at": now(),
        "changed_at": now(),
    }
    endpoint = AlertEndpoint(**{**usual, **given})
    with database.writing() as transaction:
        add_endpoint(transaction, endpoint)
    return endpoint


def stored_endpoint(database: Database, identity: str) -> AlertEndpoint:
    with database.reading() as snapshot:
        found = find_endpoint(snapshot, TENANT, identity)
    assert found is not None
    return found


class Clock:
    """The time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return now() + self.ahead


@contextmanager
def delivering(database: Database, clock: Clock | None = None, **given: Any) -> Iterator[Alerts]:
    alerts = Alerts(database, clock or Clock(), SEALER, LOOPBACK, **given)
    alerts.open()
    try:
        yield alerts
    finally:
        alerts.close()


def statuses(database: Database) -> list[tuple[int, str, int]]:
    """Return sequence, status and attempts of all deliveries of the tenant."""
    with database.reading() as snapshot:
        rows = snapshot.rows(
            "SELECT sequence, status, attempts FROM deliveries WHERE tenant_id = :tenant "
            "ORDER BY endpoint_id, sequence",
            tenant=TENANT,
        )
    return [(int(sequence), str(status), int(attempts)) for sequence, status, attempts in rows]


def wait_until_delivered(database: Database, count: int) -> None:
    done = DeliveryStatus.DELIVERED
    wait_for(lambda: [it[1] for it in statuses(database)].count(done) == count)
