"""Erasing a person erases the names of triggers on that user, also those that were notified."""

from tests.alerts.watching import Watching
from tests.builders import event
from tollbook.domain.directory import User
from tollbook.store import directory, erasure, triggers
from tollbook.store.database import Database


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
