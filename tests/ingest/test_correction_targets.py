"""The event that replaces another: every field of it, and whether anything changes at all."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.builders import correction, event
from tests.ingest.terms import terms_of
from tollbook.domain.catalog import BUILT_IN
from tollbook.domain.corrections import Correction
from tollbook.domain.errors import Problem
from tollbook.domain.events import NOTHING, Event
from tollbook.domain.keys import ApiKey, EventRules, KeyScope, Limits, Permission
from tollbook.domain.meters import BY_TYPE
from tollbook.ingest.correction_state import refusals_of_key
from tollbook.ingest.correction_targets import (
    EVERY_RIGHT,
    Rights,
    Target,
    changes_nothing,
    corrected_event,
    ends_pending,
    rights_of,
    target_of,
    waiting_target,
)
from tollbook.ingest.decode_corrections import decode_json
from tollbook.ingest.masking import Masker
from tollbook.store.corrections import Waiting
from tollbook.store.staging import Staged

READS = (Permission.WRITE_EVENTS,)
REVERSES = (*READS, Permission.REVERSE_EVENTS)
ALL = (*REVERSES, Permission.STATE_COSTS)


def waiting(code: str = "no_price", **given: Any) -> Target:
    return waiting_target(Waiting(0, code, "", json.dumps(event(**given))))


def of(**changes: Any) -> Correction:
    ((_, found),) = decode_json(json.dumps(correction(**changes)).encode())  # type: ignore[misc]
    assert isinstance(found, Correction)
    return found


def charged(**given: Any) -> Target:
    usual: dict[str, Any] = {
        "organization_id": 1,
        "id": "call-1",
        "fingerprint": 0,
        "day": 20240115,
        "user_id": "user_1",
        "billed_user_id": "user_1",
        "meter": BY_TYPE["voice.call"].code,
        "resource_id": "",
        "time": 1_705_314_600_000_000,
        "quantity": 61_000_000,
        "billed": 61_000_000,
        "cost": 5,
        "rate_id": 1,
        "attributes": "",
    }
    return target_of(Staged(**{**usual, **given}), BUILT_IN)


def key(
    permissions: tuple[Permission, ...] = ALL, limits: Limits | None = None, **scope: str
) -> ApiKey:
    return ApiKey(
        "tb_1", "", "k", KeyScope("t", **scope), permissions, 0, limits=limits or Limits()
    )


@pytest.mark.parametrize(
    ("held", "rights"),
    [
        (None, EVERY_RIGHT),
        (key(), EVERY_RIGHT),
        (key((Permission.ADMIN,)), EVERY_RIGHT),
        (key(organization_id="org_1"), Rights("org_1")),
        (key(organization_id="org_1", user_id="ann"), Rights("org_1", "ann")),
        (key(READS), Rights(rules=EventRules(may_state_costs=False), may_reverse=False)),
        (key(REVERSES), Rights(rules=EventRules(may_state_costs=False))),
        (
            key(limits=Limits(meters=("voice.call",), id_prefix="a-")),
            Rights(rules=EventRules(("voice.call",), "a-")),
        ),
    ],
)
def test_the_rights_of_a_key(held: ApiKey | None, rights: Rights) -> None:
    found = rights_of(held)
    assert found == rights
    assert (found is EVERY_RIGHT) == (rights == EVERY_RIGHT)


@pytest.mark.parametrize(
    ("rights", "is_outside"),
    [
        (EVERY_RIGHT, False),
        (Rights("org_1"), False),
        (Rights("org_1", "user_1"), False),
        (Rights("org_1", "user_2"), True),
        (Rights(rules=EventRules(("voice.call",))), False),
        (Rights(rules=EventRules(("sms.outbound",))), True),
        (Rights("org_1", "user_1", EventRules(("sms.outbound",))), True),
    ],
)
def test_a_key_of_a_part_sees_its_part_only(rights: Rights, is_outside: bool) -> None:
    assert charged().is_outside(rights) == is_outside
    assert waiting().is_outside(rights) == is_outside


@pytest.mark.parametrize(
    ("rights", "changes", "expected"),
    [
        (EVERY_RIGHT, {"cost": 1}, []),
        (Rights("org_1"), {"cost": 1}, []),
        (Rights("org_2"), {}, [("organization_id", "not_for_this_key")]),
        (Rights(may_reverse=False), {}, [("corrects", "permission_missing")]),
        (Rights(rules=EventRules(id_prefix="new ")), {}, []),
        (Rights(rules=EventRules(id_prefix="old ")), {}, [("id", "id_outside_scope")]),
        (Rights(rules=EventRules(may_state_costs=False)), {"quantity": 1}, []),
        (
            Rights("org_2", None, EventRules((), "x", may_state_costs=False), may_reverse=False),
            {"cost": None, "cost_pending": True},
            [
                ("organization_id", "not_for_this_key"),
                ("corrects", "permission_missing"),
                ("id", "id_outside_scope"),
                ("cost", "permission_missing"),
                ("cost_pending", "permission_missing"),
            ],
        ),
    ],
)
def test_what_a_key_may_not_do_is_refused_whatever_the_ids_name(
    rights: Rights, changes: Any, expected: list[tuple[str, str]]
) -> None:
    found: tuple[Problem, ...] = refusals_of_key(of(**changes), rights)
    assert [(it.field, it.code) for it in found] == expected


@pytest.mark.parametrize(
    ("given", "changes", "is_nothing"),
    [
        ({}, {}, True),
        ({}, {"quantity": "61.0"}, True),
        ({}, {"quantity": 60}, False),
        ({}, {"time": "2024-01-15T11:30:00+01:00"}, True),
        ({}, {"time": "2024-01-15T10:30:00.000001Z"}, False),
        ({}, {"type": "voice.call", "user_id": "user_1"}, True),
        ({}, {"type": "kb.usage"}, False),
        ({}, {"user_id": None}, False),
        ({"user_id": None}, {"user_id": None}, True),
        ({}, {"resource_id": None}, True),
        ({"resource_id": "a"}, {"resource_id": "b"}, False),
        ({"attributes": {"a": 1, "b": 2}}, {"attributes": {"b": 2, "a": 1}}, True),
        ({"attributes": {"a": 1}}, {"attributes": {}}, False),
        ({}, {"attributes": None}, True),
        ({"cost": "1.50"}, {"cost": 1.5}, True),
        ({"cost": "1.50"}, {"cost": None}, False),
        ({}, {"cost": None}, True),
        ({}, {"cost": 0}, False),
        ({"cost_pending": True}, {"cost_pending": True}, True),
        ({"cost_pending": True}, {"cost": None}, False),
        ({"cost_pending": True}, {"cost_pending": None}, False),
        ({}, {"cost_pending": False}, True),
    ],
)
def test_a_correction_must_change_a_value(given: Any, changes: Any, is_nothing: bool) -> None:
    assert changes_nothing(of(**changes), waiting(**given), terms_of()) == is_nothing


def test_a_masked_number_is_compared_with_what_is_stored() -> None:
    masker, number = Masker(b"a key of some length"), "+442071838750"
    masked = masker.mask({"to": number})
    target = charged(attributes=json.dumps(masked, separators=(",", ":")))
    for sent, is_nothing in ((number, True), ("+442071838751", False)):
        given = of(attributes={"to": sent, "body": "a text, which is not stored"})
        assert changes_nothing(given, target, terms_of(masker=masker)) == is_nothing
        assert not changes_nothing(given, target, terms_of())


@pytest.mark.parametrize(
    ("given", "changes", "ends"),
    [
        ({"cost_pending": True}, {"cost": 1}, True),
        ({"cost_pending": True}, {"cost": None}, True),
        ({"cost_pending": True}, {"cost": None, "cost_pending": True}, False),
        ({"cost_pending": True}, {"quantity": 1}, False),
        ({"cost_pending": True}, {"cost_pending": None}, False),
        ({}, {"cost": 1}, False),
    ],
)
def test_a_cost_ends_the_wait_for_it(given: Any, changes: Any, ends: bool) -> None:
    target = waiting("cost_pending", **given)
    assert ends_pending(of(**changes), target) == ends
    made = corrected_event(of(**changes), target)
    is_pending = given.get("cost_pending", False) and not ends and "cost_pending" not in changes
    assert bool(made.cost_pending) == bool(changes.get("cost_pending") or is_pending)


def fields(made: Event) -> dict[str, Any]:
    found = msgspec.structs.asdict(made)
    for name in ("quantity", "cost"):
        found[name] = None if made.cost is NOTHING and name == "cost" else bytes(found[name])
    return found


def test_the_new_event_is_the_old_one_with_the_changes() -> None:
    target = waiting(resource_id="r", attributes={"a": 1}, cost="1")
    before = fields(target.event)
    same = fields(corrected_event(of(), target))
    assert same == {**before, "id": "new call-1"}
    changes = {
        "time": "2024-02-01T00:00:00.5Z",
        "type": "kb.usage",
        "quantity": "7.50",
        "user_id": None,
        "resource_id": "s",
        "attributes": {"b": None},
        "cost": None,
    }
    assert fields(corrected_event(of(**changes), target)) == {
        "id": "new call-1",
        "organization_id": "org_1",
        "type": "kb.usage",
        "time": datetime(2024, 2, 1, 0, 0, 0, 500_000, UTC),
        "quantity": b'"7.50"',
        "user_id": None,
        "resource_id": "s",
        "attributes": {"b": None},
        "cost": None,
        "cost_pending": None,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"user_id": ""}, {"user_id": None}),
        ({"resource_id": "r"}, {"resource_id": "r"}),
        ({"quantity": 1}, {"quantity": b"0.000001"}),
        ({"own_cost": 1_500_000_000}, {"cost": b"1.50"}),
        ({"own_cost": 0}, {"cost": b"0.00"}),
        ({"attributes": '{"a":"x"}'}, {"attributes": {"a": "x"}}),
    ],
)
def test_a_charged_event_is_as_it_would_have_been_sent(given: Any, expected: Any) -> None:
    target = charged(**given)
    assert target.code == ""
    usual: dict[str, Any] = {
        "id": "call-1",
        "type": "voice.call",
        "organization_id": "",
        "user_id": "user_1",
        "time": datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        "quantity": b"61",
        "resource_id": None,
        "attributes": None,
        "cost": None,
        "cost_pending": None,
    }
    assert fields(target.event) == {**usual, **expected}


def test_a_row_in_quarantine_is_the_event_that_it_holds() -> None:
    target = charged(code="no_price", reason="none", attributes=json.dumps(event(quantity=7)))
    assert (target.code, target.charged, bytes(target.event.quantity)) == ("no_price", None, b"7")
