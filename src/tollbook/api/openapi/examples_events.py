"""Examples of reversals, and of events without a price."""

from typing import Any

REVERSAL: dict[str, Any] = {
    "id": "credit-17",
    "organization_id": "org_abc123",
    "reverses": "call-7731",
    "reason": "the carrier dropped the call",
}

REVERSALS_ANSWER: dict[str, Any] = {
    "success": False,
    "counts": {"accepted": 1, "duplicate": 0, "quarantined": 0, "conflict": 0, "rejected": 1},
    "receipts": [
        {"index": 0, "status": "accepted", "id": "credit-17"},
        {
            "index": 1,
            "status": "rejected",
            "id": "credit-18",
            "code": "already_reversed",
            "error": "the event was reversed by credit-17",
            "field": "reverses",
            "details": [
                {
                    "field": "reverses",
                    "code": "already_reversed",
                    "error": "the event was reversed by credit-17",
                }
            ],
        },
    ],
    "as_of": "2024-01-15T10:31:00.123456Z",
}

ALL_REVERSED: dict[str, Any] = {
    **REVERSALS_ANSWER,
    "success": True,
    "counts": {**REVERSALS_ANSWER["counts"], "rejected": 0},
    "receipts": REVERSALS_ANSWER["receipts"][:1],
}

UNRATED_ANSWER: dict[str, Any] = {
    "success": False,
    "counts": {"priced": 0, "unpriced": 1, "rejected": 0},
    "charges": [
        {
            "index": 0,
            "status": "unpriced",
            "id": "call-7731",
            "code": "no_price",
            "error": "price book version 1 has no price for this voice.call",
        }
    ],
}
