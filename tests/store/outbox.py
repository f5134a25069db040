"""Endpoints, notifications and deliveries in a transaction, with defaults."""

from typing import Any, NamedTuple

import msgspec

from tests.alerts.builders import notification
from tests.builders import TENANT
from tests.store.directories import AT
from tollbook.domain.deliveries import (
    AttemptCode,
    AttemptOutcome,
    DeliveryProgress,
    DeliveryStatus,
)
from tollbook.domain.endpoints import AlertEndpoint, EndpointKind, EndpointStatus
from tollbook.store import deliveries, endpoints
from tollbook.store.database import Transaction
from tollbook.store.deliveries import AttemptRow, DeliveryKey, Lane
from tollbook.store.notifications import add_notifications, hold_numbers

DELIVERED = AttemptOutcome(200)
REFUSED = AttemptOutcome(500, AttemptCode.HTTP_STATUS, "out of order")
FRESH = DeliveryProgress(DeliveryStatus.PENDING, 0, 0, False, None, AT)


class DeliveryRow(NamedTuple):
    """What the worker reads of a stored delivery."""

    status: str
    send_now: int
    set_aside: int
    attempts: int
    next_attempt_at: int


class Outbox:
    """What a tenant has to deliver."""

    def __init__(self, transaction: Transaction, tenant: str = TENANT) -> None:
        self.transaction = transaction
        self.tenant = tenant

    def endpoint(self, identity: str = "end_1", **given: Any) -> AlertEndpoint:
        usual: dict[str, Any] = {
            "tenant": self.tenant,
            "id": identity,
            "organization": None,
            "kind": EndpointKind.WEBHOOK,
            "name": identity,
            "url": "sealed",
            "shown_url": "https://acme.example",
            "types": (),
            "secrets": None,
            "status": EndpointStatus.ENABLED,
            "after_number": 0,
            "sequence": 0,
            "failing_since": None,
            "last_status": None,
            "created_at": AT,
            "changed_at": AT,
        }
        made = AlertEndpoint(**{**usual, **given})
        endpoints.add_endpoint(self.transaction, made)
        return made

    def mail(self, *addresses: str, identity: str = "end_1", **given: Any) -> AlertEndpoint:
        return self.endpoint(
            identity, kind=EndpointKind.MAIL, url=None, addresses=addresses, **given
        )

    def notify(self, occasion: str | int, now: int = AT, **given: Any) -> int:
        """Add a notification; return its number."""
        made = notification(occasion, tenant=self.tenant, **given)
        add_notifications(self.transaction, [made], now)
        return hold_numbers(self.transaction, self.tenant)

    def deliver(
        self,
        sequence: int,
        endpoint: str = "end_1",
        address: str = "",
        number: int = 0,
        now: int = AT,
        send_now: bool = False,
    ) -> DeliveryKey:
        """Add a delivery, of a notification of its own unless `number` is that of one."""
        key = DeliveryKey(Lane(self.tenant, endpoint, address), sequence)
        number = number or self.notify(f"{endpoint} {address} {sequence}")
        deliveries.add_deliveries(self.transaction, [(key, number, send_now)], now)
        return key

    def attempt(
        self,
        key: DeliveryKey,
        at: int = AT,
        outcome: AttemptOutcome = DELIVERED,
        **changes: Any,
    ) -> AttemptRow:
        """Record an attempt, the first one unless `changes` of its progress say otherwise."""
        status = DeliveryStatus.DELIVERED if outcome.is_delivered else DeliveryStatus.PENDING
        usual = {"status": status, "attempts": 1, "first_attempt_at": at}
        progress = msgspec.structs.replace(FRESH, **{**usual, **changes})
        row = AttemptRow(key, at, 30, outcome, progress)
        deliveries.record_attempts(self.transaction, [row])
        return row

    def row(self, key: DeliveryKey) -> DeliveryRow:
        found = self.transaction.row(
            "SELECT status, send_now, set_aside, attempts, next_attempt_at FROM deliveries "
            "WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND address = :address "
            "AND sequence = :sequence",
            **key.lane._asdict(),
            sequence=key.sequence,
        )
        assert found is not None
        return DeliveryRow(*found)

    def status(self, key: DeliveryKey) -> str:
        return self.row(key).status
