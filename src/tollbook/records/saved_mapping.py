"""Mappings as YAML, for `--save-mapping`."""

from typing import Any

import yaml

from tollbook.records import mapping as rules
from tollbook.records.mapping import Columns, Condition, Mapping, SkipRule
from tollbook.records.mapping_file import VERSION


def written_mapping(mapping: Mapping) -> str:
    """Return a mapping as YAML that `read_mapping` reads as the same mapping."""
    return yaml.safe_dump(
        _document(mapping), sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )


def _document(mapping: Mapping) -> dict[str, Any]:
    time, quantity, cost = mapping.time, mapping.quantity, mapping.cost
    zone = "required" if time.requires_timezone else time.timezone
    return _filled(
        {
            "tollbook_mapping": VERSION,
            "id_prefix": mapping.id_prefix,
            "records": mapping.records,
            "csv": _filled(
                {
                    "delimiter": mapping.csv.delimiter,
                    "encoding": mapping.csv.encoding,
                    "header": list(mapping.csv.header or ()),
                }
            ),
            "lists": list(mapping.lists),
            "url_encoded": mapping.url_encoded,
            "loose_names": mapping.is_loose,
            "skip": _skips(mapping.skip),
            "leg": mapping.leg,
            "id": list(mapping.id or ("row",)),
            "type": _type(mapping.type),
            "time": _filled(
                {
                    "column": _columns(time.columns),
                    "format": _columns(time.formats),
                    "timezone": zone,
                    **{it: _columns(getattr(time, it)) for it in ("start", "end", "near", "plus")},
                }
            ),
            "quantity": _filled(
                {
                    "column": _columns(quantity.columns),
                    "multiply": None if quantity.multiply == 1 else str(quantity.multiply),
                    "within": None if quantity.within is None else str(quantity.within),
                    "rounded": quantity.is_rounded,
                }
            ),
            "fields": {name: _field(it) for name, it in mapping.fields.items()},
            "cost": cost
            and _filled(
                {
                    "column": _columns(cost.columns),
                    "currency": _columns(cost.currency),
                    "default_currency": cost.default_currency,
                    "negative": cost.is_negative,
                }
            ),
            "numbers": _filled(
                {
                    "country": mapping.numbers.country,
                    "bare": mapping.numbers.bare,
                    "strip": mapping.numbers.strip,
                }
            ),
            "notes": list(mapping.notes),
        }
    )


def _filled(entries: dict[str, Any]) -> dict[str, Any]:
    """Return entries without those that are empty."""
    return {name: it for name, it in entries.items() if it not in (None, "", [], {}, False)}


def _columns(columns: Columns | None) -> str | list[str] | None:
    if not columns:
        return None
    return columns[0] if len(columns) == 1 else list(columns)


def _type(rule: rules.FieldRule) -> Any:
    is_constant = not rule.columns and rule.values is None
    if is_constant:
        return rule.default
    found = _field(rule)
    return found if isinstance(found, dict) else {"column": found}


def _field(rule: rules.FieldRule) -> Any:
    found = _filled(
        {
            "column": _columns(rule.columns),
            "inbound": None if rule.inbound is None else list(rule.inbound),
            "outbound": None if rule.outbound is None else list(rule.outbound),
        }
    )
    if rule.values is not None:
        found["map"] = rule.values
    if rule.default is not None:
        found["default"] = rule.default
    return found["column"] if list(found) == ["column"] else found


def _skips(found: tuple[SkipRule, ...]) -> dict[str, Any]:
    skips: dict[str, Any] = {}
    for rule in found:
        conditions = {it.column: _condition(it) for it in rule.conditions}
        skips.setdefault(rule.reason, []).append(conditions)
    return {name: it[0] if len(it) == 1 else it for name, it in skips.items()}


def _condition(condition: Condition) -> Any:
    values = list(condition.values)
    bounds = {
        name: str(bound)
        for name in ("at_least", "at_most")
        if (bound := getattr(condition, name)) is not None
    }
    if condition.is_not:
        return {"not": values, **bounds}
    return bounds or values
