"""Reading small JSON bodies: every problem at once, each with its field."""

from typing import Any, TypeVar, get_type_hints

import msgspec

from tollbook.domain.errors import InvalidRequest, Problem, UnreadableBody

T = TypeVar("T", bound=msgspec.Struct)


def read_body(body: bytes, kind: type[T]) -> T:
    """Read a JSON object into `kind`, refusing unknown fields and listing all problems."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBody(f"the body is not JSON: {error}") from error
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
            problems.extend(_field_problems(field.name, value[field.name], hints[field.name]))
        elif field.required:
            problems.append(Problem(field.name, "missing_field", f"{field.name} is required"))
    if problems:
        raise InvalidRequest.of(problems)
    return msgspec.convert(value, kind)


def _field_problems(name: str, value: Any, hint: Any) -> list[Problem]:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        sentence = str(error)
        return [Problem(name, "invalid_field", f"{name}: {sentence[:1].lower()}{sentence[1:]}")]
    return []


def refuse(problems: list[Problem]) -> None:
    """Raise `InvalidRequest` when there is any problem."""
    if problems:
        raise InvalidRequest.of(problems)
