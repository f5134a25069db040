"""JSON Schemas of what goes over the wire, made from the types that encode and decode it."""

from dataclasses import dataclass
from typing import Any

import msgspec

from tollbook.analytics.completeness import Meta
from tollbook.analytics.filtered_users import OrganizationLevel, UserTotals
from tollbook.analytics.organizations import OrganizationsReport, Totals
from tollbook.analytics.overview import OverviewReport
from tollbook.analytics.series_report import SeriesReport
from tollbook.analytics.usage import UsageReport
from tollbook.analytics.users import UsersReport
from tollbook.api.openapi.cloud_event_schema import CLOUD_EVENT_SCHEMAS
from tollbook.domain.corrections import CHANGES, LONGEST_CORRECTION_ID, REQUIRED
from tollbook.domain.events import (
    LARGEST_INTEGER,
    LONGEST_ATTRIBUTE_NAME,
    LONGEST_ATTRIBUTE_VALUE,
    LONGEST_BODY,
    LONGEST_ID,
    MOST_ATTRIBUTES,
)
from tollbook.domain.exact import MOST_COST, MOST_QUANTITY
from tollbook.domain.meters import CATALOG
from tollbook.domain.own_meters import LONGEST_TYPE, TYPE_PATTERN
from tollbook.domain.receipts import Receipt
from tollbook.domain.reversals import LONGEST_REASON
from tollbook.ingest.decode import MOST_EVENTS

Schema = dict[str, Any]
_REFERENCE = "#/components/schemas/{name}"


@dataclass(frozen=True)
class AnswerSchema:
    """An answer with `success` and the given fields, each by its type."""

    fields: dict[str, Any]
    optional: tuple[str, ...] = ()


def answer_schema(*optional: str, **fields: Any) -> AnswerSchema:
    """Return an answer with `success` and fields of the given types; some may be `optional`."""
    return AnswerSchema(fields, optional)


@dataclass(frozen=True)
class Extended:
    """A report as documented, and the fields that follow its own on request."""

    report: Any
    extras: dict[str, Any]


def extended(report: Any, **extras: Any) -> Extended:
    """Return a report with the types of the fields that may follow its own."""
    return Extended(report, {**extras, "meta": Meta})


@dataclass(frozen=True)
class EventsRequest:
    """One event or an array of them; in the media types of lines, one event a line."""


EVENTS_REQUEST = EventsRequest()
USERS_REPORT = extended(
    UsersReport,
    totals=UserTotals,
    organization_level=OrganizationLevel,
    next_cursor=str | None,
)
ORGANIZATIONS_REPORT = extended(OrganizationsReport, totals=Totals, next_cursor=str | None)
OVERVIEW_REPORT = extended(OverviewReport)
USAGE_REPORT = extended(UsageReport)
SERIES_REPORT = extended(SeriesReport)


def _id(description: str, *, optional: bool = False) -> Schema:
    return {
        "type": ["string", "null"] if optional else "string",
        "minLength": 1,
        "maxLength": LONGEST_ID,
        "description": description,
    }


def _number(most: int, description: str, *, optional: bool = False) -> Schema:
    forms: list[Schema] = [
        {"type": "number", "minimum": 0, "maximum": most},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
    ]
    return {
        "description": description,
        "oneOf": [*forms, {"type": "null"}] if optional else forms,
    }


EVENT: Schema = {
    "title": "Event",
    "description": "One metered fact.",
    "type": "object",
    "required": ["id", "type", "organization_id", "time"],
    "additionalProperties": False,
    "properties": {
        "id": _id("Yours; with the organization it identifies the event permanently."),
        "type": {
            "type": "string",
            "pattern": TYPE_PATTERN,
            "maxLength": LONGEST_TYPE,
            "examples": [meter.type for meter in CATALOG],
            "description": "The meter: one of the built-in ones, or one of your own from "
            "`GET /v1/meters`. Built in are "
            + "; ".join(f"`{meter.type}` in {meter.unit}s" for meter in CATALOG)
            + ".",
        },
        "organization_id": _id("Whose usage it is."),
        "time": {
            "type": "string",
            "format": "date-time",
            "description": "When it happened: RFC 3339 with an offset. Late events of any age are "
            "taken; more than 24 hours ahead is refused.",
        },
        "quantity": {
            **_number(
                int(MOST_QUANTITY),
                "In the meter's unit, at most 6 decimals. Required for "
                + ", ".join(f"`{meter.type}`" for meter in CATALOG if meter.measured)
                + ", and own meters in seconds or GB-days; 1 for other meters if it is left out.",
            ),
        },
        "user_id": _id(
            "The user it is attributed to; absent for organization-level usage.", optional=True
        ),
        "resource_id": _id(
            "The knowledge base or number it is about; required for kb meters.", optional=True
        ),
        "attributes": {
            "type": ["object", "null"],
            "maxProperties": MOST_ATTRIBUTES,
            "propertyNames": {"minLength": 1, "maxLength": LONGEST_ATTRIBUTE_NAME},
            "properties": {
                "body": {
                    "type": ["string", "number", "boolean", "null"],
                    "maxLength": LONGEST_BODY,
                    "minimum": -LARGEST_INTEGER,
                    "maximum": LARGEST_INTEGER,
                }
            },
            "additionalProperties": {
                "type": ["string", "number", "boolean", "null"],
                "maxLength": LONGEST_ATTRIBUTE_VALUE,
                "minimum": -LARGEST_INTEGER,
                "maximum": LARGEST_INTEGER,
            },
            "description": "Flat facts that prices may depend on, such as `to` and `direction`. "
            "`body`, the text of an SMS, gives its segments if `quantity` does not; it is dropped, "
            f"and may have {LONGEST_BODY} bytes.",
        },
        "cost": _number(
            int(MOST_COST),
            "What it cost already, in the organization's currency, at most 9 decimals. Never null: "
            "leave it out to be charged by the price book.",
        ),
        "cost_pending": {
            "type": ["boolean", "null"],
            "description": "Whether the carrier states the price later: the event waits in "
            "quarantine until a correction has its `cost`. Excludes `cost`.",
        },
    },
}

REVERSAL: Schema = {
    "title": "Reversal",
    "description": "One event taken back.",
    "type": "object",
    "required": ["id", "organization_id", "reverses", "reason"],
    "additionalProperties": False,
    "properties": {
        "id": _id("Of the reversal: yours, and not that of any event of the organization."),
        "organization_id": _id("Whose event it is."),
        "reverses": _id("The id of the event to take back."),
        "reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_REASON,
            "description": "The reason, for readers of the ledger.",
        },
    },
}
_EVENT_FIELDS: dict[str, Schema] = EVENT["properties"]
CORRECTION: Schema = {
    "title": "Correction",
    "description": "An event that replaces another. Fields that are not named keep their values; "
    "null removes a value.",
    "type": "object",
    "required": list(REQUIRED),
    "additionalProperties": False,
    "properties": {
        "id": {
            **_id("Of the corrected event: yours, and not that of any event of the organization."),
            "maxLength": LONGEST_CORRECTION_ID,
        },
        "organization_id": _id("Whose event it is; it cannot change."),
        "corrects": _id("The id of the event to replace."),
        "reason": REVERSAL["properties"]["reason"],
        **{name: _EVENT_FIELDS[name] for name in CHANGES if name != "cost"},
        "cost": _number(
            int(MOST_COST),
            "What it cost, at most 9 decimals; null charges the event by the price book.",
            optional=True,
        ),
    },
}


def _one_or_many(name: str) -> Schema:
    """Return the schema of one thing or an array of them."""
    reference = {"$ref": _REFERENCE.format(name=name)}
    return {"oneOf": [reference, {"type": "array", "maxItems": MOST_EVENTS, "items": reference}]}


REVERSALS_REQUEST = _one_or_many("Reversal")
CORRECTIONS_REQUEST = _one_or_many("Correction")

ERROR: Schema = {
    "title": "Error",
    "type": "object",
    "required": ["success", "error", "code"],
    "additionalProperties": False,
    "properties": {
        "success": {"const": False},
        "error": {"type": "string", "description": "A sentence."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "details": {
            "type": "array",
            "items": {"$ref": _REFERENCE.format(name="Problem")},
            "description": "Every problem, each with its field.",
        },
        "request_id": {"type": "string", "description": "That of `X-Request-Id`."},
    },
}


class Components:
    """Collects the schemas of types, each once, under `#/components/schemas`."""

    def __init__(self, types: list[Any]) -> None:
        self._types = [*types, Receipt]
        schemas, components = msgspec.json.schema_components(self._types, ref_template=_REFERENCE)
        self._schemas = dict(zip(map(repr, self._types), schemas, strict=True))
        self.components: dict[str, Schema] = {
            name: _closed(schema) for name, schema in sorted(components.items())
        }
        self.components |= {
            "Event": EVENT,
            "Reversal": REVERSAL,
            "Correction": CORRECTION,
            "Error": ERROR,
        }

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type or an answer; a schema is returned as it is."""
        if isinstance(kind, dict):
            return kind
        if isinstance(kind, AnswerSchema):
            properties = {name: self.of(it) for name, it in kind.fields.items()}
            return {
                "type": "object",
                "required": ["success", *(it for it in properties if it not in kind.optional)],
                "additionalProperties": False,
                "properties": {"success": {"const": True}, **properties},
            }
        if isinstance(kind, Extended):
            return self._extended(kind)
        return self._schemas[repr(kind)]

    def _extended(self, kind: Extended) -> Schema:
        reference = self._schemas[repr(kind.report)]["$ref"]
        report = self.components[reference.rpartition("/")[2]]
        extras = {name: self.of(it) for name, it in kind.extras.items()}
        return {**report, "properties": {**report["properties"], **extras}}

    def of_request(self, kind: Any, media_type: str) -> Schema:
        """Return the schema of a request body in one of its media types."""
        if kind is CORRECTIONS_REQUEST and media_type != "application/json":
            return {"type": "string", "description": "One correction a line."}
        if not isinstance(kind, EventsRequest):
            return self.of(kind)
        event = {"$ref": _REFERENCE.format(name="Event")}
        if media_type in CLOUD_EVENT_SCHEMAS:
            return CLOUD_EVENT_SCHEMAS[media_type]
        if media_type != "application/json":
            return {"type": "string", "description": "One event a line."}
        return {"oneOf": [event, {"type": "array", "maxItems": MOST_EVENTS, "items": event}]}


def types_in(kind: Any) -> list[Any]:
    """List the types that a schema declaration is made of."""
    if isinstance(kind, AnswerSchema):
        return list(kind.fields.values())
    if isinstance(kind, Extended):
        return [kind.report, *(it for extra in kind.extras.values() for it in types_in(extra))]
    return [] if isinstance(kind, dict | EventsRequest) else [kind]


def _closed(schema: Schema) -> Schema:
    """Return a schema that refuses unknown fields; a field of raw JSON is a number."""
    if schema.get("type") != "object" or "properties" not in schema:
        return schema
    properties = {name: _number_or(it) for name, it in schema["properties"].items()}
    return {**schema, "properties": properties, "additionalProperties": False}


def _number_or(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return {**schema, "anyOf": [it or {"type": "number"} for it in schema["anyOf"]]}
    if schema.get("items") == {}:
        return {**schema, "items": {"type": "number"}}
    return schema or {"type": "number"}
