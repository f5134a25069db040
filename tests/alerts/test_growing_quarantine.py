"""A quarantine that grows is notified, and again only when it doubled, or fell to half and grew."""

import pytest

from tests.alerts.watching import Watching
from tests.builders import Json, event
from tollbook.alerts import growing_quarantine
from tollbook.alerts.growing_quarantine import GrowingQuarantine
from tollbook.domain.quarantine import QuarantineAction, Selection
from tollbook.store.database import Database

MINUTE = 60_000_000
NOTHING: list[tuple[int, int]] = []


class Growing(Watching):
    """A tenant whose events name an unknown organization."""

    sent = 0

    def waits(self, count: int, organization: str = "lost") -> None:
        """Send more events, or discard some, until so many wait."""
        new = range(self.sent, self.sent + max(0, count - self.waiting))
        self.sent += len(new)
        self.statuses(*(event(id=f"{it:06}", organization_id=organization) for it in new))
        ids = [it[0] for it in self._ids()[count:]]
        if ids:
            selection = Selection(organization=self.number(organization), ids=tuple(ids))
            self.run_over_quarantine(QuarantineAction.DISCARD, selection)
        assert self.waiting == count

    @property
    def waiting(self) -> int:
        return len(self._ids())

    def _ids(self) -> list[tuple[str]]:
        return list(self.rows("SELECT id_text(id) FROM quarantine ORDER BY id /* all tenants */"))

    def told_after(self, minutes: int) -> list[tuple[int, int]]:
        """Let time pass and look; return how many wait and waited, of what was notified."""
        self.now += minutes * MINUTE
        assert self.work.lease.hold()
        before = len(self.notices())
        assert GrowingQuarantine()(self.work) == 60
        return [_numbers(it) for it in self.notices()[before:]]


def _numbers(notices: Json) -> tuple[int, int]:
    return notices["data"]["waiting"], notices["data"]["hour_ago"]


@pytest.fixture
def platform(database: Database, monkeypatch: pytest.MonkeyPatch) -> Growing:
    monkeypatch.setattr(growing_quarantine, "FEWEST", 10)
    return Growing(database)


def test_nothing_waits(platform: Growing) -> None:
    assert platform.told_after(0) == NOTHING
    assert platform.rows("SELECT * FROM quarantine_samples /* all tenants */") == []


def test_few_events_are_not_notified_and_many_are_once(platform: Growing) -> None:
    platform.waits(9)
    assert platform.told_after(0) == NOTHING
    platform.waits(10)
    assert platform.told_after(1) == [(10, 0)]
    platform.restart()
    assert platform.told_after(1) == NOTHING
    (notices,) = platform.notices()
    assert notices["type"] == "quarantine.growing"
    assert (notices["to_tenant"], notices["to_organization"]) == (1, 0)
    assert notices["data"] == {
        "organization_id": None,
        "waiting": 10,
        "hour_ago": 0,
        "codes": {"unknown_organization": 10},
    }


def test_it_is_notified_again_when_it_doubled(platform: Growing) -> None:
    platform.waits(10)
    assert platform.told_after(0) == [(10, 0)]
    platform.waits(19)
    assert platform.told_after(30) == NOTHING
    platform.waits(20)
    assert platform.told_after(31) == [(20, 10)]


def test_slow_growth_is_not_notified(platform: Growing) -> None:
    platform.waits(9)
    platform.told_after(0)
    for count in (11, 14, 18):
        platform.waits(count)
        assert platform.told_after(60) == NOTHING, count
        assert platform.told_after(1) == NOTHING, count


def test_it_is_notified_again_after_it_fell_to_half(platform: Growing) -> None:
    platform.waits(20)
    assert platform.told_after(0) == [(20, 0)]
    platform.waits(10)
    assert platform.told_after(61) == NOTHING
    platform.waits(15)
    assert platform.told_after(61) == [(15, 10)]
    assert len({it["id"] for it in platform.notices()}) == 2


def test_samples_of_more_than_an_hour_ago_are_removed(platform: Growing) -> None:
    for count in (1, 2, 3):
        platform.waits(count)
        platform.told_after(1)
    platform.told_after(61)
    samples = "SELECT waiting FROM quarantine_samples ORDER BY at /* all tenants */"
    assert platform.rows(samples) == [(3,)]
    platform.waits(0)
    platform.told_after(1)
    platform.told_after(61)
    assert platform.rows(samples) == []
