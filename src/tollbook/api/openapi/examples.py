"""The examples that the documentation shows and the tests compare with."""

from typing import Any

EVENT: dict[str, Any] = {
    "id": "call-7731",
    "type": "voice.call",
    "organization_id": "org_abc123",
    "user_id": "user_123",
    "time": "2024-01-15T10:30:00Z",
    "quantity": 61,
    "attributes": {"to": "+442071838750", "direction": "outbound"},
}

EVENTS_ANSWER: dict[str, Any] = {
    "success": False,
    "counts": {"accepted": 1, "duplicate": 0, "quarantined": 0, "conflict": 0, "rejected": 1},
    "receipts": [
        {"index": 0, "status": "accepted", "id": "call-7731"},
        {
            "index": 1,
            "status": "rejected",
            "id": "call-7732",
            "code": "negative",
            "error": "quantity must not be negative",
            "field": "quantity",
            "details": [
                {
                    "field": "quantity",
                    "code": "negative",
                    "error": "quantity must not be negative",
                }
            ],
        },
    ],
    "as_of": "2024-01-15T10:31:00.123456Z",
}

CHARGE: dict[str, Any] = {
    "cost": 0.122,
    "currency": "USD",
    "quantity": 61,
    "billed": 61,
    "unit": "second",
    "lines": [{"name": "price", "cost": 0.122}],
    "rate": {
        "rate_id": 5,
        "matched": "voice.call",
        "price": "0.002",
        "per": "second",
        "to": None,
        "from": None,
        "book": {"version": 1, "name": "Example prices"},
    },
    "tier": None,
    "steps": ["61 s raw", "61 s / 1 s x 0.002 = 0.122", "cost 0.122"],
    "buy": None,
}

RATED_ANSWER: dict[str, Any] = {
    "success": True,
    "counts": {"priced": 1, "unpriced": 0, "rejected": 0},
    "charges": [{"index": 0, "status": "priced", "id": "call-7731", "charge": CHARGE}],
}

EXPLAINED_EVENT: dict[str, Any] = {
    "success": True,
    "status": "charged",
    "event": {
        **EVENT,
        "resource_id": None,
        "day": "2024-01-15",
        "cost": None,
        "received_at": "2024-01-15T10:31:00Z",
    },
    "charge": CHARGE,
    "replay_mismatch": None,
    "reversal": None,
    "quarantine": None,
    "correction": None,
}

ORGANIZATION: dict[str, Any] = {
    "id": "org_abc123",
    "name": "Acme Corp",
    "timezone": "America/New_York",
    "currency": "USD",
    "status": "active",
    "number_format": None,
    "email": "billing@acme.com",
}

USER: dict[str, Any] = {
    "id": "user_123",
    "name": "john@acme.com",
    "email": "john@acme.com",
    "status": "active",
    "permission": "user",
}

KEY: dict[str, Any] = {
    "prefix": "tb_0123456789ab",
    "name": "Acme's dashboard",
    "permissions": ["analytics:read"],
    "organization_id": "org_abc123",
    "user_id": None,
    "created_at": "2024-01-15T10:30:00Z",
    "revoked_at": None,
    "expires_at": None,
    "last_used_at": "2024-01-15T10:31:00Z",
    "meters": [],
    "allowed_addresses": [],
    "requests_per_minute": 600,
    "id_prefix": None,
}

OWN_KEY: dict[str, Any] = {
    "prefix": "tb_0123456789ab",
    "name": "Acme's dashboard",
    "tenant_id": "demo",
    "organization_id": "org_abc123",
    "user_id": None,
    "permissions": ["analytics:read"],
    "expires_at": None,
    "meters": [],
    "requests_per_minute": 600,
    "id_prefix": None,
}

VIEWER_TOKEN: dict[str, Any] = {
    "id": "tbv_0123456789abcdef",
    "organization_id": "org_abc123",
    "user_id": "user_123",
    "created_at": "2024-01-15T10:30:00Z",
    "expires_at": "2024-01-15T10:45:00Z",
    "origins": [],
}

ACT: dict[str, Any] = {
    "at": "2024-01-15T10:30:00Z",
    "key_prefix": "tb_0123456789ab",
    "address": "192.0.2.7",
    "action": "key.create",
    "object": "key tb_ba9876543210",
    "organization_id": "org_abc123",
    "details": {"permissions": ["analytics:read"], "user_id": None},
}

PRICE_BOOK: dict[str, Any] = {
    "version": 2,
    "organization_id": None,
    "name": "Standard",
    "currency": "USD",
    "status": "published",
    "effective_from": "2024-02-01",
    "effective_until": None,
    "source": "carrier agreement 17",
    "rates": 1,
    "created_at": "2024-01-15T10:30:00Z",
    "published_at": "2024-01-15T10:30:00Z",
    "rules": 2,
}

PRICE_BOOK_YAML = """\
name: Standard
currency: USD
effective_from: 2024-02-01
source: carrier agreement 17
rates:
  - {meter: voice.call, to: 4420, price: 0.012, per: minute, increments: 60/6}
"""

DECK = """\
Destination,Prefix,Rate per minute,Increments
United Kingdom mobile,"4470-4479, 447624",0.0214,60/6
"""

RATE: dict[str, Any] = {
    "rate_id": 13,
    "meter": "voice.call",
    "price": "0.012",
    "per": "minute",
    "to": "4420",
    "increments": "60/6",
}


def _user(
    identity: str,
    name: str,
    messages: list[int],
    voice: list[int],
    costs: dict[str, Any],
    total: Any,
) -> dict[str, Any]:
    names = ("total_sms_sent", "total_sms_received", "total_mms_sent", "total_mms_received")
    return {
        "user_id": identity,
        "user_name": name,
        **dict(zip(names, messages, strict=True)),
        "total_voice_calls": voice[0],
        "total_voice_seconds": voice[1],
        "cost_breakdown": costs,
        "total_cost": total,
    }


USERS_ANSWER: dict[str, Any] = {
    "success": True,
    "organization_id": "org_abc123",
    "organization_name": "Acme Corp",
    "period": {"start": "2024-01-01", "end": "2024-01-31"},
    "users": [
        _user(
            "user_123",
            "john@acme.com",
            [2420, 650, 120, 40],
            [340, 21560],
            {
                "messaging_cost": 125.50,
                "voice_cost": 43.12,
                "api_request_cost": 10.00,
                "api_requests_count": 250000,
                "api_storage_cost": 2.25,
                "phone_rental_cost": 5.98,
                "phone_rental_count": 2,
                "phone_purchase_cost": 1.00,
                "phone_purchase_count": 1,
                "kb_cost": 5.50,
                "kb_count": 1,
                "kb_minutes": 55.0,
            },
            193.35,
        ),
        _user(
            "user_456",
            "jane@acme.com",
            [1800, 420, 65, 25],
            [280, 18400],
            {
                "messaging_cost": 95.20,
                "voice_cost": 36.80,
                "api_request_cost": 8.00,
                "api_requests_count": 200000,
                "api_storage_cost": 1.50,
                "phone_rental_cost": 2.99,
                "phone_rental_count": 1,
                "phone_purchase_cost": 0.00,
                "phone_purchase_count": 0,
                "kb_cost": 0.00,
                "kb_count": 0,
                "kb_minutes": 0.0,
            },
            144.49,
        ),
    ],
}
"""The published example; the demo's answer is this, figure for figure."""
