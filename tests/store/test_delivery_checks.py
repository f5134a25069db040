"""Deliveries that are missing are found, unless they were old."""

import pytest

from tests.alerts.builders import make_endpoint, notification
from tests.builders import TENANT
from tollbook.alerts.fan_out import fan_out
from tollbook.alerts.lease import Lease
from tollbook.alerts.retention import Retention
from tollbook.alerts.worker import Work
from tollbook.domain.endpoints import AlertEndpoint
from tollbook.store.database import Database
from tollbook.store.delivery_checks import CHECK, delivery_differences
from tollbook.store.notifications import add_notifications

_DAY = 24 * 3600 * 1_000_000
DAYS = 100


class Kept:
    """An endpoint with a delivery a day; some were written by a server whose clock is behind."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = DAYS * _DAY
        self.endpoint: AlertEndpoint = make_endpoint(database, "https://example.com/hook")
        for day in range(1, DAYS):
            is_behind = day % 3 == 0
            with database.writing() as transaction:
                written_at = (day - 10 * is_behind) * _DAY
                add_notifications(transaction, [notification(day)], written_at)
        lease = Lease(database, lambda: self.now)
        lease.hold()
        self.work = Work(lease, database, lambda: self.now)
        fan_out(self.work)

    def differences(self) -> list[dict[str, object]]:
        with self.database.reading() as snapshot:
            found = list(delivery_differences(snapshot))
        assert {it.check for it in found} <= {CHECK}
        return [it.row for it in found]

    def remove(self, condition: str) -> None:
        with self.database.writing() as transaction:
            sql = f"DELETE FROM deliveries WHERE tenant_id = :tenant AND {condition}"
            assert transaction.execute(sql, tenant=TENANT) > 0


@pytest.fixture
def kept(database: Database) -> Kept:
    return Kept(database)


def test_deliveries_without_gaps_are_no_difference(kept: Kept) -> None:
    assert kept.differences() == []


@pytest.mark.parametrize("condition", ["sequence = 50", "sequence >= 98", "sequence % 2 = 0"])
def test_a_missing_delivery_is_found(kept: Kept, condition: str) -> None:
    kept.remove(condition)
    (found,) = kept.differences()
    assert (found["tenant_id"], found["endpoint_id"]) == (TENANT, kept.endpoint.id)
    assert found["last_of_endpoint"] == DAYS - 1


@pytest.mark.parametrize("days", [95, 89, 50, 1])
def test_old_deliveries_are_no_gap(kept: Kept, days: int) -> None:
    Retention(days)(kept.work)
    assert kept.differences() == []


def test_the_deliveries_of_a_removed_endpoint_have_no_gaps_either(kept: Kept) -> None:
    with kept.database.writing() as transaction:
        transaction.execute("DELETE FROM endpoints WHERE tenant_id = :tenant", tenant=TENANT)
    assert kept.differences() == []
    kept.remove("sequence = 7")
    assert len(kept.differences()) == 1
