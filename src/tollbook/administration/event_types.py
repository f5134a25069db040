"""Map types of CloudEvents to meters."""

from typing import NamedTuple

import msgspec

from tollbook.domain.catalog import unknown_meter_sentence
from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.event_type_errors import NameTaken, TooManyEventTypes, TypeMapped
from tollbook.domain.event_types import MOST_EVENT_TYPES, event_type_problem
from tollbook.store import event_types
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.meters import read_catalog
from tollbook.store.versions import change_token


class NewEventType(msgspec.Struct):
    """The meter that a type is to be mapped to."""

    meter: str


class EventTypeRow(NamedTuple):
    """A mapped type with its meter; `created_at` is in microseconds since 1970."""

    name: str
    meter: str
    created_at: int


def set_event_type(transaction: Transaction, actor: Actor, name: str, meter: str) -> EventTypeRow:
    """Map a type to a meter; a type that is mapped to it already stays as it is.

    Raise `TypeMapped` for a type that is mapped to another meter: an event that is sent again
    would be another one.
    """
    # Changing the directory's row first makes parallel changes of the catalog wait for each other.
    change_token(transaction, actor.tenant)
    catalog = read_catalog(transaction, actor.tenant)
    problem = None
    if meter not in catalog.by_type:
        sentence = unknown_meter_sentence("meter", catalog.nearest(meter))
        problem = Problem("meter", "unknown_type", sentence)
    refuse([event_type_problem(name), problem])
    if name in catalog.by_type:
        raise NameTaken(f"{name} is a meter: a CloudEvent of this type needs no mapping")
    known = {it.name: it for it in list_event_types(transaction, actor.tenant)}
    found = known.get(name)
    if found is not None:
        if found.meter != meter:
            sentence = f"{name} is mapped to {found.meter}: remove it before mapping it again"
            raise TypeMapped(sentence)
        return found
    if len(known) >= MOST_EVENT_TYPES:
        raise TooManyEventTypes(f"a tenant may map at most {MOST_EVENT_TYPES} types")
    code = catalog.by_type[meter].code
    row = event_types.MappedType(name, code, actor.at)
    event_types.add_type(transaction, actor.tenant, row)
    write_act(transaction, actor, "event_type.set", f"type {name}", {"meter": meter})
    return EventTypeRow(name, meter, actor.at)


def list_event_types(snapshot: Snapshot, tenant: str) -> list[EventTypeRow]:
    """List the mapped types of a tenant by name."""
    catalog = read_catalog(snapshot, tenant)
    return [
        EventTypeRow(it.name, catalog.of_code(it.code).type, it.created_at)
        for it in event_types.list_types(snapshot, tenant)
    ]


def find_event_type(snapshot: Snapshot, tenant: str, name: str) -> EventTypeRow:
    """Return a mapped type; raise `NotFound` when there is none of this name."""
    for it in list_event_types(snapshot, tenant):
        if it.name == name:
            return it
    raise NotFound("no type of this name is mapped")


def remove_event_type(transaction: Transaction, actor: Actor, name: str) -> EventTypeRow:
    """Remove the mapping of a type and return it."""
    change_token(transaction, actor.tenant)
    found = find_event_type(transaction, actor.tenant, name)
    event_types.remove_type(transaction, actor.tenant, name)
    details = {"meter": found.meter}
    write_act(transaction, actor, "event_type.remove", f"type {name}", details)
    return found
