"""The examples of triggers."""

from typing import Any

NEW_TRIGGER: dict[str, Any] = {
    "name": "Daily calls",
    "organization_id": "org_abc123",
    "figure": "cost",
    "category": "voice_cost",
    "period": "day",
    "at": ["50.00", "100.00"],
}
TRIGGER_CHANGE: dict[str, Any] = {"at": ["60.00"], "status": "active"}
TRIGGER: dict[str, Any] = {
    "id": "trg_0123456789abcdefghijklmnop",
    "source": "api",
    "name": "Daily calls",
    "organization_id": "org_abc123",
    "user_id": None,
    "figure": "cost",
    "category": "voice_cost",
    "meter": None,
    "currency": "USD",
    "period": "day",
    "at": [50.0, 100.0],
    "owner": "tenant",
    "endpoint_ids": [],
    "status": "active",
    "created_at": "2024-01-02T10:30:00Z",
    "changed_at": "2024-01-02T10:30:00Z",
    "state": {
        "period": {
            "name": "2024-01-15",
            "from": "2024-01-15T00:00:00+01:00",
            "to": "2024-01-16T00:00:00+01:00",
        },
        "value": 51.27,
        "as_of": "2024-01-15T10:29:59.8Z",
        "reached": [50.0],
        "cleared": [],
        "learning": False,
    },
}
