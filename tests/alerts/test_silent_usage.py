"""No events for longer than usual is notified once, with what it looks like, and so is the end."""

from collections.abc import Iterable
from datetime import datetime

import pytest

from tests.alerts.watching import Watching
from tests.builders import Json, event
from tollbook.alerts.missed_hours import HOUR, History
from tollbook.alerts.silent_usage import SilentUsage
from tollbook.domain.events import microseconds
from tollbook.domain.keys import KeyScope, Permission
from tollbook.domain.trigger_periods import DAY
from tollbook.store import keys, silences
from tollbook.store.database import Database
from tollbook.store.silences import SilenceSubject

MINUTE = 60_000_000
NOON = microseconds(datetime.fromisoformat("2024-03-04T12:00:00+00:00"))
"""A Monday."""
ROWS = "SELECT COUNT(*) FROM received_hours /* all tenants */"


class Silent(Watching):
    """A tenant whose events are received when a test says so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.now = NOON
        self.step = SilentUsage()
        self.send(event())
        self.receive(NOON)

    def receive(self, at: int, organization: str = "org_1") -> None:
        """Receive events at an instant."""
        with self.database.writing() as transaction:
            transaction.execute(
                "UPDATE ledger_versions SET received_at = :at WHERE organization_id = :number",
                at=at,
                number=self.number(organization),
            )

    def receive_usually(self, weeks: int, hours: range, organization: str = "org_1") -> None:
        """Have received events in these hours of each day of the weeks up to now."""
        today, number = self.now // DAY, self.number(organization)
        found = [(day * 24 + hour) for day in range(today - 7 * weeks, today) for hour in hours]
        with self.database.writing() as transaction:
            for it in (number, silences.WHOLE_TENANT):
                subject = SilenceSubject(self.tenant, it)
                silences.add_hours(transaction, ((subject, hour) for hour in found))

    def told_at(self, text: str) -> list[str]:
        """Look twice at an instant; return whose notifications, and what they say."""
        self.at(text)
        assert self.work.lease.hold()
        before = len(self.notices())
        for _ in range(2):
            assert self.step(self.work) == 60
        return [_line(it) for it in self.notices()[before:]]

    def sender(self, organization: str | None = None) -> str:
        """Issue a key that may send events."""
        scope = KeyScope(self.tenant, organization)
        number = self.number(organization) if organization else None
        with self.database.writing() as transaction:
            granted = (Permission.WRITE_EVENTS,)
            return keys.issue_key(transaction, "k", scope, granted, NOON - DAY, number)[0].prefix

    def use(self, prefix: str, at: int) -> None:
        with self.database.writing() as transaction:
            keys.write_uses(transaction, {(self.tenant, prefix): at})


def _line(notices: Json) -> str:
    data = notices["data"]
    whose = data["organization_id"] or "tenant"
    return f"{whose} {notices['type'].removeprefix('usage.')} {data['hours_missed']}"


@pytest.fixture
def silent(database: Database) -> Silent:
    return Silent(database)


def test_hours_are_stored_and_old_ones_are_deleted(silent: Silent) -> None:
    silent.receive_usually(30, range(24))
    silent.told_at("2024-03-04T12:00:30Z")
    silent.receive(NOON + HOUR)
    silent.told_at("2024-03-04T13:00:30Z")
    number = silent.number("org_1")
    with silent.database.reading() as snapshot:
        found = silences.hours_of(snapshot, silent.tenant, [number, 0])
    assert set(found) == {number, 0}
    for days in found.values():
        assert len(days) == 17 * 7 + 1
        assert max(days) == (NOON // DAY, 0b11 << 12)


def test_a_silence_is_notified_once_and_so_is_its_end(silent: Silent) -> None:
    silent.receive_usually(8, range(24))
    assert silent.told_at("2024-03-04T13:59:00Z") == []
    assert silent.told_at("2024-03-04T14:00:00Z") == ["tenant silent 1.0"]
    assert silent.told_at("2024-03-04T15:59:00Z") == []
    silent.restart()
    assert silent.told_at("2024-03-04T16:00:00Z") == ["org_1 silent 3.0"]
    silent.restart()
    assert silent.told_at("2024-03-04T20:00:00Z") == []
    silent.receive(NOON + 8 * HOUR)
    ends = ["org_1 resumed 7.0", "tenant resumed 7.0"]
    assert sorted(silent.told_at("2024-03-04T20:01:00Z")) == ends
    notices = silent.notices()
    assert [(it["to_tenant"], it["to_organization"]) for it in notices] == [
        (1, 0),
        (1, 1),
        *((1, int("org" in str(it["data"]["organization_id"]))) for it in notices[2:]),
    ]
    assert notices[1]["data"] == {
        "organization_id": "org_1",
        "last_event_received_at": "2024-03-04T12:00:00Z",
        "hours_missed": 3.0,
        "sender_last_used_at": None,
        "tenant_last_event_received_at": "2024-03-04T12:00:00Z",
        "looks_like": "sender_stopped",
    }
    assert len({it["id"] for it in notices}) == 4


def test_the_next_silence_is_another_one(silent: Silent) -> None:
    silent.receive_usually(8, range(24))
    assert silent.told_at("2024-03-04T14:00:00Z") == ["tenant silent 1.0"]
    silent.receive(NOON + 3 * HOUR)
    assert silent.told_at("2024-03-04T15:01:00Z") == ["tenant resumed 2.0"]
    assert silent.told_at("2024-03-04T16:59:00Z") == []
    assert silent.told_at("2024-03-04T17:00:00Z") == ["tenant silent 1.0"]


def test_nights_are_usually_silent(silent: Silent) -> None:
    silent.receive_usually(8, range(8, 13))
    assert silent.told_at("2024-03-05T08:59:00Z") == []
    assert silent.told_at("2024-03-05T09:00:00Z") == ["tenant silent 1.0"]
    assert silent.told_at("2024-03-05T11:00:00Z") == ["org_1 silent 3.0"]


def test_less_than_two_weeks_are_not_enough(silent: Silent) -> None:
    silent.receive_usually(1, range(24))
    assert silent.told_at("2024-03-05T11:00:00Z") == []


def test_an_unused_tenant_stores_nothing(database: Database) -> None:
    watching = Watching(database)
    assert watching.work.lease.hold()
    assert SilentUsage()(watching.work) == 60
    assert watching.notices() == []
    assert watching.rows(ROWS) == [(0,)]


def test_what_a_silence_looks_like(silent: Silent) -> None:
    silent.organization("org_2")
    silent.send(event(id="2", organization_id="org_2"))
    silent.receive(NOON + 3 * HOUR, "org_2")
    silent.receive_usually(8, range(24))

    def looks_like() -> str:
        silent.told_at("2024-03-04T16:00:00Z")
        (notices,) = (it for it in silent.notices() if it["data"]["organization_id"] == "org_1")
        with silent.database.writing() as transaction:
            for table in ("notifications", "silences"):
                transaction.execute(
                    f"DELETE FROM {table} WHERE tenant_id = :tenant", tenant=silent.tenant
                )
        silent.restart()
        return str(notices["data"]["looks_like"])

    assert looks_like() == "no_usage"
    wide, own = silent.sender(), silent.sender("org_1")
    assert looks_like() == "sender_stopped"
    silent.use(own, NOON + MINUTE)
    assert looks_like() == "sender_stopped"
    silent.use(wide, NOON + HOUR)
    assert looks_like() == "no_usage"
    silent.use(own, NOON + HOUR)
    assert looks_like() == "nothing_accepted"


@pytest.mark.parametrize(("weeks", "missed"), [(1, 0.0), (2, 1.0), (3, 1.0), (8, 1.0), (12, 1.0)])
def test_an_hour_of_every_week_counts_as_one(weeks: int, missed: float) -> None:
    at = 500_000
    history = History(_days(at - 168 * it for it in range(1, weeks + 1)))
    assert history.missed(at, at + 1) == missed


def test_the_share_sinks_with_the_weeks_of_a_silence() -> None:
    at = 500_000
    history = History(_days(at - 168 * it for it in range(1, 9)))
    ends = [history.missed(at, at + 168 * it + 1) for it in (0, 1, 2, 7, 8)]
    assert ends == [1.0, 1.875, 2.625, 4.5, 4.5]
    assert History(()).missed(0, 100) == 0.0


def _days(hours: Iterable[int]) -> list[tuple[int, int]]:
    return [(hour // 24, 1 << hour % 24) for hour in hours]
