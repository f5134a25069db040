"""Examples of quarantined events, and of runs over them."""

from typing import Any

from tollbook.api.openapi.examples import EVENT

QUARANTINED: dict[str, Any] = {
    "organization_id": "org_new",
    "id": "call-7733",
    "code": "unknown_organization",
    "reason": "no organization has this id yet",
    "received_at": "2024-01-15T10:31:00Z",
    "event": {**EVENT, "id": "call-7733", "organization_id": "org_new"},
    "ways_out": ["replay", "discard"],
}

QUARANTINE_RUN: dict[str, Any] = {
    "id": 3,
    "action": "replay",
    "status": "done",
    "organization_id": "org_new",
    "codes": None,
    "ids": None,
    "ids_count": None,
    "type": None,
    "start_date": None,
    "end_date": None,
    "expected": 12,
    "events": 12,
    "released": 11,
    "discarded": 0,
    "remaining": 1,
    "created_at": "2024-01-16T09:00:00Z",
    "created_by": "tb_0123456789ab",
    "moved_at": "2024-01-16T09:00:01Z",
    "finished_at": "2024-01-16T09:00:01Z",
    "reason": None,
}

REPLAY: dict[str, Any] = {
    "organization_id": "org_new",
    "codes": ["no_price"],
    "ids": ["call-7731", "call-7733"],
    "dry_run": True,
}

REPLAY_DRY_RUN: dict[str, Any] = {
    "events": 2,
    "released": 1,
    "remaining": 1,
    "codes": [{"code": "no_price", "events": 2, "released": 1}],
    "remaining_codes": [
        {"code": "no_price", "events": 1, "ways_out": ["replay", "correct", "discard"]}
    ],
    "totals": [{"currency": "USD", "events": 1, "cost": 0.122}],
    "sums": [
        {
            "currency": "USD",
            "organization_id": "org_new",
            "meter": "voice.call",
            "events": 1,
            "cost": 0.122,
        }
    ],
    "sums_count": 1,
    "charges": [
        {
            "organization_id": "org_new",
            "id": "call-7733",
            "user_id": "user_123",
            "meter": "voice.call",
            "day": "2024-01-15",
            "quantity": 61,
            "billed": 61,
            "currency": "USD",
            "cost": 0.122,
        }
    ],
}
