"""Reading small JSON bodies: every problem at once, each with its field."""

import re
from datetime import datetime
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from tollbook.domain.errors import InvalidRequest, Problem, UnreadableBody
from tollbook.domain.instants import InvalidInstant, storable_instant
from tollbook.ingest.decode import why_unreadable

T = TypeVar("T", bound=msgspec.Struct)

_EXPECTED = re.compile(
    r"Expected `(?P<types>[^`]+)`(?: (?P<sign>>=|<=) (?P<bound>\d+))?(?:, got `[^`]+`)?"
    r"(?: - at `\$(?P<path>[^`]*)`)?"
)
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": "an RFC 3339 time",
}
_SIGNS = {"<=": "up to", ">=": "of at least"}


def read_body(body: bytes, kind: type[T]) -> T:
    """Read a JSON object into `kind`, refusing unknown fields and listing all problems."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBody(f"the body is not JSON: {why_unreadable(error, body)}") from error
    if not isinstance(value, dict):
        raise InvalidRequest("the body must be a JSON object")
    hints = get_type_hints(kind, include_extras=True)
    problems = [
        Problem(name[:64], "unknown_field", f"unknown field; the fields are {', '.join(hints)}")
        for name in value
        if name not in hints
    ]
    for field in msgspec.structs.fields(kind):
        if field.name in value:
            if _is_instant(hints[field.name]):
                value[field.name] = _truncated(value[field.name])
            problems.extend(_field_problems(field.name, value[field.name], hints[field.name]))
        elif field.required:
            problems.append(Problem(field.name, "missing_field", f"{field.name} is required"))
    if problems:
        raise InvalidRequest.of(problems)
    return msgspec.convert(value, kind)


def _is_instant(hint: Any) -> bool:
    """Return whether a field, which may be optional, is an instant."""
    kinds = (hint, *get_args(hint))
    return any(datetime in (kind, *get_args(kind)) for kind in kinds)


def _truncated(value: Any) -> Any:
    """Read a text as an instant, which msgspec would round; keep what is wrong with it instead."""
    if not isinstance(value, str):
        return value
    try:
        return storable_instant(value)
    except InvalidInstant as error:
        return error


def _field_problems(name: str, value: Any, hint: Any) -> list[Problem]:
    if isinstance(value, InvalidInstant):
        return [Problem(name, "invalid_field", f"{name} {value}")]
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        return [Problem(name, "invalid_field", _sentence(name, str(error)))]
    return []


def _sentence(name: str, said: str) -> str:
    """Return the decoder's message with the types of JSON instead of those of Python."""
    found = _EXPECTED.fullmatch(said)
    if found is None:
        return f"{name}: {said[:1].lower()}{said[1:]}"
    types = [_WORDS.get(it, it) for it in found["types"].split(" | ")]
    bound = "" if found["sign"] is None else f" {_SIGNS[found['sign']]} {found['bound']}"
    return f"{name}{found['path'] or ''} must be {' or '.join(types)}{bound}"
