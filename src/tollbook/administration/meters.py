"""Add, change and retire a tenant's own meters, alone or as a ready-made catalog."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.domain.catalog import Catalog, unknown_meter_sentence
from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.event_type_errors import NameTaken
from tollbook.domain.meter_errors import (
    BuiltInMeter,
    MeterExists,
    MeterInUse,
    MeterPriced,
    TooManyMeters,
)
from tollbook.domain.meters import BY_TYPE, Category, Meter
from tollbook.domain.own_meters import (
    MOST_OWN_METERS,
    MeterTerms,
    free_code,
    own_meter,
    terms_of,
    terms_problems,
)
from tollbook.domain.ready_catalogs import READY_CATALOGS
from tollbook.store import event_types, meters, prices
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.versions import change_token

_FIXED_BY_EVENTS = ("unit", "category")
_OF_CATALOG = ("unit", "category", "whole")
"""The fields in which a meter must agree with that of a ready-made catalog."""


class MeterChange(msgspec.Struct):
    """A change of an own meter. Once it has events, its unit and category are fixed."""

    name: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    whole: bool | UnsetType = UNSET
    resource_required: bool | UnsetType = UNSET
    retired: bool | UnsetType = UNSET


class AddedMeters(NamedTuple):
    """The meters that were added, and those that existed already."""

    added: Sequence[Meter]
    unchanged: Sequence[Meter]


def add_meter(transaction: Transaction, actor: Actor, terms: MeterTerms) -> AddedMeters:
    """Add one meter, unless the same exists.

    Raise `MeterExists` when the tenant has the type with other terms.
    """
    _require_own(terms.type)
    refuse(terms_problems(terms))
    terms = msgspec.structs.replace(terms, name=terms.name or terms.type)
    return _add(transaction, actor, [terms], MeterTerms.__struct_fields__)


def add_catalog(transaction: Transaction, actor: Actor, name: str) -> AddedMeters:
    """Add the meters of a ready-made catalog, all or none.

    Raise `MeterExists` when the tenant has one of the types with another unit, category or kind of
    number. Names may differ, and a retired meter stays retired.
    """
    if name not in READY_CATALOGS:
        sentence = f"catalog must be one of {', '.join(READY_CATALOGS)}"
        refuse([Problem("catalog", "unknown_catalog", sentence)])
    return _add(transaction, actor, READY_CATALOGS[name], _OF_CATALOG)


def change_meter(transaction: Transaction, actor: Actor, type_: str, change: MeterChange) -> Meter:
    """Change an own meter, and retire or activate it; return it as it is then.

    Raise `MeterInUse` for what is fixed once it has events, and `MeterPriced` for another unit once
    a price book has a rate for it.
    """
    _require_own(type_)
    # Changing the directory's row first makes parallel changes of the catalog wait for each other.
    change_token(transaction, actor.tenant)
    meter = meters.hold_meter(transaction, actor.tenant, type_)
    if meter is None:
        nearest = meters.read_catalog(transaction, actor.tenant).nearest(type_)
        raise NotFound(unknown_meter_sentence("the meter", nearest))
    before = terms_of(meter)
    after = msgspec.structs.replace(before, **_given(change))
    refuse([*_name_problems(after), *terms_problems(after)])
    changed = _differences(before, after)
    _require_free(transaction, actor.tenant, meter, after, changed)
    code = meter.code
    if any(it in changed for it in _FIXED_BY_EVENTS):
        catalog = meters.read_catalog(transaction, actor.tenant)
        code = free_code(after.category, after.unit, catalog.by_code)
    retired_at = _retired_at(meter, change, actor.at)
    result = own_meter(after, code, meter.created_at, meter.used_at, retired_at)
    if result != meter:
        event_types.change_code(transaction, actor.tenant, meter.code, result.code)
        meters.change_meter(transaction, actor.tenant, result)
        _write_acts(transaction, actor, meter, result, changed)
    return result


def _add(
    transaction: Transaction, actor: Actor, wanted: Sequence[MeterTerms], compared: Sequence[str]
) -> AddedMeters:
    tenant = actor.tenant
    known = meters.read_catalog(transaction, tenant)
    if not all(it.type in known.by_type for it in wanted):
        # As in `change_meter`: each meter gets a code of its own.
        change_token(transaction, tenant)
        known = meters.read_catalog(transaction, tenant)
    unchanged = [found for it in wanted if (found := known.by_type.get(it.type))]
    by_type = {it.type: it for it in wanted}
    for meter in unchanged:
        _require_same(meter, by_type[meter.type], compared)
    new = [it for it in wanted if it.type not in known.by_type]
    for it in new:
        if it.type in known.event_types:
            raise NameTaken(f"{it.type} is a mapped type of CloudEvents: remove it first")
    if new and len(known.own) + len(new) > MOST_OWN_METERS:
        raise TooManyMeters(
            f"a tenant may have at most {MOST_OWN_METERS} meters of its own, retired ones included"
        )
    return AddedMeters(_insert(transaction, actor, new, known), unchanged)


def _insert(
    transaction: Transaction, actor: Actor, new: Sequence[MeterTerms], known: Catalog
) -> list[Meter]:
    taken, added = set(known.by_code), []
    for terms in new:
        code = free_code(terms.category, terms.unit, taken)
        taken.add(code)
        meter = own_meter(terms, code, created_at=actor.at)
        meters.add_meter(transaction, actor.tenant, meter)
        write_act(transaction, actor, "meter.add", _object(meter), _details(terms_of(meter)))
        added.append(meter)
    return added


def _require_own(type_: str) -> None:
    if type_ in BY_TYPE:
        raise BuiltInMeter(f"{type_} is built in: it is the same for every tenant")


def _differences(one: MeterTerms, other: MeterTerms) -> list[str]:
    fields = MeterTerms.__struct_fields__
    return [it for it in fields if getattr(one, it) != getattr(other, it)]


def _require_same(meter: Meter, terms: MeterTerms, compared: Sequence[str]) -> None:
    found = terms_of(meter)
    different = [it for it in _differences(found, terms) if it in compared]
    if different:
        raise MeterExists(
            f"the meter {meter.type} exists with another {' and '.join(different)}; "
            "PATCH /v1/meters changes a meter"
        )


def _require_free(
    transaction: Transaction,
    tenant: str,
    meter: Meter,
    after: MeterTerms,
    changed: Sequence[str],
) -> None:
    """Refuse to change what events or prices have fixed."""
    if meter.used_at is not None:
        fixed = [it for it in changed if it in _FIXED_BY_EVENTS or (it == "whole" and after.whole)]
        if fixed:
            raise MeterInUse(
                f"{meter.type} has events, so its {' and '.join(fixed)} cannot change; add another "
                "meter"
            )
    if "unit" in changed:
        versions = prices.versions_with_meter(transaction, tenant, meter.type)
        if versions:
            named = ", ".join(map(str, versions))
            raise MeterPriced(
                f"the unit of {meter.type} cannot change, because price book version {named} has "
                "a rate for it; add another meter"
            )


def _name_problems(terms: MeterTerms) -> list[Problem]:
    """Return the problem with an empty name, which only a new meter may leave out."""
    return [] if terms.name else [Problem("name", "empty", "name must not be empty")]


def _given(change: MeterChange) -> dict[str, Any]:
    fields = msgspec.structs.asdict(change)
    return {name: it for name, it in fields.items() if it is not UNSET and name != "retired"}


def _retired_at(meter: Meter, change: MeterChange, now: int) -> int | None:
    if change.retired is UNSET:
        return meter.retired_at
    return (meter.retired_at or now) if change.retired else None


def _write_acts(
    transaction: Transaction, actor: Actor, before: Meter, after: Meter, changed: Sequence[str]
) -> None:
    what = _object(after)
    if changed:
        states = {
            name: {it: getattr(terms_of(meter), it) for it in changed}
            for name, meter in (("before", before), ("after", after))
        }
        write_act(transaction, actor, "meter.change", what, states)
    if before.is_retired != after.is_retired:
        action = "meter.retire" if after.is_retired else "meter.activate"
        write_act(transaction, actor, action, what, {})


def _object(meter: Meter) -> str:
    return f"meter {meter.type}"


def _details(terms: MeterTerms) -> dict[str, Any]:
    return {name: it for name, it in msgspec.structs.asdict(terms).items() if name != "type"}
