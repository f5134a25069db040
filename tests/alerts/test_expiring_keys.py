"""A key that expires is notified 30, 7 and 1 days before, if it lives twice as long."""

import pytest

from tests.alerts.watching import Watching
from tollbook.alerts.expiring_keys import ExpiringKeys
from tollbook.domain.keys import KeyScope, Permission
from tollbook.domain.keys import Limits as KeyLimits
from tollbook.domain.trigger_periods import DAY
from tollbook.store import keys
from tollbook.store.database import Database


class Expiring(Watching):
    """A tenant with keys, and the step that notifies of them."""

    step = ExpiringKeys()

    def issue(self, days: float, organization: str | None = None) -> str:
        """Issue a key that lives for some days from now."""
        number = self.number(organization) if organization else None
        scope, limits = KeyScope(self.tenant, organization), KeyLimits(self.now + int(days * DAY))
        with self.database.writing() as transaction:
            key, _ = keys.issue_key(
                transaction, "k", scope, (Permission.ADMIN,), self.now, number, limits
            )
        return key.prefix

    def told_after(self, days: float) -> list[int]:
        """Let time pass, look twice, and return the days left of what was notified."""
        self.now += int(days * DAY)
        assert self.work.lease.hold()
        before = len(self.notices())
        for _ in range(2):
            assert self.step(self.work) == 60
        return [it["data"]["days_left"] for it in self.notices()[before:]]


@pytest.fixture
def expiring(database: Database) -> Expiring:
    return Expiring(database)


def test_a_key_is_notified_on_each_of_the_days_once(expiring: Expiring) -> None:
    prefix = expiring.issue(100, "org_1")
    assert expiring.told_after(69) == []
    assert expiring.told_after(1) == [30]
    assert expiring.told_after(1) == []
    expiring.restart()
    expiring.step = ExpiringKeys()
    assert expiring.told_after(0) == []
    assert expiring.told_after(22.5) == [7]
    assert expiring.told_after(5.6) == [1]
    assert expiring.told_after(1) == []
    found = expiring.notices()[0]
    assert found["to_organization"] == 1
    assert found["data"] == {
        "key_prefix": prefix,
        "organization_id": "org_1",
        "expires_at": "2024-04-24T12:00:00Z",
        "days_left": 30,
    }


def test_a_short_life_has_fewer_notices(expiring: Expiring) -> None:
    expiring.issue(10)
    expiring.issue(1)
    assert expiring.told_after(0) == []
    assert expiring.told_after(9.5) == [1]


def test_a_revoked_key_is_not_notified(expiring: Expiring) -> None:
    prefix = expiring.issue(100)
    with expiring.database.writing() as transaction:
        keys.revoke_key(transaction, expiring.tenant, prefix, expiring.now)
    assert expiring.told_after(99) == []
