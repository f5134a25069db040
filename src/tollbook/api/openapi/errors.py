"""The errors of an endpoint as OpenAPI responses."""

from collections.abc import Iterator
from typing import Any

from tollbook.api.openapi.endpoint import Endpoint
from tollbook.domain.errors import (
    AddressRefused,
    ApiKeyRequired,
    BodyTooLarge,
    ClockWrong,
    DatabaseReadOnly,
    DiskFull,
    FormatNotInstalled,
    InvalidApiKey,
    InvalidRequest,
    NotFound,
    NotYet,
    OutcomeUnknown,
    PermissionMissing,
    PriceBookRefused,
    SchemaChanged,
    StoreUnavailable,
    TollbookError,
    UnreadableBody,
    UnreadableRequest,
)
from tollbook.domain.limit_errors import HeadTooLarge, RateLimited, RequestTimeout
from tollbook.domain.origin_errors import OriginRefused

Document = dict[str, Any]

_EVERYWHERE = (
    ApiKeyRequired,
    InvalidApiKey,
    PermissionMissing,
    AddressRefused,
    OriginRefused,
    RateLimited,
    StoreUnavailable,
    DatabaseReadOnly,
    DiskFull,
    SchemaChanged,
    ClockWrong,
    OutcomeUnknown,
    UnreadableRequest,
    RequestTimeout,
    HeadTooLarge,
)
_EXAMPLE_SENTENCES = {
    "name_taken": "voice.call is a meter: a CloudEvent of this type needs no mapping",
    "type_mapped": "call.ended is mapped to voice.call: remove it before mapping it again",
    "too_many_event_types": "a tenant may map at most 1000 types",
    "too_many_triggers": "a tenant may have at most 20000 triggers",
    "managed_by_budget": "this trigger is that of a budget: change the budget instead",
    "immutable_field": "period cannot change: add another trigger",
    "invalid_figure": "a user has no organization-level figures",
    "too_many_endpoints": "a tenant may have at most 50 endpoints",
    "endpoint_disabled": "endpoint end_0123456789abcdef0123456789 is failing: enable it first",
    "mail_not_configured": "mails need a server: set TOLLBOOK_SMTP_URL and TOLLBOOK_MAIL_FROM",
    "invalid_request": "organization_id required",
    "currency_required": "currency required: the organizations have EUR, USD",
    "unreadable_body": "the body is not JSON: it is incomplete (byte 1)",
    "unreadable_request": "this is no request of HTTP/1.1",
    "request_timeout": "the request line and headers must arrive sooner",
    "head_too_large": "a head must have at most 65536 bytes",
    "permission_missing": "this key lacks the permission admin",
    "address_refused": "this key may not be used from this address",
    "origin_refused": "this viewer token may not be used from this origin",
    "invalid_origin": "origin must be https://host or https://host:port, as browsers send it: "
    "https://app.example.com",
    "too_many_reports": "a tenant may have at most 100 reports",
    "too_many_origins": "a tenant may register at most 50 origins",
    "not_found": "Organization not found",
    "already_exists": "organization org_abc123 exists already",
    "meter_exists": "the meter whatsapp.marketing exists with another unit; PATCH /v1/meters "
    "changes a meter",
    "meter_in_use": "whatsapp.marketing has events, so its unit cannot change; add another meter",
    "meter_priced": "the unit of whatsapp.marketing cannot change, because price book version 3 "
    "has a rate for it; add another meter",
    "too_many_meters": "a tenant may have at most 400 meters of its own, retired ones included",
    "built_in_meter": "sms.outbound is built in: it is the same for every tenant",
    "in_use": "organization org_abc123 has events: its currency cannot change",
    "already_published": "price book version 2 is published from 2024-02-01 on and stays as it is; "
    "load a new one",
    "price_book_refused": "the price book has 1 error; nothing was loaded",
    "run_conflict": "run 3 (org_abc123, 2024-01-01 to 2024-01-31) is running: stop it first",
    "archived": "events of 2024-01 are archived, and their files cannot be read here: "
    "org_abc123.1.2024-01.1-3fa9c2.parquet is missing; set TOLLBOOK_ARCHIVE_FOLDER to its folder",
    "discarded": "event call-7731 was discarded from quarantine and was not charged",
    "archive_refused": "the archive /archive/org_abc123.1.2024-01.1-3fa9c2.parquet is not there",
    "body_too_large": "the body must have at most 16777216 bytes",
    "unsupported_body": "Content-Encoding must be gzip, or absent",
    "key_ended": "key tb_0123456789ab has ended; issue a new one",
    "rate_limited": "this key may ask 600 times a minute; wait 1 s",
    "too_many_exports": "this key has too many exports at once; retry later",
    "too_many_answers": "this key has too many large answers at once; retry later",
    "queue_full": "the write queue is full; nothing was stored, try again soon",
    "format_not_installed": "Parquet needs pyarrow, which is not installed here: "
    "pip install 'pyarrow>=22'",
    "secret_key_missing": "viewer tokens need a secret key: set TOLLBOOK_SECRET_KEY",
    "not_yet": "this replica has not caught up yet; retry later",
    "store_unavailable": "the database is not available; nothing was stored",
    "database_read_only": "the database is read-only; nothing was stored",
    "schema_changed": "the database is at migration 0013, this Tollbook at 0012: "
    "run the version of Tollbook that migrated it",
    "clock_wrong": "this server's clock is 90000 seconds ahead of the database's; 300 are allowed; "
    "nothing was stored",
    "month_not_ready": "the partition for a month of these events is not ready; "
    "nothing was stored, send them again",
    "disk_full": "there is no room on the disk of the database; nothing was stored",
    "outcome_unknown": "the database's answer to the commit was lost: the change may have been "
    "stored; send it again",
}


def error_responses(endpoint: Endpoint) -> Document:
    """Return the responses with errors, by status."""
    by_status: dict[int, list[type[TollbookError]]] = {}
    for error in dict.fromkeys(_errors_of(endpoint)):
        by_status.setdefault(error.status, []).append(error)
    return {str(status): _error(kinds) for status, kinds in sorted(by_status.items())}


def _errors_of(endpoint: Endpoint) -> Iterator[type[TollbookError]]:
    """List the errors of an endpoint: of its parameters and body, its own, and of every request."""
    yield InvalidRequest
    names = {parameter.name for parameter in endpoint.parameters}
    if endpoint.request and "application/json" in endpoint.request.media_types:
        yield UnreadableBody
    if endpoint.path_parameters or "organization_id" in names:
        yield NotFound
    yield from endpoint.errors
    if "min_as_of" in names:
        yield NotYet
    if "format" in names:
        yield FormatNotInstalled
    if endpoint.request:
        yield BodyTooLarge
    for error in _EVERYWHERE:
        if endpoint.permission or error is not PermissionMissing:
            yield error


def _error(kinds: list[type[TollbookError]]) -> Document:
    headers = {
        name: {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        for kind in kinds
        for name in kind.headers
    }
    described: Document = {
        "description": " ".join((kind.__doc__ or "").splitlines()[0] for kind in kinds),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "examples": {kind.code: {"value": _error_example(kind)} for kind in kinds},
            }
        },
    }
    return {**described, "headers": headers} if headers else described


def _error_example(kind: type[TollbookError]) -> Document:
    sentence = _EXAMPLE_SENTENCES.get(kind.code)
    if sentence is None:
        sentence = kind().sentence  # type: ignore[call-arg]
    example: Document = {"success": False, "error": sentence, "code": kind.code}
    if kind is InvalidRequest:
        problem = {"field": "organization_id", "code": "missing_parameter", "error": sentence}
        example["details"] = [problem]
    if kind is PriceBookRefused:
        sentence = "line 7: price must be a number from 0 to 1000000 with at most 12 decimals"
        example["details"] = [{"field": "price", "code": "invalid_price", "error": sentence}]
    return {**example, "request_id": "6f1c2a9b00000042"}
