"""A tenant whose triggers are looked at, by a clock that the test sets."""

from datetime import datetime
from typing import Any

import msgspec

from tests.builders import Json, Platform
from tollbook.administration.budgets import NewBudget, set_budget
from tollbook.alerts.lease import Lease
from tollbook.alerts.look import Look
from tollbook.alerts.worker import Work
from tollbook.domain.events import microseconds
from tollbook.domain.exact import NANOS
from tollbook.domain.triggers import (
    Threshold,
    ThresholdKind,
    Trigger,
    TriggerOwner,
    TriggerPeriod,
    WatchedFigure,
    new_trigger_id,
)
from tollbook.store import directory, triggers
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database

NOON = "2024-01-15T12:00:00+00:00"
EARLIER = microseconds(datetime.fromisoformat("2020-01-01T00:00:00+00:00"))


class Watching(Platform):
    """A tenant with one organization; `look` does what the worker does."""

    passed = 100.0
    """The seconds on the clock of all leases."""

    def __init__(self, database: Database, tenant: str = "default", **given: Any) -> None:
        super().__init__(database, tenant)
        self.organization(**given)
        self.at(NOON)
        self.restart()

    def at(self, text: str) -> None:
        """Set the clock."""
        self.now = microseconds(datetime.fromisoformat(text))

    def restart(self) -> None:
        """Look from now on as a process that has just started, and takes the lease."""
        Watching.passed += 100
        passed = Watching.passed
        lease = Lease(self.database, lambda: int(Watching.passed * 1e6), lambda: passed)
        self.work = Work(lease, self.database, lambda: self.now)
        self._look = Look()

    def look(self, *, with_ended: bool = True) -> list[str]:
        """Look once, or until all is looked at; return what was notified since, oldest first."""
        assert self.work.lease.hold()
        before = len(self.notices())
        for looked in self._look._tenants.values():
            if with_ended:
                looked._ended_looked_at = 0
        while self._look(self.work) < 0.5:
            pass
        return [f"{it['type']} {it['data']['value']:g}" for it in self.notices()[before:]]

    def notices(self) -> list[Json]:
        """Return the notifications of this tenant, oldest first."""
        rows = self.rows(
            "SELECT type, data, id, trigger_id, to_tenant, to_organization FROM notifications "
            "WHERE tenant_id = :tenant ORDER BY number",
            tenant=self.tenant,
        )
        names = ("type", "data", "id", "trigger_id", "to_tenant", "to_organization")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        for it in found:
            it["data"] = msgspec.json.decode(it["data"])
        return found

    def trigger(self, *values: int | str, organization: str = "org_1", **given: Any) -> Trigger:
        """Add a trigger on the cost of a day, at these values, which are whole units of money."""
        number = self.number(organization) if organization else 0
        kind = given.pop("kind", ThresholdKind.VALUE)
        figure = given.pop("figure", WatchedFigure.COST)
        scale = NANOS if kind is ThresholdKind.VALUE and figure is WatchedFigure.COST else 1
        at = [it if isinstance(it, str) else str(it * scale) for it in values]
        since = given.pop("since", EARLIER)
        usual: dict[str, Any] = {
            "id": new_trigger_id(),
            "organization": number,
            "name": "A trigger",
            "figure": figure,
            "period": TriggerPeriod.DAY,
            "kind": kind,
            "thresholds": tuple(Threshold(it, since) for it in at),
            "owner": TriggerOwner.TENANT,
            "created_at": since,
            "changed_at": since,
            "watched_from": since,
            "currency": "" if organization else "USD",
        }
        trigger = Trigger(**{**usual, **given})
        with self.database.writing() as transaction:
            triggers.put_trigger(transaction, self.tenant, trigger)
        return trigger

    def budget(self, user: str = "", organization: str = "org_1", **given: Any) -> None:
        """Set a budget."""
        with self.database.writing() as transaction:
            row = directory.find_organization(transaction, self.tenant, organization)
            assert row is not None
            actor = Actor(self.tenant, COMMAND_LINE, self.now)
            set_budget(transaction, actor, row, user, NewBudget(**given))
