"""The examples of the events behind a figure, by page and as files."""

from typing import Any

from tollbook.api.openapi.examples import EVENT

EVENTS_LISTED: dict[str, Any] = {
    "success": True,
    "organization_id": "org_abc123",
    "period": {"start": "2024-01-01", "end": "2024-01-31"},
    "events": [
        {
            "id": EVENT["id"],
            "type": EVENT["type"],
            "user_id": EVENT["user_id"],
            "resource_id": None,
            "time": EVENT["time"],
            "day": "2024-01-15",
            "quantity": 61,
            "billed_quantity": 61,
            "unit": "second",
            "cost": 0.122,
            "country": "GB",
            "attributes": EVENT["attributes"],
            "received_at": "2024-01-15T10:31:00.123456Z",
            "reverses": None,
            "corrects": None,
            "corrected_by": None,
        }
    ],
    "next_cursor": None,
}
