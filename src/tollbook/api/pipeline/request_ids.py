"""The id of the request that something is done for: in its answer, in the log, in an error."""

from contextvars import ContextVar
from typing import Any

from structlog.typing import EventDict

REQUEST_ID: ContextVar[str] = ContextVar("tollbook_request_id", default="")
"""Empty where it is done for none."""


def with_request_id(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Add to a log entry the id of the request that it is about."""
    if identity := REQUEST_ID.get():
        entry["request_id"] = identity
    return entry
