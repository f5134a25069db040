"""Endpoints: what they receive, their filters, and the rotation of their secrets."""

import base64
import re

import pytest

from tollbook.domain.endpoints import (
    AlertEndpoint,
    EndpointKind,
    EndpointStatus,
    SigningSecret,
    contact_id,
    new_endpoint_id,
    new_signing_secret,
    rotated,
    type_problems,
    valid_secrets,
    wants,
)
from tollbook.domain.notifications import NotificationType


def endpoint(**given: object) -> AlertEndpoint:
    usual: dict[str, object] = {
        "tenant": "demo",
        "id": "end_1",
        "organization": None,
        "kind": EndpointKind.WEBHOOK,
        "name": "ours",
        "url": "sealed",
        "shown_url": "https://example.com/…",
        "types": (),
        "secrets": None,
        "status": EndpointStatus.ENABLED,
        "after_number": 0,
        "sequence": 0,
        "failing_since": None,
        "last_status": None,
        "created_at": 0,
        "changed_at": 0,
    }
    return AlertEndpoint(**{**usual, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [it for it in EndpointKind if it is not EndpointKind.MAIL])
def test_a_url_has_one_lane_without_a_name(kind: EndpointKind) -> None:
    assert endpoint(kind=kind).lanes == ("",)


def test_each_address_of_a_mail_endpoint_is_a_lane() -> None:
    mail = endpoint(kind=EndpointKind.MAIL, addresses=("a@b.com", "c@d.com"))
    assert mail.lanes == ("a@b.com", "c@d.com")
    assert endpoint(kind=EndpointKind.MAIL).lanes == ()


@pytest.mark.parametrize(
    ("status", "receives"),
    [("enabled", True), ("failing", True), ("gone", True), ("disabled", False)],
)
def test_only_an_endpoint_that_a_person_has_disabled_receives_nothing(
    status: str, receives: bool
) -> None:
    assert endpoint(status=EndpointStatus(status)).receives is receives


def test_the_contact_of_an_organization_has_an_endpoint_of_its_own() -> None:
    assert contact_id(17) == "con_17"
    assert endpoint(id=contact_id(17)).is_contact
    assert not endpoint(id=new_endpoint_id()).is_contact


def test_ids_and_secrets_are_random_and_have_their_form() -> None:
    ids = {new_endpoint_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("end_[0-9a-f]{26}", it) for it in ids)
    texts = {new_signing_secret() for _ in range(50)}
    assert len(texts) == 50
    for text in texts:
        assert text.startswith("whsec_")
        assert len(base64.b64decode(text.removeprefix("whsec_"), validate=True)) == 32


@pytest.mark.parametrize(
    ("types", "kind", "expected"),
    [
        ((), "trigger.reached", True),
        (("trigger.reached",), "trigger.reached", True),
        (("trigger.reached",), "trigger.cleared", False),
        (("trigger.*",), "trigger.cleared", True),
        (("trigger.*",), "budget.reached", False),
        (("budget.reached", "trigger.*"), "trigger.reached", True),
        (("budget.reached", "trigger.*"), "budget.cleared", False),
        (("endpoint.*",), "endpoint.test", True),
        (("*",), "trigger.reached", False),
        (("trigger",), "trigger.reached", False),
    ],
)
def test_a_filter_has_exact_types_and_families(
    types: tuple[str, ...], kind: str, expected: bool
) -> None:
    assert wants(types, kind) is expected


@pytest.mark.parametrize("kind", NotificationType)
def test_every_type_and_its_family_may_be_in_a_filter(kind: NotificationType) -> None:
    family = kind.partition(".")[0] + ".*"
    assert type_problems([kind.value, family]) == [None, None]
    assert wants([family], kind)


@pytest.mark.parametrize(
    "text", ["", "*", ".*", "trigger", "trigger.", "trigger.x", "Trigger.*", "trigger.**", "fax.*"]
)
def test_any_other_text_is_no_type(text: str) -> None:
    (problem,) = type_problems([text])
    assert problem is not None
    assert (problem.field, problem.code) == ("types", "invalid_type")
    assert all(kind in problem.error for kind in NotificationType)


def test_each_type_of_a_filter_has_its_own_problem() -> None:
    found = type_problems(["trigger.*", "x", "budget.reached", "y"])
    assert [it is None for it in found] == [True, False, True, False]


def test_the_first_secret_has_no_end() -> None:
    assert rotated([], "new", 50) == [SigningSecret("new")]


def test_a_rotation_keeps_the_newest_secret_until_the_overlap_ends() -> None:
    once = rotated([SigningSecret("one")], "two", 50)
    assert once == [SigningSecret("two"), SigningSecret("one", 50)]
    twice = rotated(once, "three", 90)
    assert twice == [SigningSecret("three"), SigningSecret("two", 90)]


@pytest.mark.parametrize(("now", "texts"), [(49, ["two", "one"]), (50, ["two"]), (51, ["two"])])
def test_a_secret_signs_until_it_expires(now: int, texts: list[str]) -> None:
    found = [SigningSecret("two"), SigningSecret("one", 50)]
    assert valid_secrets(found, now) == texts


def test_a_rotation_without_overlap_leaves_one_secret_that_signs() -> None:
    found = rotated([SigningSecret("one")], "two", 50)
    assert valid_secrets(found, 50) == ["two"]
