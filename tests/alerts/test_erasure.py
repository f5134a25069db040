"""Erasing a person erases names of triggers on that user, and answers to notifications."""

from tests.alerts.builders import (
    delivering,
    make_endpoint,
    notification,
    notify,
    stored_endpoint,
    wait_until_delivered,
)
from tests.alerts.receivers import Answer, receiving
from tests.alerts.watching import Watching
from tests.builders import TENANT, Platform, event
from tollbook.alerts.fan_out import fan_out
from tollbook.alerts.lease import Lease
from tollbook.alerts.worker import Work
from tollbook.domain.deliveries import AttemptOutcome, after_attempt
from tollbook.domain.directory import User
from tollbook.domain.endpoints import EndpointKind
from tollbook.domain.notifications import NotificationType
from tollbook.store import directory, erasure, mail, removal, triggers
from tollbook.store.database import Database
from tollbook.store.deliveries import AttemptRow, Lane, deliveries_of, record_attempts
from tollbook.wiring import now


def test_answers_to_notifications_about_a_user_are_erased(database: Database) -> None:
    platform = Platform(database)
    about = {"organization": platform.organization(), "type": NotificationType.TRIGGER_REACHED}
    with receiving() as receiver:
        receiver.decide = lambda _: Answer(200, b"thank you")
        make_endpoint(database, receiver.url)
        notify(
            database,
            notification("a", user_id="user_1", **about),
            notification("b", user_id="user_2", **about),
            notification("c", **about),
        )
        with delivering(database):
            wait_until_delivered(database, 3)
    with database.writing() as transaction:
        erasure.user_fields(transaction, about["organization"], "user_1")
    excerpts = platform.rows(
        "SELECT excerpt FROM delivery_attempts WHERE tenant_id = :tenant ORDER BY sequence",
        tenant=platform.tenant,
    )
    assert [it[0] for it in excerpts] == ["", "thank you", "thank you"]


def test_an_answer_to_several_notifications_is_erased_with_each(database: Database) -> None:
    platform = Platform(database)
    number = platform.organization()
    with receiving() as receiver:
        receiver.decide = lambda _: Answer(200, b"ok")
        make_endpoint(database, receiver.url, kind=EndpointKind.SLACK)
        users = [f"user_{place % 2}" for place in range(8)]
        notify(
            database,
            *(
                notification(place, user_id=user, organization=number)
                for place, user in enumerate(users)
            ),
        )
        with delivering(database):
            wait_until_delivered(database, 8)
        assert len(receiver.received) == 1
    with database.writing() as transaction:
        erasure.user_fields(transaction, number, "user_1")
    sql = "SELECT DISTINCT excerpt FROM delivery_attempts WHERE tenant_id = :tenant"
    assert platform.rows(sql, tenant=platform.tenant) == [("",)]


def test_the_mail_address_of_a_user_is_erased(database: Database) -> None:
    platform = Platform(database)
    number = platform.organization()
    with database.writing() as transaction:
        directory.add_user(transaction, number, User("user_1", "Ann", "Ann@example.com"), now())
    mails = {"kind": EndpointKind.MAIL, "types": ("trigger.*",)}
    both = make_endpoint(database, None, addresses=("ann@example.com", "b@example.com"), **mails)
    alone = make_endpoint(database, None, addresses=("ANN@example.com",), **mails)
    lease = Lease(database, now)
    assert lease.hold()
    work = Work(lease, database, now)
    notify(database, notification("a"))
    fan_out(work)
    lane = Lane(TENANT, both.id, "ann@example.com")
    with database.reading() as snapshot:
        (due,) = deliveries_of(snapshot, lane, 10)
    with database.writing() as transaction:
        mail.unsubscribe(transaction, lane, now())
        erasure.user_fields(transaction, number, "user_1")
    with database.writing() as transaction:  # the mail was under way
        outcome = AttemptOutcome(250, excerpt="ok ann@example.com")
        progress = after_attempt(due.progress, outcome, now(), is_test=False)
        record_attempts(transaction, [AttemptRow(due.key, now(), 1, outcome, progress)])
    notify(database, notification("b"))
    fan_out(work)
    assert stored_endpoint(database, both.id).addresses == ("b@example.com",)
    assert stored_endpoint(database, alone.id).addresses == ()
    rows = platform.rows(
        "SELECT address, sequence, status FROM deliveries WHERE tenant_id = :tenant "
        "ORDER BY endpoint_id = :both DESC, sequence, address",
        tenant=TENANT,
        both=both.id,
    )
    assert [(it[0].partition("-")[0], *it[1:]) for it in rows] == [
        ("b@example.com", 1, "pending"),
        ("erased", 1, "discarded"),
        ("b@example.com", 2, "pending"),
        ("erased", 1, "discarded"),
    ]
    for table in ("delivery_attempts", "unsubscribed_addresses"):
        sql = f"SELECT COUNT(*) FROM {table} WHERE tenant_id = :tenant"
        assert platform.rows(sql, tenant=TENANT) == [(0,)]
    assert platform.differences() == []


def test_a_deleted_organization_leaves_no_deliveries(database: Database) -> None:
    platform = Platform(database)
    number = platform.organization()
    endpoint = make_endpoint(
        database, None, kind=EndpointKind.MAIL, addresses=("a@example.com",), organization=number
    )
    lease = Lease(database, now)
    assert lease.hold()
    notify(database, notification("a", organization=number, to_organization=True))
    fan_out(Work(lease, database, now))
    with database.writing() as transaction:
        removal.remove_organization(transaction, TENANT, number)
    sql = "SELECT COUNT(*) FROM deliveries WHERE tenant_id = :tenant AND endpoint_id = :endpoint"
    assert platform.rows(sql, tenant=TENANT, endpoint=endpoint.id) == [(0,)]


def test_the_names_of_a_users_triggers_are_erased(database: Database) -> None:
    watching = Watching(database)
    with database.writing() as transaction:
        number = watching.number("org_1")
        directory.add_user(transaction, number, User("user_1", "Ann"), watching.now)
    of_user = watching.trigger(5, user_id="user_1", name="Ann's calls")
    watching.trigger(5, name="All calls")
    watching.budget("user_1", daily=1000)
    watching.send(event(cost="7.123456789"))
    assert len(watching.look()) == 2
    with database.writing() as transaction:
        erasure.user_fields(transaction, number, "user_1")
    with database.reading() as snapshot:
        names = {it.name for it in triggers.triggers(snapshot, watching.tenant)}
        found = triggers.find_trigger(snapshot, watching.tenant, of_user.id)
    assert names == {"erased", "All calls", "Daily budget"}
    assert found is not None
    assert found.user_id == "user_1"
    notices = {it["data"]["name"]: it["data"]["value"] for it in watching.notices()}
    assert notices == {"erased": 7.123456789, "All calls": 7.123456789}
    watching.send(event(id="2", cost="1"))
    watching.trigger(8, user_id="user_1", id=of_user.id, name="erased")
    assert watching.look() == ["trigger.reached 8.12346"]
