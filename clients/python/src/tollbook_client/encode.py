"""JSON and URLs of requests: decimals keep their digits, instants are RFC 3339."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from urllib.parse import quote, urlencode

from tollbook_client.instants import instant_text
from tollbook_client.operation import Operation

_text = json.JSONEncoder(ensure_ascii=False).encode


def to_json(value: object) -> str:
    """Return a value as JSON; raise TypeError or ValueError for what JSON cannot express."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(str(k))}:{to_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(to_json, value)) + "]"
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"a number must be finite, not {value}")
    if isinstance(value, date):
        return _text(_moment(value))
    return _text(value)


def url_of(operation: Operation, parameters: Mapping[str, object]) -> str:
    """Return the path and query of a call, with percent-encoded parameters."""
    path = operation.path
    for name in operation.in_path:
        path = path.replace(f"{{{name}}}", quote(_parameter(parameters[name]), safe=""))
    query = {
        name: _parameter(value)
        for name, value in parameters.items()
        if name in operation.in_query and value is not None
    }
    return f"{path}?{urlencode(query)}" if query else path


def _parameter(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(map(_parameter, value))
    if isinstance(value, Decimal):
        return _decimal(value)
    return _moment(value) if isinstance(value, date) else str(value)


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"a number must be finite, not {value}")
    return format(value, "f")


def _moment(value: date) -> str:
    return instant_text(value) if isinstance(value, datetime) else value.isoformat()
