"""The schema and the examples of CloudEvents in the bodies of events."""

from typing import Any

from tollbook.ingest.decode import MOST_EVENTS

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_TEXT = {"type": "string", "minLength": 1}

_CLOUD_EVENT: dict[str, Any] = {
    "title": "CloudEvent",
    "description": "An event in the JSON format of CloudEvents 1.0.",
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "description": "With the source, it identifies the event."},
        "source": _TEXT,
        "type": {**_TEXT, "description": "A meter, or a mapped type."},
        "subject": {**_TEXT, "description": "The user."},
        "time": {"type": "string", "format": "date-time"},
        "organizationid": {
            "type": ["string", "integer"],
            "description": "The organization, unless `data.organization_id` names it.",
        },
        "datacontenttype": _TEXT,
        "data": {
            "type": ["object", "null"],
            "description": "The other fields of the event: `quantity`, `attributes` and so on.",
        },
        "data_base64": {"type": "string"},
    },
    "additionalProperties": True,
}
_EXAMPLE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "call-7731",
    "source": "/switch/eu-1",
    "type": "voice.call",
    "subject": "user_123",
    "time": "2024-01-15T10:30:00Z",
    "organizationid": "org_abc123",
    "data": {"quantity": 61, "attributes": {"to": "+442071838750"}},
}
CLOUD_EVENT_SCHEMAS: dict[str, dict[str, Any]] = {
    STRUCTURED: _CLOUD_EVENT,
    BATCH: {"type": "array", "maxItems": MOST_EVENTS, "items": _CLOUD_EVENT},
}
CLOUD_EVENT_EXAMPLES: dict[str, Any] = {STRUCTURED: _EXAMPLE, BATCH: [_EXAMPLE]}
