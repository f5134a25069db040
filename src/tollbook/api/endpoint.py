"""An endpoint as one value: from it come the route, the checks and the documentation.

Because the query is read by the same declaration that OpenAPI shows, nothing is accepted that is
not documented.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tollbook.api.services import Services
from tollbook.domain.directory import text_problem
from tollbook.domain.errors import InvalidRequest, Problem, TollbookError
from tollbook.domain.events import LONGEST_ID
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.periods import parsed_day
from tollbook.store.database import Snapshot, Transaction


class Kind(StrEnum):
    """How the text of a query parameter is read."""

    TEXT = "text"
    DATE = "date"
    INTEGER = "integer"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Parameter:
    """A query parameter. Integers lie between `least` and `most`; texts have up to `longest`."""

    name: str
    description: str
    kind: Kind = Kind.TEXT
    required: bool = False
    example: Any = None
    default: Any = None
    least: int = 1
    most: int = 1000
    longest: int = LONGEST_ID


@dataclass(frozen=True)
class Body:
    """What a request or an answer carries: its schema, and an example or one by media type."""

    schema: Any
    example: Any
    media_types: tuple[str, ...] = ("application/json",)
    description: str = ""
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A request that was let in: who asks, with which parameters and body."""

    services: Services
    key: ApiKey
    query: Mapping[str, Any]
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def tenant(self) -> str:
        """Name the tenant that the key belongs to."""
        return self.key.scope.tenant_id


Reader = Callable[[Call, Snapshot], Response]
Writer = Callable[[Call, Transaction], Response]
QueryReader = Callable[[], Mapping[str, Any]]
Taker = Callable[[Request, Services, QueryReader], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path.

    Exactly one of `read`, `write` and `take` handles it: from a snapshot, in a transaction, or
    a way of its own, which reads the query once it has found the key. Without a `permission` any
    key may ask, which only `take` can allow.
    """

    method: str
    path: str
    name: str
    summary: str
    description: str
    permission: Permission | None
    answers: Mapping[int, Body]
    read: Reader | None = None
    write: Writer | None = None
    take: Taker | None = None
    parameters: tuple[Parameter, ...] = ()
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    request: Body | None = None
    errors: tuple[type[TollbookError], ...] = ()
    tag: str = "Analytics"


def read_query(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Read the query by the endpoint's declaration; `InvalidRequest` lists all that is wrong."""
    declared = {parameter.name: parameter for parameter in endpoint.parameters}
    values: dict[str, Any] = {it.name: it.default for it in endpoint.parameters}
    problems: list[Problem] = []
    seen: set[str] = set()
    for name, text in request.query_params.multi_items():
        parameter = declared.get(name)
        if parameter is None:
            problems.append(_unknown(name, declared))
        elif name in seen:
            problems.append(Problem(name, "repeated_parameter", f"{name} is given twice"))
        else:
            value = _value(parameter, text)
            if isinstance(value, Problem):
                problems.append(value)
            else:
                values[name] = value
        seen.add(name)
    problems.extend(
        Problem(it.name, "missing_parameter", f"{it.name} required")
        for it in endpoint.parameters
        if it.required and it.name not in seen
    )
    if problems:
        raise InvalidRequest.of(problems)
    return values


def _unknown(name: str, declared: Mapping[str, Parameter]) -> Problem:
    known = f"the parameters are {', '.join(declared)}" if declared else "there are no parameters"
    shown = name[:64] if name.isprintable() else "?"
    return Problem(shown, "unknown_parameter", f"unknown parameter {shown}; {known}")


def _value(parameter: Parameter, text: str) -> Any:
    """Read one value: a text as it is, other kinds converted, or the problem with it."""
    name = parameter.name
    match parameter.kind:
        case Kind.TEXT:
            if not text:
                return Problem(name, "missing_parameter", f"{name} required")
            return text_problem(name, text, parameter.longest) or text
        case Kind.DATE:
            return _date(name, text)
        case Kind.INTEGER:
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
            if parameter.least <= number <= parameter.most:
                return number
            sentence = f"{name} must be a whole number from {parameter.least} to {parameter.most}"
            return Problem(name, "invalid_integer", sentence)
        case Kind.BOOLEAN:
            if text in ("true", "false"):
                return text == "true"
            return Problem(name, "invalid_boolean", f"{name} must be true or false")


def _date(name: str, text: str) -> date | Problem:
    try:
        return parsed_day(text)
    except ValueError:
        return Problem(name, "invalid_date", f"{name} must be a date in the form YYYY-MM-DD")
