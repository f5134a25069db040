"""Examples of reversals and corrections, and of events without a price."""

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

CORRECTION: dict[str, Any] = {
    "id": "message-3.price",
    "organization_id": "org_abc123",
    "corrects": "message-3",
    "reason": "the carrier's price arrived",
    "cost": 0.0079,
}

CORRECTIONS_ANSWER: dict[str, Any] = {
    "success": False,
    "counts": {"accepted": 1, "duplicate": 0, "quarantined": 0, "conflict": 0, "rejected": 1},
    "receipts": [
        {
            "index": 0,
            "status": "accepted",
            "id": "call-7731.length",
            "reversal_id": "call-7731.length.reversal",
        },
        {
            "index": 1,
            "status": "rejected",
            "id": "message-3.again",
            "code": "already_corrected",
            "error": "the event was corrected by message-3.price: correct that event",
            "field": "corrects",
            "details": [
                {
                    "field": "corrects",
                    "code": "already_corrected",
                    "error": "the event was corrected by message-3.price: correct that event",
                }
            ],
        },
    ],
    "as_of": "2024-01-15T10:31:00.123456Z",
}

ALL_CORRECTED: dict[str, Any] = {
    **CORRECTIONS_ANSWER,
    "success": True,
    "counts": {**CORRECTIONS_ANSWER["counts"], "rejected": 0},
    "receipts": CORRECTIONS_ANSWER["receipts"][:1],
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
