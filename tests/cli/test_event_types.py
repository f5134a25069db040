"""tollbook event-types: types of CloudEvents are mapped to meters, listed and removed."""

import pytest

from tests.cli.conftest import Tollbook

TYPE = "com.example.call.ended"


@pytest.fixture
def tollbook_with_tenant(tollbook: Tollbook) -> Tollbook:
    assert tollbook("tenants", "create", "default").code == 0
    return tollbook


def test_at_first_no_type_is_mapped(tollbook_with_tenant: Tollbook) -> None:
    assert tollbook_with_tenant("event-types", "list").out == "no types are mapped yet\n"
    assert tollbook_with_tenant.json("event-types", "list") == []


def test_a_type_is_mapped_listed_and_removed(tollbook_with_tenant: Tollbook) -> None:
    tollbook = tollbook_with_tenant
    assert tollbook("event-types", "set", TYPE, "voice.call").out == (
        f"{TYPE} is mapped to voice.call\n"
    )
    tollbook("event-types", "set", "a.first", "sms.outbound")
    listed = tollbook("event-types", "list").out.splitlines()
    rows = [it.split() for it in listed if "." in it]
    assert rows == [["a.first", "sms.outbound"], [TYPE, "voice.call"]]
    found = tollbook.json("event-types", "list")
    assert [(it["type"], it["meter"]) for it in found] == [(a, b) for a, b in rows]
    assert tollbook("event-types", "remove", TYPE).out == f"{TYPE} is no longer mapped\n"
    assert [it["type"] for it in tollbook.json("event-types", "list")] == ["a.first"]


def test_the_same_mapping_again_changes_nothing_and_another_is_refused(
    tollbook_with_tenant: Tollbook,
) -> None:
    tollbook = tollbook_with_tenant
    first = tollbook.json("event-types", "set", TYPE, "voice.call")
    assert tollbook.json("event-types", "set", TYPE, "voice.call") == first
    said = tollbook.refusal("event-types", "set", TYPE, "sms.outbound")
    assert f"{TYPE} is mapped to voice.call: remove it" in said
    acts = [it["action"] for it in tollbook.json("audit")]
    assert acts.count("event_type.set") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("set", TYPE, "voice.cal"), "voice.call"),
        (("set", "voice.call", "voice.call"), "voice.call is a meter"),
        (("set", "", "voice.call"), "type"),
        (("remove", TYPE), "no type of this name is mapped"),
    ],
)
def test_what_cannot_be_mapped_is_a_sentence(
    tollbook_with_tenant: Tollbook, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in tollbook_with_tenant.refusal("event-types", *arguments)


def test_types_of_one_tenant_are_no_others(tollbook_with_tenant: Tollbook) -> None:
    tollbook = tollbook_with_tenant
    tollbook("tenants", "create", "t")
    tollbook("event-types", "set", TYPE, "voice.call", "--tenant", "t")
    assert tollbook.json("event-types", "list") == []
    assert "no type of this name" in tollbook.refusal("event-types", "remove", TYPE)
    assert len(tollbook.json("event-types", "list", "--tenant", "t")) == 1
