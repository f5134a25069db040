"""Erasing a person erases names of triggers on that user, and answers to notifications."""

from tests.alerts.builders import (
    delivering,
    make_endpoint,
    notification,
    notify,
    wait_until_delivered,
)
from tests.alerts.receivers import Answer, receiving
from tests.alerts.watching import Watching
from tests.builders import Platform, event
from tollbook.domain.directory import User
from tollbook.domain.endpoints import EndpointKind
from tollbook.domain.notifications import NotificationType
from tollbook.store import directory, erasure, triggers
from tollbook.store.database import Database


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
    told = {it["data"]["name"]: it["data"]["value"] for it in watching.told()}
    assert told == {"erased": 7.123456789, "All calls": 7.123456789}
    watching.send(event(id="2", cost="1"))
    watching.trigger(8, user_id="user_1", id=of_user.id, name="erased")
    assert watching.look() == ["trigger.reached 8.12346"]
