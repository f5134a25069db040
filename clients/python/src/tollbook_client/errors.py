"""The tree of all errors that this package raises.

TollbookError
├── ApiError             the server refused the request; has a status and a stable code
│   └── …                one class for each code of the server, in `error_codes.py`
├── ServerUnreachable    no answer: the connection failed, or the answer did not arrive in time
├── InvalidAnswer        the answer is not one of this server, such as the page of a proxy
│   └── IncompleteExport the server or the network cut a file before its end
├── ConfigurationError   an argument or a TOLLBOOK_* variable is missing or invalid
├── InvalidEvent         an event that the server would reject; `details` lists every problem
└── SpoolError           the spool cannot be opened, read or written
    └── SpoolFull        the spool has reached its limit, or its disk is full; nothing was recorded
"""

from collections.abc import Sequence
from typing import NamedTuple


class Problem(NamedTuple):
    """A problem with one field: its name, a stable code, and a sentence."""

    field: str
    code: str
    error: str


class TollbookError(Exception):
    """The root of all errors of this package."""


class ApiError(TollbookError):
    """The server refused the request.

    `retry_after` is in seconds; None if the answer has no `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        error: str,
        details: Sequence[Problem] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {error}" + (f" (request {request_id})" if request_id else ""))
        self.status = status
        self.code = code
        self.error = error
        self.details = tuple(details)
        self.request_id = request_id
        self.retry_after = retry_after


class ServerUnreachable(TollbookError):
    """The connection failed, or the answer did not arrive in time."""


class InvalidAnswer(TollbookError):
    """The answer is not one of this server, such as the page of a proxy or a redirect."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class IncompleteExport(InvalidAnswer):
    """The file ended before its end; do not use the part that was read."""


class ConfigurationError(TollbookError):
    """An argument or a variable is missing or invalid."""


class InvalidEvent(TollbookError):
    """The server would reject the event; `details` lists every problem with its field."""

    def __init__(self, details: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.error for problem in details))
        self.details = tuple(details)


class SpoolError(TollbookError):
    """The spool cannot be opened, read or written; the message names the file and the fix."""


class SpoolFull(SpoolError):
    """The spool has reached its limit, or its disk is full; nothing was recorded."""
