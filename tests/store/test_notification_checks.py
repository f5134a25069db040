"""`verify` finds what was reached or cleared, and not notified."""

import pytest

from tests.alerts.watching import Watching
from tests.builders import event, reversal
from tollbook.store.database import Database
from tollbook.store.notification_checks import notification_differences


@pytest.fixture
def watching(database: Database) -> Watching:
    return Watching(database)


def types(watching: Watching) -> list[str]:
    with watching.database.reading() as snapshot:
        return [str(it.row["type"]) for it in notification_differences(snapshot)]


def remove(watching: Watching, kind: str) -> None:
    with watching.database.writing() as transaction:
        transaction.execute(
            "DELETE FROM notifications WHERE tenant_id = :tenant AND type = :type",
            tenant=watching.tenant,
            type=kind,
        )


def test_nothing_was_reached(watching: Watching) -> None:
    assert types(watching) == []


def test_each_state_has_its_notification(watching: Watching) -> None:
    watching.trigger(1, organization="")
    watching.statuses(event(id="0", cost="5"))
    assert watching.look() == ["trigger.reached 5"]
    watching.now += 1_000_000
    watching.trigger(10)
    watching.budget(monthly=20, alert_at=(0.5,))
    watching.statuses(event(id="1", cost="50"))
    assert sorted(watching.look()) == ["budget.reached 55", "trigger.reached 55"]
    watching.now += 1_000_000
    watching.reverse(reversal("1"))
    assert sorted(watching.look()) == ["budget.cleared 5", "trigger.cleared 5"]
    assert types(watching) == []
    remove(watching, "trigger.cleared")
    remove(watching, "budget.reached")
    assert sorted(types(watching)) == [
        "trigger.cleared or budget.cleared",
        "trigger.reached or budget.reached",
    ]
    # What is not newer than the oldest that is kept may have been removed by the retention.
    remove(watching, "trigger.reached")
    assert types(watching) == []
