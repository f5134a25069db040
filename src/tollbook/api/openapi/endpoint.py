"""An endpoint as one value: its route, checks and documentation all come from it.

The query is read by the declaration that OpenAPI shows, so nothing undocumented is accepted.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, cast, get_args, get_type_hints

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypeVar

from tollbook.api.openapi.links import Links
from tollbook.api.openapi.parameters import (
    Parameter,
    Path,
    Query,
    parameters_of,
    path_examples,
    read_query,
)
from tollbook.api.pipeline.access import authenticate, key_text
from tollbook.api.pipeline.admission import Admission, actor, admission
from tollbook.api.pipeline.answer_memory import AnswerMemory
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import NotFound, TollbookError
from tollbook.domain.keys import ApiKey, Permission
from tollbook.store.audit import Actor
from tollbook.store.database import Snapshot, Transaction

Q = TypeVar("Q", default=Query, covariant=True)
P = TypeVar("P", default=Path, covariant=True)


@dataclass(frozen=True)
class Body:
    """The body of a request or an answer: its type, and an example or one by media type.

    An answer may have more examples, by what a query includes to get them.
    `links` name the operations that an answer leads to, with their parameters. A request may come
    without a body that is not `required`.
    """

    schema: Any
    example: Any
    media_types: tuple[str, ...] = ("application/json",)
    description: str = ""
    examples: Mapping[str, Any] = field(default_factory=dict)
    more_examples: Mapping[str, Any] = field(default_factory=dict)
    links: Links = field(default_factory=dict)
    required: bool = True


@dataclass(frozen=True)
class ApiRequest(Generic[Q, P]):
    """An admitted request: its key, its endpoint's name, its parameters and its body.

    `memory` is reserved for its answer until it is written.
    """

    services: Services
    memory: AnswerMemory
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


@dataclass(frozen=True)
class AsyncRequest(Generic[Q, P]):
    """An admitted request without a snapshot: an asynchronous handler opens its own."""

    http: Request
    services: Services
    endpoint: "Endpoint"

    def read_query(self) -> Q:
        """Return the query; `InvalidRequest` lists every problem."""
        given = self.http.query_params.multi_items()
        return cast("Q", read_query(self.endpoint.query_type, given))

    @property
    def path(self) -> P:
        """Return the parameters in the path."""
        given, names = self.http.path_params, self.endpoint.path_parameters
        if any("\0" in given[name] for name in names):  # PostgreSQL refuses to look for it
            raise NotFound("an id in the path must not contain a null character")
        return cast("P", self.endpoint.path_type(**{name: given[name] for name in names}))

    def authenticate(self, snapshot: Snapshot) -> ApiKey:
        """Return the key as of a snapshot; `InvalidApiKey` when it is revoked."""
        text, admitted = key_text(self.http.headers), self.admission.key
        return authenticate(self.services.directory_cache, snapshot, text, admitted)

    def actor(self, key: ApiKey) -> Actor:
        """Return who acts, for the audit log."""
        return actor(self.http, self.services, key)

    @property
    def admission(self) -> Admission:
        """Return the key as it was admitted, which a snapshot may know to be revoked."""
        return admission(self.http)


ReadHandler = Callable[[ApiRequest[Any, Any], Snapshot], Response]
WriteHandler = Callable[[ApiRequest[Any, Any], Transaction], Response]
AsyncHandler = Callable[[AsyncRequest[Any, Any]], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path.

    Exactly one of `read`, `write` and `handle` handles it: from a snapshot, in a transaction, or
    asynchronously with snapshots of its own, reading the query once the key is found. The types of
    query and path come from the handler's annotations. A key with neither the `permission` nor the
    `other_permission` never reaches the handler; without a `permission` any key does. `answers` are
    bodies by status, or the body of 200. `errors` are those that its parameters and body do not
    imply.
    """

    route: str
    """The method and the path, such as `GET /v1/events`."""
    name: str
    summary: str
    description: str
    permission: Permission | None
    answers: Body | Mapping[int, Body]
    other_permission: Permission | None = None
    read: ReadHandler | None = None
    write: WriteHandler | None = None
    handle: AsyncHandler | None = None
    request: Body | None = None
    errors: tuple[type[TollbookError], ...] = ()
    tag: str = "Analytics"
    tells_usage: bool = True
    """Whether it reports usage: then a key narrowed to meters has to name them."""
    query_type: type[Query] = field(init=False)
    path_type: type[Path] = field(init=False)

    def __post_init__(self) -> None:
        """Derive the types of query and path from the handler."""
        handler: Any = self.read or self.write or self.handle
        hints = get_type_hints(handler.func if isinstance(handler, partial) else handler)
        named = [it for hint in hints.values() for it in get_args(hint) if isinstance(it, type)]
        query = next((it for it in named if issubclass(it, Query)), Query)
        path = next((it for it in named if issubclass(it, Path)), Path)
        object.__setattr__(self, "query_type", query)
        object.__setattr__(self, "path_type", path)

    @property
    def method(self) -> str:
        """Return the method of its route."""
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        """Return the path of its route."""
        return self.route.partition(" ")[2]

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """Return the permissions of which a key needs one; none if any key may ask."""
        return tuple(it for it in (self.permission, self.other_permission) if it)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters of its query."""
        return tuple(parameters_of(self.query_type).values())

    @property
    def path_parameters(self) -> Mapping[str, str]:
        """Return an example of each parameter in its path."""
        return path_examples(self.path_type)

    @property
    def bodies(self) -> Mapping[int, Body]:
        """Return the bodies of its answers by status."""
        return {200: self.answers} if isinstance(self.answers, Body) else self.answers

    @property
    def tagged(self) -> bool:
        """Return whether its answers carry an `ETag`: those that name a state of the ledger do."""
        return any(parameter.name == "min_as_of" for parameter in self.parameters)
