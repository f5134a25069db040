"""Every error Tollbook raises on purpose, as one tree with a sentence, a code and a status.

TollbookError
├── RequestError                what a client did; carries an HTTP status
│   ├── InvalidRequest          400  a parameter or field is malformed; `details` names each
│   ├── CurrencyRequired        400  costs in several currencies cannot be added up
│   ├── UnreadableBody          400  nothing of the body can be read
│   ├── UnreadableRequest       400  what came is no HTTP
│   ├── ApiKeyRequired          401
│   ├── InvalidApiKey           401
│   ├── PermissionMissing       403
│   ├── AddressRefused          403  a key that may be used from other addresses only
│   ├── NotFound                404  unknown, or another tenant's
│   ├── MethodNotAllowed        405
│   ├── AlreadyExists           409
│   ├── RunConflict             409  a rerating in the wrong state, or in the way of another
│   ├── AlreadyPublished        409  a published price book stays as it is
│   ├── KeyEnded                409  a key that is revoked or past its end is not rotated
│   ├── CursorExpired           410  the state that a cursor is cut from is gone
│   ├── EventArchived           410  the event was archived out of the ledger
│   ├── ArchiveRefused          409  an archive is not at hand, or in the way of a rerating
│   ├── BodyTooLarge            413
│   ├── UnsupportedBody         415
│   ├── HeadTooLarge            431  a request line and headers without an end
│   ├── QueueFull               429
│   ├── RateLimited             429  a key that may ask so often was used more often
│   ├── FormatNotInstalled      501  a format that needs a package this server has not
│   └── NotYet                  503  the state asked for has not arrived here
├── StoreUnavailable            503  the database did not answer; nothing was acknowledged
│   ├── DatabaseBroken          503  the file is no whole database; it is left as it is
│   ├── DatabaseReadOnly        503  it takes no writes
│   ├── SchemaChanged           503  another version of Tollbook migrated it
│   ├── Unreachable             503  no connection to it, or none is free
│   ├── MonthNotReady           503  events of a month for which there is no partition yet
│   ├── OutcomeUnknown          503  a commit was sent and its answer was lost
│   ├── ClockWrong              503  this server's clock is not the database's
│   └── DiskFull                503  there is no room where something was to be written
├── InternalError               500  a defect of Tollbook
├── SumOutOfRange               500  the tiers of a month would pass 64 bits in a rerating
├── PriceBookRefused            400  a price book with errors, all of them listed
├── DatabaseTooNew                   written by a later Tollbook
├── BackupRefused                    a backup cannot be made, read or put in a database's place
└── SettingsError                    a TOLLBOOK_* variable is wrong
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One thing wrong with one field: its name, a stable code and a sentence."""

    field: str
    code: str
    error: str


class TollbookError(Exception):
    """The root: a sentence for people and a stable code for programs."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    headers: Mapping[str, str] = {}

    def __init__(self, sentence: str, details: Sequence[Problem] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = tuple(details)


class RequestError(TollbookError):
    """Something the client can mend."""

    status = 400
    code = "invalid_request"


class InvalidRequest(RequestError):
    """A parameter or a field is missing or malformed; every problem is listed."""

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> "InvalidRequest":
        """Say the first problem and list them all."""
        return cls(problems[0].error, problems)


class CurrencyRequired(RequestError):
    """The tenant's organizations have several currencies, and their costs cannot be added up."""

    code = "currency_required"


class UnreadableBody(RequestError):
    """Nothing of the body can be read; the sentence names the byte or line where it breaks."""

    code = "unreadable_body"


class ApiKeyRequired(RequestError):
    """The request carries no key."""

    status = 401
    code = "api_key_required"

    def __init__(self) -> None:
        super().__init__("API key is required")


class InvalidApiKey(RequestError):
    """The key or token is unknown, malformed, revoked or past its end."""

    status = 401
    code = "invalid_api_key"

    def __init__(self) -> None:
        super().__init__("Invalid API key")


class PermissionMissing(RequestError):
    """The key is valid and may not do this."""

    status = 403
    code = "permission_missing"


class AddressRefused(RequestError):
    """The key is valid, and not from this address."""

    status = 403
    code = "address_refused"


class NotFound(RequestError):
    """The thing does not exist, or belongs to another tenant: a stranger cannot tell which."""

    status = 404
    code = "not_found"


class MethodNotAllowed(RequestError):
    """The path exists and does not take this method."""

    status = 405
    code = "method_not_allowed"


class AlreadyExists(RequestError):
    """The id is taken."""

    status = 409
    code = "already_exists"


class AlreadyPublished(RequestError):
    """The price book is published from another day on, and stays as it is."""

    status = 409
    code = "already_published"


class KeyEnded(RequestError):
    """The key is revoked or past its end; nothing can follow it."""

    status = 409
    code = "key_ended"


class RunConflict(RequestError):
    """A rerating is not in the state for this, or another one is in its way."""

    status = 409
    code = "run_conflict"


class CursorExpired(RequestError):
    """The state of the ledger that a cursor belongs to is no longer held: begin again."""

    status = 410
    code = "cursor_expired"

    def __init__(self) -> None:
        super().__init__("the ledger has moved on from the state of this cursor; begin again")


class EventArchived(RequestError):
    """The event is in an archive: its sums and its identity stand, its details are in a file."""

    status = 410
    code = "archived"


class ArchiveRefused(RequestError):
    """An archive is not at hand, not as it was written, or in the way of a rerating."""

    status = 409
    code = "archive_refused"


class BodyTooLarge(RequestError):
    """More bytes or more events than one request may bring."""

    status = 413
    code = "body_too_large"


class UnreadableRequest(RequestError):
    """What came is no request of HTTP; the connection is closed."""

    code = "unreadable_request"


class HeadTooLarge(RequestError):
    """A request line and headers of more bytes than there may be; the connection is closed."""

    status = 431
    code = "head_too_large"


class UnsupportedBody(RequestError):
    """A content type or encoding that is not read here."""

    status = 415
    code = "unsupported_body"


class QueueFull(RequestError):
    """The write queue is full; nothing of the request was taken."""

    status = 429
    code = "queue_full"
    headers = {"Retry-After": "1"}


class RateLimited(RequestError):
    """The key was used more often than it may be; nothing of the request was taken."""

    status = 429
    code = "rate_limited"
    headers = {"Retry-After": "1"}

    def __init__(self, sentence: str, seconds: int = 1) -> None:
        super().__init__(sentence)
        self.headers = {"Retry-After": str(seconds)}


class FormatNotInstalled(RequestError):
    """The format asked for needs a package that is not installed at this server."""

    status = 501
    code = "format_not_installed"


class NotYet(RequestError):
    """The state of the ledger that is asked for has not arrived at this server."""

    status = 503
    code = "not_yet"
    headers = {"Retry-After": "1"}

    def __init__(self) -> None:
        super().__init__("the state asked for has not arrived here yet; ask again in a second")


class StoreUnavailable(TollbookError):
    """The database did not answer or refused the transaction; nothing was acknowledged."""

    status = 503
    code = "store_unavailable"
    headers = {"Retry-After": "5"}


class DatabaseBroken(StoreUnavailable):
    """The database file is cut off, overwritten or another file; it is left as it is."""

    code = "database_broken"


class DatabaseReadOnly(StoreUnavailable):
    """The database may be read and not written."""

    code = "database_read_only"


class SchemaChanged(StoreUnavailable):
    """The database is at the schema of another version; nothing was read and nothing written."""

    code = "schema_changed"


class Unreachable(StoreUnavailable):
    """No connection to the database can be had. `reason` is for its administrator alone."""

    def __init__(self, sentence: str, reason: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason


class MonthNotReady(StoreUnavailable):
    """The partition of a month cannot be made, because something locks the table of events."""

    code = "month_not_ready"

    def __init__(self) -> None:
        super().__init__(
            "the partition for a month of these events is not ready; nothing was stored, "
            "send them again"
        )


class ClockWrong(StoreUnavailable):
    """The clock of this server differs from the database's by more than is allowed."""

    code = "clock_wrong"


class DiskFull(StoreUnavailable):
    """There is no room on a disk; what was to be written is not there, not even a part of it."""

    code = "disk_full"


class OutcomeUnknown(StoreUnavailable):
    """A commit was sent and its answer was lost: the write is stored in whole, or not at all."""

    code = "outcome_unknown"


class InternalError(TollbookError):
    """A defect of Tollbook; the log has the details, the client does not."""


class SumOutOfRange(TollbookError):
    """What a rerating would bill in the tiers of a month passes 64 bits; nothing was changed."""

    code = "sum_out_of_range"


class PriceBookRefused(TollbookError):
    """A price book with errors: it is refused whole, and every error is listed."""

    status = 400
    code = "price_book_refused"


class DatabaseTooNew(TollbookError):
    """The database was written by a later Tollbook than this one."""

    code = "database_too_new"


class BackupRefused(TollbookError):
    """A backup cannot be made or read, or a database is in its way; nothing was changed."""

    code = "backup_refused"


class SettingsError(TollbookError):
    """A setting is wrong; the sentence names its variable."""

    code = "invalid_setting"


def refuse(problems: Iterable[Problem | None]) -> None:
    """Raise `InvalidRequest` with all problems; return when there are none. None is no problem."""
    found = [problem for problem in problems if problem]
    if found:
        raise InvalidRequest.of(found)
