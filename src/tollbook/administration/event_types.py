"""Map types of CloudEvents to meters."""

import msgspec

from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.event_type_errors import NameTaken, TooManyEventTypes, TypeMapped
from tollbook.domain.event_types import MOST_EVENT_TYPES, event_type_problem
from tollbook.domain.meters import BY_TYPE
from tollbook.store import event_types
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.event_types import MappedType


class NewEventType(msgspec.Struct):
    """The meter that a type is to be mapped to."""

    meter: str


def set_event_type(transaction: Transaction, actor: Actor, name: str, meter: str) -> MappedType:
    """Map a type to a meter; a type that is mapped to it already stays as it is.

    Raise `TypeMapped` for a type that is mapped to another meter: an event that is sent again
    would be another one.
    """
    problem = None
    if meter not in BY_TYPE:
        sentence = f"meter must be one of {', '.join(BY_TYPE)}"
        problem = Problem("meter", "unknown_type", sentence)
    refuse([event_type_problem(name), problem])
    if name in BY_TYPE:
        raise NameTaken(f"{name} is a meter: a CloudEvent of this type needs no mapping")
    event_types.lock_types(transaction, actor.tenant)
    known = {it.name: it for it in event_types.list_types(transaction, actor.tenant)}
    found = known.get(name)
    if found is not None:
        if found.meter != meter:
            sentence = f"{name} is mapped to {found.meter}: remove it before mapping it anew"
            raise TypeMapped(sentence)
        return found
    if len(known) >= MOST_EVENT_TYPES:
        raise TooManyEventTypes(f"a tenant may map at most {MOST_EVENT_TYPES} types")
    added = MappedType(name, meter, actor.at)
    event_types.add_type(transaction, actor.tenant, added)
    write_act(transaction, actor, "event_type.set", f"type {name}", {"meter": meter})
    return added


def find_event_type(snapshot: Snapshot, tenant: str, name: str) -> MappedType:
    """Return a mapped type; raise `NotFound` when there is none of this name."""
    for it in event_types.list_types(snapshot, tenant):
        if it.name == name:
            return it
    raise NotFound("no type of this name is mapped")


def remove_event_type(transaction: Transaction, actor: Actor, name: str) -> MappedType:
    """Remove the mapping of a type and return it."""
    event_types.lock_types(transaction, actor.tenant)
    found = find_event_type(transaction, actor.tenant, name)
    event_types.remove_type(transaction, actor.tenant, name)
    details = {"meter": found.meter}
    write_act(transaction, actor, "event_type.remove", f"type {name}", details)
    return found
