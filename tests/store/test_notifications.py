"""A notification is stored once for its occasion."""

from tests.builders import TENANT
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.store.database import Database
from tollbook.store.notifications import add_notifications


def notification(*occasion: str | int, tenant: str = TENANT) -> Notification:
    return Notification(
        tenant=tenant,
        type=NotificationType.KEY_EXPIRING,
        occasion=occasion,
        at=5,
        data={"key_prefix": "tb_0123456789ab"},
    )


def add(database: Database, *found: Notification) -> None:
    with database.writing() as transaction:
        add_notifications(transaction, found, 7)


def stored(database: Database, tenant: str = TENANT) -> list[tuple[int, str]]:
    with database.reading() as snapshot:
        sql = "SELECT number, id FROM notifications WHERE tenant_id = :tenant ORDER BY number"
        return [(int(row[0]), str(row[1])) for row in snapshot.rows(sql, tenant=tenant)]


def test_a_repeat_changes_nothing(database: Database) -> None:
    first, second = notification("a"), notification("b")
    add(database, first, second)
    add(database, second, first)
    assert [it[1] for it in stored(database)] == [first.id, second.id]


def test_the_order_is_kept_across_transactions(database: Database) -> None:
    found = [notification(number) for number in range(20)]
    add(database, *found[:7])
    add(database, *found[:10])
    add(database, *found[7:])
    assert [it[1] for it in stored(database)] == [it.id for it in found]


def test_tenants_have_numbers_of_their_own(database: Database) -> None:
    add(database, notification("a"), notification("a", tenant="other"), notification("b"))
    assert [number for number, _ in stored(database)] == [1, 2]
    assert [number for number, _ in stored(database, "other")] == [1]


def test_the_id_depends_on_tenant_type_and_occasion_only() -> None:
    one = notification("a", 7)
    assert one.id == notification("a", 7).id
    assert len({one.id, notification("a", "7").id, notification("a", 7, tenant="b").id}) == 3
    assert len(one.id) == 30
    assert one.id.startswith("ntf_")
