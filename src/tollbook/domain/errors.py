"""The tree of all errors that Tollbook raises, each with a message, a code and a status.

TollbookError
├── RequestError                the request is wrong; has an HTTP status
│   ├── InvalidRequest          400  a parameter or field is invalid; `details` names each
│   ├── CurrencyRequired        400  costs in several currencies cannot be added up
│   ├── InvalidOrigin           400  not an origin as browsers send it⁴
│   ├── UnreadableBody          400  the body cannot be parsed
│   ├── UnreadableRequest       400  the request is not valid HTTP
│   ├── ApiKeyRequired          401
│   ├── InvalidApiKey           401
│   ├── PermissionMissing       403
│   ├── AddressRefused          403  the key is not allowed from this address
│   ├── OriginRefused           403  the viewer token is limited to other origins⁴
│   ├── NotFound                404  does not exist, or belongs to another tenant
│   ├── MethodNotAllowed        405
│   ├── RequestTimeout          408  the client was silent for too long¹
│   ├── AlreadyExists           409
│   ├── InUse                   409  events, or something else, prevent the change
│   ├── RunConflict             409  a run has another status, or conflicts with another one
│   ├── AlreadyPublished        409  a published price book cannot change
│   ├── KeyEnded                409  a revoked or expired key cannot be rotated
│   ├── MeterExists             409  the tenant has this meter with other terms²
│   ├── MeterInUse              409  events fix the fields of the meter²
│   ├── MeterPriced             409  the rate of a price book fixes the unit of the meter²
│   ├── TooManyMeters           409  the tenant has as many own meters as it may have²
│   ├── BuiltInMeter            409  a built-in meter cannot change²
│   ├── NameTaken               409  the name is that of a meter or of a mapped type³
│   ├── TypeMapped              409  the type is mapped to another meter³
│   ├── TooManyEventTypes       409  the tenant has as many mapped types as it may have³
│   ├── TooManyTriggers         409  the tenant or organization has as many triggers as it may⁶
│   ├── ManagedByBudget         409  the trigger changes only with its budget⁶
│   ├── ImmutableField          400  the field of a trigger cannot change⁶
│   ├── InvalidFigure           400  a trigger cannot watch this figure⁶
│   ├── TooManyEndpoints        409  the tenant or organization has as many endpoints as it may⁴
│   ├── EndpointDisabled        409  nothing is sent to the endpoint until it is enabled⁴
│   ├── MailNotConfigured       409  the server has no mail server or sender⁴
│   ├── TooManyOrigins          409  the tenant has as many origins as it may have⁷
│   ├── TooManyReports          409  the tenant has as many reports as it may have⁴
│   ├── CursorExpired           410  the state of a cursor is no longer stored
│   ├── ExportExpired           410  an export took too long; its snapshot was closed¹
│   ├── EventArchived           410  events are archived, and their files cannot be read
│   ├── EventDiscarded          410  the event was discarded from quarantine
│   ├── ArchiveRefused          409  an archive is missing, or prevents a rerating
│   ├── BodyTooLarge            413
│   ├── UnsupportedBody         415
│   ├── HeadTooLarge            431  the request line and headers are too long¹
│   ├── QueueFull               429
│   ├── TooManyExports          429  the key or tenant has too many exports at once¹
│   ├── TooManyAnswers          429  the key or tenant has too many large answers at once¹
│   ├── RateLimited             429  the key has exceeded its rate limit¹
│   ├── FormatNotInstalled      501  the format needs a package that is not installed
│   ├── SecretKeyMissing        501  viewer tokens and endpoints need a secret⁴
│   └── NotYet                  503  this replica has not caught up
├── StoreUnavailable            503  the database did not respond; nothing was stored
│   ├── DatabaseBroken          503  the database file is damaged; it was not changed
│   ├── DatabaseReadOnly        503  the database is read-only
│   ├── SchemaChanged           503  another version of Tollbook migrated it
│   ├── Unreachable             503  no connection to the database is available
│   │   └── NodeUnreachable     503  a node of a cluster is away; others are not affected
│   ├── MonthNotReady           503  the partition of a month does not exist yet
│   ├── DirectoryChanged        503  organizations or keys changed during a commit
│   │   └── MappedTypesChanged  503  mapped types changed during a commit³
│   ├── OutcomeUnknown          503  the response to a commit was lost
│   ├── ClockWrong              503  this server's clock differs from the database's
│   └── DiskFull                503  a disk is full
├── LeaseLost                   503  another process has taken over the alerts⁵
├── InternalError               500  a defect of Tollbook
├── SumOutOfRange               500  a rerating would exceed 64 bits in the tiers of a month¹
├── PriceBookRefused            400  a price book has errors; all are listed
├── DatabaseTooNew                   written by a later Tollbook
├── BackupRefused                    a backup cannot be made, read or restored
├── CopyRefused                      a copy to another database cannot be made or completed
└── SettingsError                    a TOLLBOOK_* variable is invalid
In ¹ limit, ² meter, ³ event_type, ⁴ endpoint, ⁶ trigger and ⁷ origin`_errors.py`, ⁵ the lease.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from tollbook.domain.problem import Problem as Problem


class TollbookError(Exception):
    """The root of all errors: a message for people and a stable code for programs."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    headers: Mapping[str, str] = {}

    def __init__(self, sentence: str, details: Sequence[Problem] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = tuple(details)


class RequestError(TollbookError):
    """A request that the client can correct."""

    status = 400
    code = "invalid_request"


class InvalidRequest(RequestError):
    """A parameter or field is missing or invalid; every problem is listed."""

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> "InvalidRequest":
        """Return an error with the message of the first problem and a list of all."""
        return cls(problems[0].error, problems)


class CurrencyRequired(RequestError):
    """The organizations have several currencies, and their costs cannot be added up."""

    code = "currency_required"


class UnreadableBody(RequestError):
    """The body cannot be parsed; the message names the byte or line of the problem."""

    code = "unreadable_body"


class ApiKeyRequired(RequestError):
    """The request has no key."""

    status = 401
    code = "api_key_required"

    def __init__(self) -> None:
        super().__init__("API key is required")


class InvalidApiKey(RequestError):
    """The key or token is unknown, malformed, revoked or expired."""

    status = 401
    code = "invalid_api_key"

    def __init__(self) -> None:
        super().__init__("Invalid API key")


class PermissionMissing(RequestError):
    """The key lacks the permission."""

    status = 403
    code = "permission_missing"


class AddressRefused(RequestError):
    """The key is not allowed from this address."""

    status = 403
    code = "address_refused"


class NotFound(RequestError):
    """The resource does not exist, or belongs to another tenant; the response is the same."""

    status = 404
    code = "not_found"


class MethodNotAllowed(RequestError):
    """The path does not support this method."""

    status = 405
    code = "method_not_allowed"


class AlreadyExists(RequestError):
    """The id is taken."""

    status = 409
    code = "already_exists"


class InUse(RequestError):
    """Events, or something else that the message names, prevent the change."""

    status = 409
    code = "in_use"


class AlreadyPublished(RequestError):
    """The price book is already published from another day on and cannot change."""

    status = 409
    code = "already_published"


class KeyEnded(RequestError):
    """The key is revoked or expired, so it cannot be rotated."""

    status = 409
    code = "key_ended"


class RunConflict(RequestError):
    """The run has another status, or conflicts with another one."""

    status = 409
    code = "run_conflict"


class CursorExpired(RequestError):
    """The state of the ledger that a cursor belongs to is no longer stored: start again."""

    status = 410
    code = "cursor_expired"

    def __init__(self) -> None:
        sentence = "the state of this cursor is no longer stored; start again without a cursor"
        super().__init__(sentence)


class EventArchived(RequestError):
    """Events are archived, and the server cannot read their files; sums and identities remain."""

    status = 410
    code = "archived"


class EventDiscarded(RequestError):
    """The event was discarded from quarantine: it was never charged, and only its id remains."""

    status = 410
    code = "discarded"


class ArchiveRefused(RequestError):
    """An archive is missing or has changed, or prevents a rerating."""

    status = 409
    code = "archive_refused"


class BodyTooLarge(RequestError):
    """The request has more bytes or events than allowed."""

    status = 413
    code = "body_too_large"


class UnreadableRequest(RequestError):
    """The request is not valid HTTP; the connection is closed."""

    code = "unreadable_request"


class UnsupportedBody(RequestError):
    """The content type or encoding is not supported."""

    status = 415
    code = "unsupported_body"


class QueueFull(RequestError):
    """The write queue is full; nothing of the request was stored."""

    status = 429
    code = "queue_full"
    headers = {"Retry-After": "1"}


class FormatNotInstalled(RequestError):
    """The requested format needs a package that is not installed on this server."""

    status = 501
    code = "format_not_installed"


class NotYet(RequestError):
    """The requested state of the ledger has not arrived at this server yet."""

    status = 503
    code = "not_yet"
    headers = {"Retry-After": "1"}

    def __init__(self) -> None:
        super().__init__("this replica has not caught up yet; retry later")


class StoreUnavailable(TollbookError):
    """The database did not respond or refused the transaction; nothing was stored."""

    status = 503
    code = "store_unavailable"
    headers = {"Retry-After": "5"}


class DatabaseBroken(StoreUnavailable):
    """The database file is truncated, overwritten or not a database; it was not changed."""

    code = "database_broken"


class DatabaseReadOnly(StoreUnavailable):
    """The database is read-only."""

    code = "database_read_only"


class SchemaChanged(StoreUnavailable):
    """The database has the schema of another version; nothing was read or written."""

    code = "schema_changed"


class Unreachable(StoreUnavailable):
    """No connection to the database is available. `reason` is for administrators only."""

    def __init__(self, sentence: str, reason: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason


class NodeUnreachable(Unreachable):
    """A node of a cluster is away, and the transaction needs it."""


class MonthNotReady(StoreUnavailable):
    """The partition of a month cannot be created, because the table of events is locked."""

    code = "month_not_ready"

    def __init__(self) -> None:
        super().__init__(
            "the partition for a month of these events is not ready; nothing was stored, "
            "retry later"
        )


class DirectoryChanged(StoreUnavailable):
    """Organizations or keys changed while the first events of an organization were stored."""

    def __init__(self) -> None:
        super().__init__("the directory changed meanwhile; nothing was stored, retry")


class ClockWrong(StoreUnavailable):
    """The clock of this server differs from the database's by more than allowed."""

    code = "clock_wrong"


class DiskFull(StoreUnavailable):
    """A disk is full; nothing was written, not even a part."""

    code = "disk_full"


class OutcomeUnknown(StoreUnavailable):
    """The response to a commit was lost: the write is stored completely or not at all."""

    code = "outcome_unknown"


class InternalError(TollbookError):
    """A defect of Tollbook; only the log has the details."""


class PriceBookRefused(TollbookError):
    """The price book has errors; it was refused as a whole, and every error is listed."""

    status = 400
    code = "price_book_refused"


class DatabaseTooNew(TollbookError):
    """The database was written by a later version of Tollbook."""

    code = "database_too_new"


class BackupRefused(TollbookError):
    """The backup cannot be made or read, or a database prevents it; nothing was changed."""

    code = "backup_refused"


class CopyRefused(TollbookError):
    """The copy to another database cannot be made or completed; no server uses the target."""

    code = "copy_refused"


class SettingsError(TollbookError):
    """A setting is invalid; the message names its variable."""

    code = "invalid_setting"


def refuse(problems: Iterable[Problem | None]) -> None:
    """Raise `InvalidRequest` with all problems; return when there are none. None is no problem."""
    if found := [problem for problem in problems if problem]:
        raise InvalidRequest.of(found)
