"""Answers as frozen dataclasses: exact numbers, aware instants, and unknown fields kept."""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from tollbook_client.instants import parse_instant

Reader = Callable[[Any], Any]
EXTRA = "extra"


def parse_json(body: bytes | str) -> Any:
    """Return JSON with exact decimals; raise ValueError if it is not JSON."""
    return json.loads(body, parse_float=Decimal)


def decode(kind: Any, value: Any) -> Any:
    """Return parsed JSON as the given type; raise TypeError or ValueError if it does not fit."""
    return _reader(kind)(value)


@cache
def _reader(kind: Any) -> Reader:
    if kind in _READERS:
        return _READERS[kind]
    if is_dataclass(kind):
        return _object_reader(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _union_reader(arguments)
    if origin is list:
        return _list_reader(arguments[0])
    if origin is dict:
        return _dict_reader(arguments[1])
    return _unchanged


def _object_reader(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    names = {field.name: field.name.rstrip("_") for field in fields(kind) if field.name != EXTRA}
    known = frozenset(names.values())
    # Readers are looked up when they are first used: types may contain themselves.
    by_name = {name: hints[attribute] for attribute, name in names.items()}
    attributes = {name: attribute for attribute, name in names.items()}

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"{kind.__name__} must be an object")
        given = {
            attributes[name]: _reader(by_name[name])(it)
            for name, it in value.items()
            if name in known
        }
        extra = {name: it for name, it in value.items() if name not in known}
        return kind(**given, extra=extra)

    return read


def _union_reader(kinds: tuple[Any, ...]) -> Reader:
    others = [kind for kind in kinds if kind is not type(None)]
    if set(others) == {date, datetime}:
        return lambda value: None if value is None else _moment(value)
    read = _reader(others[0]) if len(others) == 1 else _unchanged
    return lambda value: None if value is None else read(value)


def _list_reader(kind: Any) -> Reader:
    read = _reader(kind)

    def read_list(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise TypeError("an array was expected")
        return [read(it) for it in value]

    return read_list


def _dict_reader(kind: Any) -> Reader:
    read = _reader(kind)

    def read_dict(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise TypeError("an object was expected")
        return {name: read(it) for name, it in value.items()}

    return read_dict


def _unchanged(value: Any) -> Any:
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("a number was expected")
    return Decimal(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("an integer was expected")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text was expected")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false was expected")
    return value


def _instant(value: Any) -> datetime:
    return parse_instant(_text(value))


def _day(value: Any) -> date:
    return date.fromisoformat(_text(value))


def _moment(value: Any) -> date:
    return _instant(value) if "T" in _text(value) else _day(value)


_READERS: dict[Any, Reader] = {
    str: _text,
    int: _integer,
    bool: _truth,
    Decimal: _decimal,
    datetime: _instant,
    date: _day,
    Any: _unchanged,
}
