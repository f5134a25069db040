"""What a key of a part of an organization may reverse and correct, and what it learns."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import Platform, correction, event, reversal
from tollbook.domain.keys import Limits, Permission
from tollbook.domain.quarantine import QuarantineAction
from tollbook.store.database import open_database

RIGHTS = (Permission.WRITE_EVENTS, Permission.REVERSE_EVENTS, Permission.STATE_COSTS)
UNKNOWN = ("rejected", "unknown_event")
PREFIX = "ann-"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, migrated_file: Any) -> Iterator[Platform]:
    """An organization with events in every state, of two users and two meters."""
    path = tmp_path_factory.mktemp("rights") / "tollbook.db"
    path.write_bytes(migrated_file.read_bytes())
    database = open_database(f"sqlite:///{path}")
    platform = Platform(database)
    platform.organization()
    platform.organization("org_2")
    for user in ("ann", "bob"):
        for state in ("charged", "reversed", "corrected"):
            platform.send(event(id=f"{user}-{state}", user_id=user))
        platform.send(event(id=f"{user}-gone", user_id=user, cost_pending=True))
    platform.send(event(id="ann-text", user_id="ann", type="sms.outbound", quantity=1))
    platform.run_over_quarantine(QuarantineAction.DISCARD)
    for user in ("ann", "bob"):
        platform.send(event(id=f"{user}-waits", user_id=user, cost_pending=True))
        assert platform.reversed(reversal(f"{user}-reversed", id=f"{user}-back")) == [
            ("accepted", None)
        ]
        made = correction(f"{user}-corrected", id=f"{user}-new", quantity=9)
        assert platform.corrected(made) == [("accepted", None)]
    yield platform
    database.close()


def key(platform: Platform, **given: Any) -> str:
    return platform.key(*RIGHTS, organization="org_1", **given)


@pytest.fixture(scope="module")
def of_ann(platform: Platform) -> str:
    return key(platform, user="ann", limits=Limits(id_prefix=PREFIX))


@pytest.fixture(scope="module")
def of_calls(platform: Platform) -> str:
    return key(platform, limits=Limits(meters=("voice.call",), id_prefix=PREFIX))


STATES = {
    "charged": (None, None),
    "reversed": ("already_reversed", "already_reversed"),
    "corrected": ("already_corrected", "already_corrected"),
    "back": ("is_a_reversal", "is_a_reversal"),
    "waits": ("event_in_quarantine", None),
    "gone": ("event_discarded", "event_discarded"),
    "nothing": ("unknown_event", "unknown_event"),
}
"""Why an event in each state cannot be reversed, and not be corrected."""


@pytest.mark.parametrize("state", STATES)
def test_a_key_of_a_user_is_told_of_that_users_events(
    platform: Platform, of_ann: str, state: str
) -> None:
    target = f"ann-{state}"
    expected = [("rejected", it or "batch_refused") for it in STATES[state]]
    # The last of each request is refused, so nothing is stored.
    asked = (reversal(target, id="ann-r"), reversal("ann-nothing", id="ann-x"))
    assert platform.reversed(*asked, key=of_ann, atomic=True)[0] == expected[0]
    wanted = (
        correction(target, id="ann-c", cost="1"),
        correction("ann-nothing", id="ann-x", quantity=5),
    )
    assert platform.corrected(*wanted, key=of_ann, atomic=True)[0] == expected[1]


@pytest.mark.parametrize("state", STATES)
def test_the_events_of_others_are_unknown_to_it_whatever_became_of_them(
    platform: Platform, of_ann: str, state: str
) -> None:
    target = f"bob-{state}"
    assert platform.reversed(reversal(target, id=f"ann-{state}-r"), key=of_ann) == [UNKNOWN]
    change = correction(target, id=f"ann-{state}-c", quantity=5)
    assert platform.corrected(change, key=of_ann) == [UNKNOWN]


def test_an_id_that_another_holds_does_not_show_in_the_answer(
    platform: Platform, of_ann: str
) -> None:
    # The id of the reversal is taken by an event of the same user, and the target is hidden.
    assert platform.reversed(reversal("bob-charged", id="ann-back"), key=of_ann) == [UNKNOWN]


@pytest.mark.parametrize(
    ("target", "code"),
    [("ann-text", "unknown_event"), ("ann-back", "is_a_reversal"), ("bob-back", "is_a_reversal")],
)
def test_a_key_of_meters_sees_their_events_only(
    platform: Platform, of_calls: str, target: str, code: str
) -> None:
    assert platform.reversed(reversal(target, id="ann-m"), key=of_calls) == [("rejected", code)]


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"organization_id": "org_2"}, "organization_id", "not_for_this_key"),
        ({"id": "bob-x"}, "id", "id_outside_scope"),
    ],
)
def test_what_is_outside_of_a_key_is_refused_before_anything_is_read(
    platform: Platform, of_ann: str, given: Any, field: str, code: str
) -> None:
    sent = {**reversal("ann-charged", id="ann-r"), **given}
    (receipt,) = platform.reverse(sent, key=of_ann).receipts
    assert (receipt.field, receipt.code) == (field, code)
    changed = {**correction("ann-charged", id="ann-c", quantity=1), **given}
    (receipt,) = platform.correct(changed, key=of_ann).receipts
    assert (receipt.field, receipt.code) == (field, code)


def test_reversing_needs_its_permission(platform: Platform) -> None:
    writer = platform.key(Permission.WRITE_EVENTS, organization="org_1")
    for receipt in (
        platform.reverse(reversal("ann-charged"), key=writer).receipts[0],
        platform.correct(correction("ann-charged", quantity=1), key=writer).receipts[0],
    ):
        assert receipt.code == "permission_missing"
    (receipt,) = platform.correct(correction("ann-charged", cost=1), key=writer).receipts
    assert [it.field for it in receipt.details] == ["corrects", "cost"]


@pytest.mark.parametrize("identity", [".", ".."])
def test_a_reversal_has_an_id_that_a_path_can_hold(platform: Platform, identity: str) -> None:
    (receipt,) = platform.reverse(reversal("ann-charged", id=identity)).receipts
    assert (receipt.field, receipt.code) == ("id", "unaddressable_id")


def test_a_reversal_has_no_id_of_a_cloud_event(platform: Platform) -> None:
    (receipt,) = platform.reverse(reversal("ann-charged", id="ce:a|b")).receipts
    assert (receipt.field, receipt.code) == ("id", "reserved_id")
