"""The examples of rerating that the documentation shows."""

from typing import Any

RERATING: dict[str, Any] = {
    "start_date": "2024-01-01",
    "end_date": "2024-01-31",
    "organization_id": "org_abc123",
}

_TOTAL = {
    "currency": "USD",
    "old_cost": 193.35,
    "new_cost": 201.15,
    "difference": 7.80,
    "old_buy_cost": 150.25,
    "new_buy_cost": 150.25,
    "old_margin": 43.10,
    "new_margin": 50.90,
}

UNPRICED: dict[str, Any] = {
    "organization_id": "org_abc123",
    "id": "call-7731",
    "day": "2024-01-15",
    "code": "no_price",
    "reason": "price book version 7 has no price for this voice.call",
}

DRY_RUN: dict[str, Any] = {
    "events": 15120,
    "changed": 340,
    "unpriced": 1,
    "totals": [_TOTAL],
    "differing_rows": 21,
    "rows": [
        {
            "organization_id": "org_abc123",
            "user_id": "user_123",
            "meter": "voice.call",
            "day": "2024-01-15",
            "events": 12,
            "old_cost": 1.52,
            "new_cost": 1.90,
            "difference": 0.38,
        }
    ],
    "lost_prices": [],
    "unpriced_events": [UNPRICED],
    "buy_changed": 0,
    "below_buy": [],
    "below_buy_count": 0,
    "without_buy_count": 0,
}

RUN: dict[str, Any] = {
    "id": 3,
    "status": "done",
    "start_date": "2024-01-01",
    "end_date": "2024-01-31",
    "organization_id": "org_abc123",
    "version": None,
    "expected": 15120,
    "events": 15120,
    "changed": 340,
    "unpriced": 1,
    "restored": 0,
    "totals": [_TOTAL],
    "created_at": "2024-02-03T09:00:00Z",
    "created_by": "tb_0123456789ab",
    "moved_at": "2024-02-03T09:00:02Z",
    "finished_at": "2024-02-03T09:00:02Z",
    "reason": None,
    "buy_changed": 0,
}
