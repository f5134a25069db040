"""The options of an import, and a mapping with what they change of it."""

from collections.abc import Mapping as Names
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tollbook.records.accounts import Accounts
from tollbook.records.mapping import FieldRule, Mapping, NumberRule
from tollbook.records.rows import SourceRefused

CARRIER = "carrier"
LEGS = ("a", "b", "both")


class ConversionOptions(NamedTuple):
    """What an import needs beyond the mapping: whose usage the rows are, and which rows count."""

    organization: str | None = None
    accounts: Accounts | None = None
    source: str | None = None
    inbound: tuple[str, ...] = ()
    legs: str = "a"
    has_carrier_cost: bool = False
    counts_unanswered: bool = False


class MappingChanges(NamedTuple):
    """What options change of a mapping."""

    columns: Names[str, str] = {}
    type: str | None = None
    time_formats: tuple[str, ...] = ()
    timezone: str | None = None
    multiply: Decimal | None = None
    country: str | None = None
    bare: str | None = None
    access_code: str | None = None
    inbound: tuple[str, ...] = ()
    header: tuple[str, ...] | None = None
    delimiter: str | None = None
    encoding: str | None = None


def changed(mapping: Mapping, changes: MappingChanges) -> Mapping:
    """Return a mapping with the changes of options."""
    time, quantity = mapping.time, mapping.quantity
    fields, identity, type_ = dict(mapping.fields), mapping.id, mapping.type
    if changes.type:
        type_ = FieldRule(default=changes.type)
    for name, column in changes.columns.items():
        if name == "id":
            identity = None if column == "row" else tuple(column.split("+"))
        elif name == "time":
            time = msgspec.structs.replace(time, columns=(column,), formats=())
        elif name == "quantity":
            quantity = msgspec.structs.replace(quantity, columns=(column,), is_rounded=False)
        elif name == "type":
            type_ = FieldRule(columns=(column,))
        else:
            fields[name] = msgspec.structs.replace(
                fields.get(name, FieldRule()), columns=(column,), inbound=None, outbound=None
            )
    if changes.time_formats:
        time = msgspec.structs.replace(time, formats=changes.time_formats)
    if changes.timezone:
        time = msgspec.structs.replace(time, timezone=changes.timezone, requires_timezone=False)
    if changes.multiply is not None:
        quantity = msgspec.structs.replace(quantity, multiply=changes.multiply)
    if changes.inbound:
        fields["direction"] = _with_inbound(fields.get("direction"), changes.inbound)
    return msgspec.structs.replace(
        mapping,
        id=identity,
        type=type_,
        time=time,
        quantity=quantity,
        fields=fields,
        numbers=_numbers(mapping.numbers, changes),
        csv=msgspec.structs.replace(
            mapping.csv,
            header=changes.header or mapping.csv.header,
            delimiter=changes.delimiter or mapping.csv.delimiter,
            encoding=changes.encoding or mapping.csv.encoding,
        ),
    )


def _with_inbound(rule: FieldRule | None, contexts: tuple[str, ...]) -> FieldRule:
    """Return the rule of the direction with contexts whose calls are inbound."""
    if rule is None or not rule.columns:
        raise SourceRefused("--inbound-context needs a column of the direction in the mapping")
    values = {**(rule.values or {}), **dict.fromkeys(contexts, "inbound")}
    default = "outbound" if rule.default is None else rule.default
    return msgspec.structs.replace(rule, values=values, default=default)


def _numbers(rule: NumberRule, changes: MappingChanges) -> NumberRule:
    if changes.country is not None or changes.bare is not None:
        country = changes.country
        if country is None and changes.bare == "national":
            raise SourceRefused("--bare national requires --country")
        rule = msgspec.structs.replace(rule, country=country, bare=changes.bare)
    if changes.access_code is not None:
        rule = msgspec.structs.replace(rule, strip=changes.access_code)
    return rule
