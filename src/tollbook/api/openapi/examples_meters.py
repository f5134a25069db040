"""The examples of the catalog of meters."""

from typing import Any

NEW_METER: dict[str, Any] = {
    "type": "whatsapp.marketing",
    "unit": "message",
    "category": "messaging",
    "name": "WhatsApp marketing",
    "whole": True,
}
METER: dict[str, Any] = {
    "type": "whatsapp.marketing",
    "name": "WhatsApp marketing",
    "unit": "message",
    "category": "messaging",
    "whole": True,
    "resource_required": False,
    "built_in": False,
    "retired_at": None,
    "has_events": False,
    "created_at": "2024-01-15T10:30:00Z",
}
BUILT_IN_METER: dict[str, Any] = {
    **METER,
    "type": "sms.outbound",
    "name": "SMS sent",
    "unit": "segment",
    "built_in": True,
    "has_events": None,
    "created_at": None,
}
ADDED_CATALOG: dict[str, Any] = {"success": True, "added": [METER], "unchanged": []}
RETIRED_METER: dict[str, Any] = {**METER, "retired_at": "2024-03-01T00:00:00Z"}
RETIREMENT: dict[str, Any] = {"retired": True}
