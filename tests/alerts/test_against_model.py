"""Random histories against a model that looks after each step: each threshold fires once."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.watching import Watching
from tests.builders import correction, event, reversal
from tests.properties.profile import examples
from tests.rerating.builders import Past, book
from tollbook.administration.tenants import change_tenant
from tollbook.domain.directory import zone
from tollbook.domain.triggers import Trigger, TriggerPeriod
from tollbook.store.database import Database

START = datetime(2024, 1, 14, 12, tzinfo=UTC)
ZONES = {"org_1": "America/New_York", "org_2": "Asia/Kolkata"}
PRICES = ("0.5", "2")
Step = tuple[Any, ...]

_organizations = st.sampled_from(sorted(ZONES))
_events = st.tuples(
    st.just("send"),
    _organizations,
    st.integers(-50, 2),  # hours from the clock: late, and a little early
    st.integers(1, 60),
    st.sampled_from(["user_1", "user_2"]),
)
_steps = st.one_of(
    _events,
    _events,
    st.tuples(st.just("reverse"), st.integers(0, 30)),
    st.tuples(st.just("correct"), st.integers(0, 30), st.integers(1, 60)),
    st.tuples(st.just("pass"), st.integers(1, 15)),
    st.tuples(st.just("zone"), st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"])),
    st.tuples(st.just("budget"), st.integers(20, 200)),
    st.tuples(st.just("rerate"), st.sampled_from(PRICES)),
    st.tuples(st.just("restart")),
)


class Sent(NamedTuple):
    """An event that counts, with its cost as it is now."""

    organization: str
    user: str
    time: datetime
    quantity: int


class Model:
    """What must have been fired: computed from single events, with Python's calendar."""

    def __init__(self) -> None:
        self.events: dict[str, Sent] = {}
        self.costs: dict[str, float] = {}
        self.fired: dict[tuple[str, datetime, float], bool] = {}

    def value(self, organization: str, user: str, start: datetime, end: datetime) -> float:
        """Add up the costs of a subject between two instants."""
        return sum(
            self.costs[identity]
            for identity, it in self.events.items()
            if organization in ("", it.organization)
            and user in ("", it.user)
            and start <= it.time < end
        )


class Play:
    """The ledger and the model side by side."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.watching = Watching(database, tenant, timezone=ZONES["org_1"])
        self.watching.organization("org_2", timezone=ZONES["org_2"])
        self.price = "1"
        self._load(self.price)
        self.model, self.now, self.number = Model(), START, 0
        midnights = [START.replace(hour=0) + timedelta(days=it) for it in range(-10, 2)]
        self.tenant_days = list(pairwise(midnights))
        self.zone = "UTC"
        self._set_clock()
        self.subjects: list[tuple[Trigger, str, str, tuple[float, ...]]] = []
        for organization in ("org_1", "org_2", ""):
            trigger = self.watching.trigger(20, 50, 100, organization=organization)
            self.subjects.append((trigger, organization, "", (20, 50, 100)))
        trigger = self.watching.trigger(30, user_id="user_1", period=TriggerPeriod.DAY)
        self.subjects.append((trigger, "org_1", "user_1", (30,)))

    def _load(self, price: str) -> None:
        rate = f"{{meter: voice.call, price: {price}, per: second}}"
        self.watching.load(book(rate, since="2024-01-01"))

    def _set_clock(self) -> None:
        self.watching.at(self.now.isoformat())

    def step(self, step: Step) -> None:
        getattr(self, step[0])(*step[1:])

    def send(self, organization: str, hours: int, quantity: int, user: str) -> None:
        self.number += 1
        identity, time = f"e{self.number}", self.now + timedelta(hours=hours)
        sent = event(
            id=identity,
            organization_id=organization,
            user_id=user,
            time=time.isoformat(),
            quantity=quantity,
        )
        assert self.watching.statuses(sent) == ["accepted"]
        self._count(identity, Sent(organization, user, time, quantity))

    def _count(self, identity: str, sent: Sent) -> None:
        self.model.events[identity] = sent
        self.model.costs[identity] = float(self.price) * sent.quantity

    def reverse(self, at: int) -> None:
        for identity in self._pick(at):
            organization = self.model.events.pop(identity).organization
            back = reversal(identity, organization_id=organization)
            assert self.watching.reversed(back) == [("accepted", None)]

    def correct(self, at: int, quantity: int) -> None:
        for identity in self._pick(at):
            self.number += 1
            sent = self.model.events.pop(identity)
            new = f"e{self.number}"
            change = correction(
                identity, id=new, organization_id=sent.organization, quantity=quantity
            )
            assert self.watching.corrected(change) == [("accepted", None)]
            self._count(new, sent._replace(quantity=quantity))

    def _pick(self, at: int) -> list[str]:
        known = sorted(self.model.events)
        return [known[at % len(known)]] if known else []

    def zone_change(self, name: str) -> None:
        with self.watching.database.writing() as transaction:
            actor = self.watching.actor()._replace(at=self.watching.now)
            change_tenant(transaction, actor, None, None, name)
        self.zone = name

    def budget(self, amount: int) -> None:
        self.watching.budget(organization="org_2", daily=amount, alert_at=(1.0,))

    def rerate(self, price: str) -> None:
        self._load(price)
        self.price = price
        past = Past(self.watching)
        past.apply()
        for identity, it in self.model.events.items():
            self.model.costs[identity] = float(price) * it.quantity

    def restart(self) -> None:
        self.watching.restart()

    def days(self, organization: str) -> list[tuple[datetime, datetime]]:
        """Return the last days of a subject, as instants."""
        if not organization:
            while self.tenant_days[-1][1] <= self.now:
                start = self.tenant_days[-1][1]
                following = start.astimezone(zone(self.zone)).date() + timedelta(days=1)
                end = datetime.combine(following, datetime.min.time(), zone(self.zone))
                self.tenant_days.append((start, end.astimezone(UTC)))
            return self.tenant_days
        in_zone = zone(ZONES[organization])
        today = self.now.astimezone(in_zone).date()
        midnights = [
            datetime.combine(today + timedelta(days=it), datetime.min.time(), in_zone)
            for it in range(-10, 2)
        ]
        return list(pairwise(midnights))

    def look(self) -> None:
        """Look at both, and compare what was notified."""
        expected: dict[tuple[str, bool], int] = defaultdict(int)
        for trigger, organization, user, thresholds in self.subjects:
            for start, end in self.days(organization):
                value = self.model.value(organization, user, start, end)
                for threshold in thresholds:
                    key = trigger.id, start.astimezone(UTC), threshold
                    if key not in self.model.fired and value >= threshold:
                        self.model.fired[key] = True
                        expected[trigger.id, False] += 1
                    elif self.model.fired.get(key) and value < threshold:
                        self.model.fired[key] = False
                        expected[trigger.id, True] += 1
        before = len(self.watching.notices())
        self.watching.look()
        found: dict[tuple[str, bool], int] = defaultdict(int)
        for it in self.watching.notices()[before:]:
            if it["type"].startswith("trigger."):
                found[it["trigger_id"], it["type"].endswith("cleared")] += 1
        assert found == expected
        ids = [it["id"] for it in self.watching.notices()]
        assert len(ids) == len(set(ids))


def play(database: Database, tenant: str, steps: list[Step]) -> None:
    """Play a history, with a look after each step."""
    it = Play(database, tenant)
    it.look()
    for step in steps:
        if step[0] == "pass":
            it.now += timedelta(hours=step[1])
            it._set_clock()
            it.days("")
        elif step[0] == "zone":
            it.days("")
            it.zone_change(step[1])
        else:
            it.step(step)
        it.look()


_tenants = iter(range(10**6))


@examples(12)
@given(steps=st.lists(_steps, min_size=4, max_size=14))
def test_each_threshold_fires_once_and_clears_once(database: Database, steps: list[Step]) -> None:
    play(database, f"t{next(_tenants)}", steps)


@pytest.mark.parametrize("hours", [-30, 0])
def test_a_history_with_everything(database: Database, hours: int) -> None:
    play(
        database,
        "all",
        [
            ("send", "org_1", hours, 60, "user_1"),
            ("send", "org_2", hours, 60, "user_2"),
            ("rerate", "0.5"),
            ("zone", "Asia/Tokyo"),
            ("send", "org_1", -1, 55, "user_1"),
            ("pass", 13),
            ("send", "org_2", 0, 60, "user_1"),
            ("restart",),
            ("correct", 0, 3),
            ("budget", 100),
            ("rerate", "2"),
            ("reverse", 1),
            ("pass", 15),
            ("send", "org_1", -40, 60, "user_1"),
        ],
    )
