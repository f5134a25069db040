"""What both clients share: options, bodies, and the meaning of replies."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tollbook_client.configuration import ApiKey, Server
from tollbook_client.conversation import Session, Steps, steps_of
from tollbook_client.encode import to_json
from tollbook_client.errors import ConfigurationError, IncompleteExport
from tollbook_client.event_numbers import check_events
from tollbook_client.instants import parse_instant
from tollbook_client.operation import Operation
from tollbook_client.operations import OPERATIONS
from tollbook_client.replies import Reply, answer_in

_JSON = "application/json"
_WITH_EVENTS = frozenset({"postEvents", "postRate", "postCorrections"})
FORMATS = ("csv", "ndjson", "parquet")


class Calls:
    """The state of a client: its server, its options, and the latest state that it saw."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: ApiKey | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 4,
        carry_as_of: bool = True,
    ) -> None:
        self._server = Server(base_url, api_key)
        self._session = Session(timeout, max_retries, carry_as_of)

    @property
    def as_of(self) -> datetime | None:
        """The latest state that this client saw in receipts; questions include it.

        Set it to that of another client or meter, as an aware time or RFC 3339 text.
        """
        return self._session.as_of

    @as_of.setter
    def as_of(self, instant: datetime | str | None) -> None:
        self._session.as_of = parse_instant(instant) if isinstance(instant, str) else instant

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._server.base_url!r})"

    def _steps(self, operation: Operation, parameters: Mapping[str, Any]) -> Steps:
        body = parameters.get("body")
        if body is None:
            return steps_of(operation, parameters, None, self._session)
        if operation.name in _WITH_EVENTS:
            check_events(body)
        content = body if isinstance(body, bytes | str) else to_json(body)
        return steps_of(
            operation,
            {"content_type": _JSON, **parameters},
            content.encode() if isinstance(content, str) else content,
            self._session,
        )

    def _answer(self, operation: Operation, reply: Reply) -> Any:
        answer = answer_in(reply, operation.answers())
        if hasattr(answer, "receipts"):
            self._session.saw(getattr(answer, "as_of", None))
        return answer


def file_operation(name: str, file_format: str) -> Operation:
    """Return the operation whose answer is a file; raise `ConfigurationError` if it is none."""
    operation = OPERATIONS.get(name)
    if operation is None or "format" not in operation.in_query:
        raise ConfigurationError(f"{name} is not an operation with files")
    if file_format not in FORMATS:
        raise ConfigurationError(f"format must be one of {', '.join(FORMATS)}")
    return operation


def incomplete(name: str) -> IncompleteExport:
    """Return the error of a file that was cut."""
    return IncompleteExport(f"the file of {name} was cut before its end: read it again")
