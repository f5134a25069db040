"""An endpoint as one value: its route, checks and documentation all come from it.

The query is read by the declaration that OpenAPI shows, so nothing undocumented is accepted.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, Generic, get_args, get_type_hints

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypeVar

from tollbook.api.openapi import parameter_types as kinds_
from tollbook.api.openapi.links import Links
from tollbook.api.openapi.parameters import Parameter as TypedParameter
from tollbook.api.openapi.parameters import (
    Path,
    Query,
    parameters_of,
    path_examples,
    read_values,
)
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import TollbookError
from tollbook.domain.events import LONGEST_ID
from tollbook.domain.keys import ApiKey, Permission
from tollbook.store.audit import Actor
from tollbook.store.database import Snapshot, Transaction

Q = TypeVar("Q", default=Any, covariant=True)
P = TypeVar("P", default=Any, covariant=True)


class ParameterKind(StrEnum):
    """How the text of a query parameter is read, where no struct declares it yet."""

    TEXT = "text"
    DATE = "date"
    INTEGER = "integer"
    BOOLEAN = "boolean"


def Parameter(  # noqa: N802
    name: str,
    description: str,
    kind: ParameterKind = ParameterKind.TEXT,
    *,
    example: Any = None,
    default: Any = None,
    least: int = 1,
    most: int = 1000,
    longest: int = LONGEST_ID,
) -> TypedParameter:
    """Return a query parameter that no struct declares yet."""
    kinds: dict[ParameterKind, Any] = {
        ParameterKind.TEXT: kinds_.text(longest),
        ParameterKind.DATE: kinds_.DAY,
        ParameterKind.INTEGER: kinds_.whole_number(least, most),
        ParameterKind.BOOLEAN: kinds_.FLAG,
    }
    meta = kinds[kind]
    schema = meta.extra_json_schema | ({} if default is None else {"default": default})
    return TypedParameter(name, meta.extra["read"], schema, description, example, required=False)


@dataclass(frozen=True)
class Body:
    """The body of a request or an answer: its type, and an example or one by media type.

    `links` name the operations that an answer leads to, with their parameters.
    """

    schema: Any
    example: Any
    media_types: tuple[str, ...] = ("application/json",)
    description: str = ""
    examples: Mapping[str, Any] = field(default_factory=dict)
    links: Links = field(default_factory=dict)


@dataclass(frozen=True)
class ApiRequest(Generic[Q, P]):
    """An admitted request: its key, its endpoint's name, its parameters and its body."""

    services: Services
    key: ApiKey
    question: str
    query: Q
    path: P
    headers: Mapping[str, str]
    body: bytes
    address: str | None = None

    @property
    def tenant(self) -> str:
        """Return the tenant that the key belongs to."""
        return self.key.scope.tenant_id

    @property
    def actor(self) -> Actor:
        """Return who acts, for the audit log."""
        return Actor(self.tenant, self.key.prefix, self.services.clock(), self.address)


ReadHandler = Callable[[ApiRequest[Any, Any], Snapshot], Response]
WriteHandler = Callable[[ApiRequest[Any, Any], Transaction], Response]
QueryReader = Callable[[], Q]
AsyncHandler = Callable[[Request, Services, QueryReader[Any]], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path.

    Exactly one of `read`, `write` and `handle` handles it: from a snapshot, in a transaction, or
    asynchronously with snapshots of its own, reading the query once the key is found. The types of
    query and path come from the handler's annotations. A key without the `permission` never
    reaches the handler; without a `permission` any key does. `answers` are bodies by status, or
    the body of 200. `errors` are those that its parameters and body do not imply.
    """

    method: str
    path: str
    name: str
    summary: str
    description: str
    permission: Permission | None
    answers: Body | Mapping[int, Body]
    read: ReadHandler | None = None
    write: WriteHandler | None = None
    handle: AsyncHandler | None = None
    parameters: tuple[TypedParameter, ...] = ()
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    request: Body | None = None
    errors: tuple[type[TollbookError], ...] = ()
    tag: str = "Analytics"
    tells_usage: bool = True
    """Whether it reports usage: then a key narrowed to meters has to name them."""
    query_type: type[Query] | None = field(init=False)
    path_type: type[Path] | None = field(init=False)

    def __post_init__(self) -> None:
        """Derive the parameters from the types that the handler names."""
        query, path = _types_of(self.read or self.write or self.handle)
        object.__setattr__(self, "query_type", query)
        object.__setattr__(self, "path_type", path)
        if query:
            object.__setattr__(self, "parameters", parameters_of(query))
        if path:
            object.__setattr__(self, "path_parameters", path_examples(path))

    @property
    def bodies(self) -> Mapping[int, Body]:
        """Return the bodies of its answers by status."""
        return {200: self.answers} if isinstance(self.answers, Body) else self.answers

    @property
    def tagged(self) -> bool:
        """Return whether its answers carry an `ETag`: those that name a state of the ledger do."""
        return any(parameter.name == "min_as_of" for parameter in self.parameters)


def _types_of(handler: Any) -> tuple[type[Query] | None, type[Path] | None]:
    """Return the types of query and path in the annotations of a handler."""
    function = handler.func if isinstance(handler, partial) else handler
    named = [kind for hint in get_type_hints(function).values() for kind in get_args(hint)]
    types = [kind for kind in named if isinstance(kind, type)]
    queries = (kind for kind in types if issubclass(kind, Query))
    paths = (kind for kind in types if issubclass(kind, Path))
    return next(queries, None), next(paths, None)


def read_query(endpoint: Endpoint, request: Request) -> Any:
    """Return the query as the endpoint declares it; `InvalidRequest` lists every problem."""
    values = read_values(endpoint.parameters, request.query_params.multi_items())
    if endpoint.query_type:
        return endpoint.query_type(**values)
    return {it.name: it.schema.get("default") for it in endpoint.parameters} | values


def read_path(endpoint: Endpoint, request: Request) -> Any:
    """Return the parameters in the path as the endpoint declares them."""
    values = request.path_params
    return endpoint.path_type(**values) if endpoint.path_type else values
