"""The types of CloudEvents that tenants have mapped to meters."""

from tollbook.store import event_types
from tollbook.store.database import Transaction
from tollbook.store.event_types import MappedType

CALL, TEXT = 5, 1


def add(transaction: Transaction, tenant: str, *found: MappedType) -> None:
    for it in found:
        event_types.add_type(transaction, tenant, it)


def test_types_are_listed_by_name_and_tenant(transaction: Transaction) -> None:
    late, early = MappedType("com.b.call", CALL, 1), MappedType("com.a.call", CALL, 2)
    add(transaction, "a", late, early)
    add(transaction, "b", MappedType("com.a.call", TEXT, 3))
    assert event_types.list_types(transaction, "a") == [early, late]
    assert event_types.find_codes(transaction, "a") == {"com.a.call": CALL, "com.b.call": CALL}
    assert event_types.find_codes(transaction, "b") == {"com.a.call": TEXT}
    assert event_types.find_codes(transaction, "c") == {}


def test_names_are_ordered_by_character_on_every_engine(transaction: Transaction) -> None:
    names = ["Z", "a", "Ä", "z.1", "z-1", "z"]
    add(transaction, "a", *(MappedType(it, CALL, 1) for it in names))
    found = [it.name for it in event_types.list_types(transaction, "a")]
    assert found == ["Z", "a", "z", "z-1", "z.1", "Ä"]


def test_the_types_of_a_meter_follow_its_code(tx: Transaction) -> None:
    add(tx, "a", MappedType("call", 1000, 1), MappedType("dial", 1000, 2), MappedType("x", TEXT, 3))
    add(tx, "b", MappedType("call", 1000, 4))
    event_types.change_code(tx, "a", 1000, 2000)
    assert event_types.find_codes(tx, "a") == {"call": 2000, "dial": 2000, "x": TEXT}
    assert event_types.find_codes(tx, "b") == {"call": 1000}


def test_a_type_is_removed_from_its_tenant_only(tx: Transaction) -> None:
    for tenant in ("a", "b"):
        add(tx, tenant, MappedType("call", CALL, 1), MappedType("text", TEXT, 1))
    event_types.remove_type(tx, "a", "call")
    event_types.remove_type(tx, "a", "unknown")
    assert list(event_types.find_codes(tx, "a")) == ["text"]
    assert list(event_types.find_codes(tx, "b")) == ["call", "text"]
