"""An endpoint as one value: from it come the route, the checks and the documentation.

Because the query is read by the same declaration that OpenAPI shows, nothing is accepted that is
not documented.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tollbook.api.openapi.links import Links
from tollbook.api.pipeline.services import Services
from tollbook.domain.directory import text_problem
from tollbook.domain.errors import InvalidRequest, Problem, TollbookError
from tollbook.domain.events import LONGEST_ID, microseconds
from tollbook.domain.exact import nanos_of
from tollbook.domain.instants import InvalidInstant, parsed_instant
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.named_periods import NAMES, is_period_name
from tollbook.domain.periods import parsed_day
from tollbook.store.audit import Actor
from tollbook.store.database import Snapshot, Transaction

_OFFSET_AFTER_SPACE = re.compile(" (?=[0-9]{2}:?[0-9]{2}$)")


class ParameterKind(StrEnum):
    """How the text of a query parameter is read."""

    TEXT = "text"
    DATE = "date"
    MONTH = "month"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LIST = "list"
    INSTANT = "instant"
    MOMENT = "moment"
    AMOUNT = "amount"
    COUNTRY = "country"
    PERIOD = "period"


@dataclass(frozen=True)
class Parameter:
    """A query parameter, and what it is read as.

    A text of up to `longest` characters, a date, a month as its first day, an integer between
    `least` and `most`, a boolean, one of the `choices`, several of them separated by commas as a
    tuple, an instant in microseconds since 1970, a moment that is an instant or a whole day, an
    amount in nanos, the code of a country, or the name of a period.
    """

    name: str
    description: str
    kind: ParameterKind = ParameterKind.TEXT
    required: bool = False
    example: Any = None
    default: Any = None
    least: int = 1
    most: int = 1000
    longest: int = LONGEST_ID
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Body:
    """What a request or an answer carries: its schema, and an example or one by media type.

    An answer may lead on: `links` say to which operations, with which parameters.
    """

    schema: Any
    example: Any
    media_types: tuple[str, ...] = ("application/json",)
    description: str = ""
    examples: Mapping[str, Any] = field(default_factory=dict)
    links: Links = field(default_factory=dict)


@dataclass(frozen=True)
class ApiRequest:
    """A request that was let in: who asks, at which endpoint, with which parameters and body."""

    services: Services
    key: ApiKey
    question: str
    query: Mapping[str, Any]
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str | None = None

    @property
    def tenant(self) -> str:
        """Name the tenant that the key belongs to."""
        return self.key.scope.tenant_id

    @property
    def actor(self) -> Actor:
        """Name who acts, for the audit log."""
        return Actor(self.tenant, self.key.prefix, self.services.clock(), self.address)


ReadHandler = Callable[[ApiRequest, Snapshot], Response]
WriteHandler = Callable[[ApiRequest, Transaction], Response]
QueryReader = Callable[[], Mapping[str, Any]]
AsyncHandler = Callable[[Request, Services, QueryReader], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path.

    Exactly one of `read`, `write` and `handle` handles it: from a snapshot, in a transaction, or
    a way of its own, which reads the query once it has found the key. A key without the
    `permission` reaches none of them; without a `permission` any key may ask.
    """

    method: str
    path: str
    name: str
    summary: str
    description: str
    permission: Permission | None
    answers: Mapping[int, Body]
    read: ReadHandler | None = None
    write: WriteHandler | None = None
    handle: AsyncHandler | None = None
    parameters: tuple[Parameter, ...] = ()
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    request: Body | None = None
    errors: tuple[type[TollbookError], ...] = ()
    tag: str = "Analytics"
    tagged: bool = False
    """Whether its answers carry an `ETag`."""
    tells_usage: bool = True
    """Whether it tells of usage: then a key narrowed to meters has to name them."""


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
    """Read one value as its kind says, or give the problem with it."""
    return _READERS[parameter.kind](parameter, text)


def _text(parameter: Parameter, text: str) -> str | Problem:
    name = parameter.name
    if not text:
        return Problem(name, "missing_parameter", f"{name} required")
    return text_problem(name, text, parameter.longest) or text


def _date(parameter: Parameter, text: str) -> date | Problem:
    try:
        return parsed_day(text)
    except ValueError:
        sentence = f"{parameter.name} must be a date in the form YYYY-MM-DD"
        return Problem(parameter.name, "invalid_date", sentence)


def _month(parameter: Parameter, text: str) -> date | Problem:
    try:
        return parsed_day(f"{text}-01")
    except ValueError:
        sentence = f"{parameter.name} must be a month in the form YYYY-MM"
        return Problem(parameter.name, "invalid_month", sentence)


def _integer(parameter: Parameter, text: str) -> int | Problem:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    least, most = parameter.least, parameter.most
    if least <= number <= most:
        return number
    sentence = f"{parameter.name} must be a whole number from {least} to {most}"
    return Problem(parameter.name, "invalid_integer", sentence)


def _boolean(parameter: Parameter, text: str) -> bool | Problem:
    if text in ("true", "false"):
        return text == "true"
    return Problem(parameter.name, "invalid_boolean", f"{parameter.name} must be true or false")


def _choice(parameter: Parameter, text: str) -> str | Problem:
    if text in parameter.choices:
        return text
    sentence = f"{parameter.name} must be one of {', '.join(parameter.choices)}"
    return Problem(parameter.name, "invalid_choice", sentence)


def _list(parameter: Parameter, text: str) -> tuple[str, ...] | Problem:
    """Read words separated by commas, in the order of the choices; one that comes twice is one."""
    name, words = parameter.name, {word.strip() for word in text.split(",")}
    if words <= set(parameter.choices):
        return tuple(it for it in parameter.choices if it in words)
    sentence = f"{name} must be some of {', '.join(parameter.choices)}, separated by commas"
    return Problem(name, "invalid_choice", sentence)


def _instant(parameter: Parameter, text: str) -> int | Problem:
    """Read an RFC 3339 time; a `+` that a URL has made a space of is one all the same."""
    try:
        return microseconds(parsed_instant(_OFFSET_AFTER_SPACE.sub("+", text)))
    except InvalidInstant as error:
        return Problem(parameter.name, error.code, f"{parameter.name} {error}")


def _moment(parameter: Parameter, text: str) -> date | int | Problem:
    """Read a day as a day, anything else as an instant."""
    day = _date(parameter, text)
    return day if not isinstance(day, Problem) else _instant(parameter, text)


def _amount(parameter: Parameter, text: str) -> int | Problem:
    try:
        return nanos_of(text.encode())
    except ValueError:
        sentence = f"{parameter.name} must be an amount of at least 0, with at most 9 decimals"
        return Problem(parameter.name, "invalid_amount", sentence)


def _country(parameter: Parameter, text: str) -> str | Problem:
    if len(text) == 2 and text.isascii() and text.isalpha() and text.isupper():
        return text
    sentence = f"{parameter.name} must be an ISO 3166 code of two capital letters, such as GB"
    return Problem(parameter.name, "invalid_country", sentence)


def _period(parameter: Parameter, text: str) -> str | Problem:
    if is_period_name(text):
        return text
    sentence = f"{parameter.name} must be one of {', '.join(NAMES)}, or a month such as 2024-01"
    return Problem(parameter.name, "invalid_choice", sentence)


_READERS: dict[ParameterKind, Callable[[Parameter, str], Any]] = {
    ParameterKind.TEXT: _text,
    ParameterKind.DATE: _date,
    ParameterKind.MONTH: _month,
    ParameterKind.INTEGER: _integer,
    ParameterKind.BOOLEAN: _boolean,
    ParameterKind.CHOICE: _choice,
    ParameterKind.LIST: _list,
    ParameterKind.INSTANT: _instant,
    ParameterKind.MOMENT: _moment,
    ParameterKind.AMOUNT: _amount,
    ParameterKind.COUNTRY: _country,
    ParameterKind.PERIOD: _period,
}
