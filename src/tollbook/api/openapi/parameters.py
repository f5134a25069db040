"""The parameters of a request as structs: a query or path names its parameters as fields.

The types of the fields carry how each is read and its schema, so that a parameter is declared once.
"""

from collections.abc import Iterable
from enum import EnumType
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from msgspec import Meta

from tollbook.api.openapi.parameter_types import Read, one_of
from tollbook.domain.errors import InvalidRequest, Problem

Q = TypeVar("Q", bound="Query")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The query of a request. A parameter that was left out has its field's default."""


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters in the path of a request, each a text with an example."""


class Parameter(NamedTuple):
    """A query parameter of an endpoint, as its struct's field declares it."""

    name: str
    read: Read
    schema: dict[str, Any]
    description: str
    example: Any
    required: bool

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the texts that it may have, when they are listed."""
        return tuple(self.schema.get("items", self.schema).get("enum", ()))


@cache
def parameters_of(kind: type[Query]) -> dict[str, Parameter]:
    """Return the parameters of a query by name: first its own, then those it shares."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    names = (name for base in kind.__mro__ for name in getattr(base, "__annotations__", ()))
    hints = get_type_hints(kind, include_extras=True)
    return {name: _parameter_of(fields[name], hints[name]) for name in dict.fromkeys(names)}


def _parameter_of(field: msgspec.structs.FieldInfo, hint: Any) -> Parameter:
    metas = list(_metas_in(hint))
    extra = _merged(meta.extra for meta in metas)
    schema = _merged(meta.extra_json_schema for meta in metas)
    if not field.required and field.default is not None:
        schema["default"] = field.default
    return Parameter(
        name=field.name,
        read=extra["read"],
        schema=schema,
        description=next(meta.description for meta in reversed(metas) if meta.description),
        example=_example_in(metas),
        required=field.required,
    )


def _merged(parts: Iterable[dict[str, Any] | None]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in (part or {}).items()}


def _example_in(metas: Iterable[Meta]) -> Any:
    return next((meta.examples[0] for meta in metas if meta.examples), None)


def _metas_in(hint: Any) -> Iterable[Meta]:
    """List the metadata of a type, inner first; a choice has its own from its members."""
    if isinstance(hint, EnumType):
        yield one_of(hint)
    elif get_origin(hint) is Literal:
        yield one_of(get_args(hint))
    elif get_origin(hint) is Annotated:
        yield from _metas_in(hint.__origin__)
        yield from (meta for meta in hint.__metadata__ if isinstance(meta, Meta))
    else:
        for inner in get_args(hint):
            yield from _metas_in(inner)


def read_query(kind: type[Q], given: Iterable[tuple[str, str]]) -> Q:
    """Return a query from its names and texts; `InvalidRequest` lists every problem."""
    declared = parameters_of(kind)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    seen: set[str] = set()
    for name, text in given:
        value = _read_one(name, text, declared, seen)
        if isinstance(value, Problem):
            problems.append(value)
        else:
            values[name] = value
        seen.add(name)
    problems.extend(
        Problem(name, "missing_parameter", f"{name} required")
        for name, parameter in declared.items()
        if parameter.required and name not in seen
    )
    if problems:
        raise InvalidRequest.of(problems)
    return kind(**values)


def _read_one(name: str, text: str, declared: dict[str, Parameter], seen: set[str]) -> Any:
    parameter = declared.get(name)
    if parameter is None:
        known = ", ".join(declared)
        known = f"the parameters are {known}" if declared else "there are no parameters"
        shown = name[:64] if name.isprintable() else "?"
        return Problem(shown, "unknown_parameter", f"unknown parameter {shown}; {known}")
    if name in seen:
        return Problem(name, "repeated_parameter", f"{name} is given twice")
    return parameter.read(name, text)


@cache
def path_examples(kind: type[Path]) -> dict[str, str]:
    """Return an example of each parameter in a path."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: _example_in(_metas_in(hint)) for name, hint in hints.items()}
