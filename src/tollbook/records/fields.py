"""The texts of fields: the rules of a mapping as functions."""

from collections.abc import Callable, Sequence
from typing import Any

from tollbook.records.columns import ColumnReader
from tollbook.records.mapping import FieldRule
from tollbook.records.rows import RefusedRow

INBOUND = "inbound"
OUTBOUND = "outbound"

FieldReader = Callable[[Any, str], str]
"""Returns the text of a field in the values of a row with a direction; empty without one."""


def field_reader(name: str, rule: FieldRule | None, columns: ColumnReader) -> FieldReader | None:
    """Return the function of a field's rule, None without one."""
    if rule is None:
        return None
    if rule.inbound is not None or rule.outbound is not None:
        return _by_direction(rule, columns)
    get = columns.getter(rule.columns)
    default = rule.default or ""
    if get is None:
        return lambda _values, _direction: default
    found = get
    if rule.values is None:
        return lambda values, _direction: found(values) or default
    return _mapped(name, rule, columns)


def _by_direction(rule: FieldRule, columns: ColumnReader) -> FieldReader:
    inbound = columns.getter(rule.inbound or rule.columns)
    outbound = columns.getter(rule.outbound or rule.columns)
    default = rule.default or ""

    def read(values: Any, direction: str) -> str:
        get = inbound if direction == INBOUND else outbound
        return (get(values) if get else "") or default

    return read


def _mapped(name: str, rule: FieldRule, columns: ColumnReader) -> FieldReader:
    get = columns.getter(rule.columns)
    known, default = rule.values or {}, rule.default
    listed = _listed(rule.columns)
    assert get is not None  # noqa: S101  the caller has checked it

    def read(values: Any, _direction: str) -> str:
        text = get(values)
        found = known.get(text, default)
        if found is None:
            sentence = f"{listed} has a text that the mapping of {name} does not name"
            raise RefusedRow(name, "unmapped_value", sentence)
        return found

    return read


def _listed(columns: Sequence[str]) -> str:
    """Return the names of alternative columns for a sentence."""
    return " or ".join(columns)
