"""Events without a price are notified once for each organization, meter, country and reason."""

import pytest

from tests.alerts.watching import Watching
from tests.builders import event
from tests.rerating.builders import book
from tollbook.alerts import unpriced
from tollbook.alerts.unpriced import EmptyGroups, UnpricedGroups
from tollbook.domain.quarantine import QuarantineAction
from tollbook.store.database import Database

MESSAGES = "{meter: sms.outbound, price: 0.01, per: segment}"
BOOK = book(MESSAGES)
PRICED = book(MESSAGES, "{meter: voice.call, price: 0.01, per: second}")


class Unpriced(Watching):
    """A tenant whose price book has messages only, and the steps of the worker."""

    def told_of(self) -> list[tuple[str | None, str | None, str | None, str]]:
        """Look, and return meter, country, reason and event of what was notified since."""
        assert self.work.lease.hold()
        before = len(self.notices())
        while UnpricedGroups()(self.work) == 0:
            pass
        names = ("meter", "country", "code", "event_id")
        return [tuple(it["data"][name] for name in names) for it in self.notices()[before:]]

    def minute(self) -> None:
        """Delete what is empty."""
        assert self.work.lease.hold()
        assert EmptyGroups()(self.work) == 60

    def call(self, identity: str, to: str | None = "+442071838750", **given: object) -> None:
        attributes = None if to is None else {"to": to}
        assert self.statuses(event(id=identity, attributes=attributes, **given)) == ["quarantined"]


@pytest.fixture
def platform(database: Database) -> Unpriced:
    platform = Unpriced(database)
    platform.load(BOOK)
    return platform


def test_priced_events_are_not_notified(platform: Unpriced) -> None:
    platform.statuses(event(type="sms.outbound", quantity=1))
    assert platform.rows("SELECT * FROM unpriced_groups /* all tenants */") == []
    assert platform.told_of() == []


def test_the_first_event_of_each_kind_is_notified_once(platform: Unpriced) -> None:
    platform.call("1")
    assert platform.told_of() == [("voice.call", "GB", "no_price", "1")]
    platform.call("2")
    platform.call("3", "+33142685300")
    platform.call("4", None)
    platform.restart()
    assert platform.told_of() == [
        ("voice.call", "FR", "no_price", "3"),
        ("voice.call", None, "no_price", "4"),
    ]
    first = platform.notices()[0]
    assert first["type"] == "event.unpriced"
    assert (first["to_tenant"], first["to_organization"]) == (1, 0)
    assert first["data"] == {
        "organization_id": "org_1",
        "meter": "voice.call",
        "country": "GB",
        "code": "no_price",
        "event_id": "1",
        "ways_out": ["replay", "correct", "discard"],
    }


def test_an_unknown_organization_is_notified_after_it_exists(platform: Unpriced) -> None:
    platform.call("1", organization_id="org_2")
    assert platform.told_of() == []
    platform.organization("org_2")
    assert platform.replay() == 0
    assert platform.told_of() == [("voice.call", "GB", "no_price", "1")]


def test_a_group_is_notified_again_after_it_was_empty(platform: Unpriced) -> None:
    platform.call("1")
    platform.call("2", "+33142685300")
    assert len(platform.told_of()) == 2
    platform.load(PRICED)
    assert platform.replay() == 2
    platform.load(BOOK)
    platform.call("3")
    platform.minute()
    platform.call("4")
    platform.call("5", "+33142685300")
    # Britain had an event again before the minute was over.
    assert platform.told_of() == [("voice.call", "FR", "no_price", "5")]


def test_discarded_events_leave_their_group(platform: Unpriced) -> None:
    platform.call("1")
    platform.told_of()
    platform.run_over_quarantine(QuarantineAction.DISCARD)
    platform.minute()
    platform.call("2")
    assert platform.told_of() == [("voice.call", "GB", "no_price", "2")]
    assert len({it["id"] for it in platform.notices()}) == 2


def test_the_rest_of_many_groups_is_notified_once(
    platform: Unpriced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpriced, "MOST_GROUPS", 2)
    for number, to in enumerate(("+442071838750", "+33142685300", "+4930123456", "+390612345")):
        platform.call(str(number), to)
    assert [it[1:] for it in platform.told_of()] == [
        ("GB", "no_price", "0"),
        ("FR", "no_price", "1"),
        (None, None, "2"),
    ]
    platform.call("4", "+34912345678")
    assert platform.told_of() == []
