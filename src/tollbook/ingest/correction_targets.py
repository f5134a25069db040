"""The events that corrections replace, as they are stored, and the events that replace them."""

from typing import NamedTuple

import msgspec

from tollbook.domain.charges import Attributes
from tollbook.domain.corrections import Correction
from tollbook.domain.events import attributes_text, instant_text
from tollbook.domain.exact import amount_text, quantity_text
from tollbook.domain.keys import ApiKey
from tollbook.domain.meters import BY_CODE
from tollbook.ingest.decode_corrections import read_value
from tollbook.ingest.directory_cache import Terms
from tollbook.ingest.problems import Fields, fields_of, text_in
from tollbook.rating.segments import BODY
from tollbook.store.events import Stored
from tollbook.store.quarantine import Quarantined
from tollbook.store.staging import Staged

_NULL = b"null"
_encode = msgspec.json.encode
_attributes = msgspec.json.Decoder(Attributes)
_IDENTITY = ("id", "organization_id")


class Target(NamedTuple):
    """An event that may be corrected: charged, or in quarantine with a `code`.

    `fields` are those of its content that are not null, as JSON.
    """

    fields: Fields
    type: str
    user_id: str | None
    charged: Stored | None
    code: str = ""

    def is_outside(self, identity: str, key: ApiKey | None) -> bool:
        """Return whether a key may not correct the event."""
        if key is None:
            return False
        rules = key.event_rules
        return (
            is_id_outside(identity, key)
            or key.scope.user_id not in (None, self.user_id)
            or bool(rules.meters and self.type not in rules.meters)
        )


def is_id_outside(identity: str, key: ApiKey | None) -> bool:
    """Return whether an id does not begin with the prefix of a key."""
    return key is not None and key.event_rules.id_problem(identity) is not None


def charged_target(event: Stored) -> Target:
    """Return a charged event as a target."""
    meter, user = BY_CODE[event.meter].type, event.user_id or None
    optional = {
        "user_id": user and _encode(user),
        "resource_id": event.resource_id and _encode(event.resource_id),
        "attributes": event.attributes.encode(),
        "cost": None if event.own_cost is None else amount_text(event.own_cost).encode(),
    }
    fields = {
        "type": _encode(meter),
        "time": _encode(instant_text(event.time)),
        "quantity": quantity_text(event.quantity).encode(),
        **{name: value for name, value in optional.items() if value},
    }
    return Target(fields, meter, user, event)


def waiting_target(event: Quarantined) -> Target:
    """Return an event in quarantine as a target."""
    every = fields_of(event.event.encode())
    fields = {
        name: value for name, value in every.items() if value != _NULL and name not in _IDENTITY
    }
    meter, user = (text_in(fields.get(name, _NULL)) for name in ("type", "user_id"))
    return Target(fields, meter or "", user, None, event.code)


def stored_of(row: Staged) -> Stored:
    """Return the row of a charged event as it will be stored."""
    return Stored(
        organization_id=row.organization_id,
        day=row.day,
        id=row.id,
        user_id=row.user_id,
        meter=row.meter,
        resource_id=row.resource_id or None,
        time=row.time,
        quantity=row.quantity,
        billed=row.billed,
        cost=row.cost,
        rate_id=row.rate_id,
        attributes=row.attributes,
        received_at=0,
        own_cost=row.own_cost,
        buy=row.buy,
        position=row.position,
        tier_key=row.tier_key,
        reverses=None,
        hour=row.hour,
        country=row.country,
    )


def changes_nothing(correction: Correction, target: Target, terms: Terms) -> bool:
    """Return whether every field that a correction names has the value that is stored."""
    return not ends_pending(correction, target) and all(
        _value(target, name) == value
        or (name == "attributes" and value and _is_same(correction, target, terms))
        for name, value in correction.values.items()
    )


def ends_pending(correction: Correction, target: Target) -> bool:
    """Return whether a cost, or null to be charged by the price book, ends the wait for one."""
    changes = correction.changes
    return "cost" in changes and "cost_pending" not in changes and "cost_pending" in target.fields


def _value(target: Target, name: str) -> object:
    return read_value(name, target.fields[name]) if name in target.fields else None


def _is_same(correction: Correction, target: Target, terms: Terms) -> bool:
    """Compare attributes in the form in which they are stored: masked, and without a text."""
    given = _attributes.decode(correction.changes["attributes"])
    kept = {name: value for name, value in given.items() if name != BODY}
    if terms.masker is not None:
        waits = target.charged is None
        kept = terms.masker.mask(kept, terms.number_format, waits=waits)
    return (attributes_text(kept) or None) == _value(target, "attributes")


def corrected_json(correction: Correction, target: Target) -> bytes:
    """Return the event that replaces a target, as JSON."""
    changes = correction.changes
    fields = {**target.fields, **changes}
    if ends_pending(correction, target):
        del fields["cost_pending"]
    fields["id"] = _encode(correction.id)
    fields["organization_id"] = _encode(correction.organization_id)
    pairs = (
        b'"%b":%b' % (name.encode(), value) for name, value in fields.items() if value != _NULL
    )
    return b"{%b}" % b",".join(pairs)
