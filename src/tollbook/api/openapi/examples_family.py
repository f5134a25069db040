"""The published examples of an overview and its siblings; the demo's answers are these."""

from typing import Any

_PERIOD = {"start": "2024-01-01", "end": "2024-01-31"}

OVERVIEW_ANSWER: dict[str, Any] = {
    "success": True,
    "tenant_id": "atlas",
    "period": _PERIOD,
    "total_sms_sent": 15420,
    "total_sms_received": 3250,
    "total_mms_sent": 520,
    "total_mms_received": 180,
    "total_voice_calls": 2340,
    "total_voice_seconds": 142560,
    "total_cost": 1245.67,
    "cost_breakdown": {
        "messaging_cost": 845.50,
        "voice_cost": 285.12,
        "api_request_cost": 40.00,
        "api_requests_count": 1000000,
        "api_storage_cost": 15.00,
        "phone_rental_cost": 29.90,
        "phone_rental_count": 10,
        "phone_purchase_cost": 5.00,
        "phone_purchase_count": 5,
        "brand_registration_cost": 12.00,
        "brand_registration_count": 3,
        "kb_cost": 13.15,
        "kb_monthly_cost": 10.00,
        "kb_usage_cost": 3.15,
        "kb_count": 2,
        "kb_minutes": 315.5,
    },
    "organizations_count": 5,
    "users_count": 23,
}


def _organization(
    identity: str, name: str, users: int, messages: list[int], others: list[Any]
) -> dict[str, Any]:
    names = ("total_sms_sent", "total_sms_received", "total_mms_sent", "total_mms_received")
    return {
        "organization_id": identity,
        "organization_name": name,
        "users_count": users,
        **dict(zip(names, messages, strict=True)),
        **dict(zip(_OTHERS, others, strict=True)),
    }


_OTHERS = (
    "total_voice_calls",
    "total_voice_seconds",
    "api_requests_count",
    "api_storage_cost",
    "phone_rental_count",
    "phone_purchase_count",
    "brand_registration_count",
    "kb_count",
    "total_cost",
)

ORGANIZATIONS_ANSWER: dict[str, Any] = {
    "success": True,
    "tenant_id": "atlas",
    "period": _PERIOD,
    "organizations": [
        _organization(
            "org_bluebird",
            "Bluebird Health",
            8,
            [6000, 1300, 220, 80],
            [1000, 60000, 400000, 6.00, 4, 2, 1, 1, 504.58],
        ),
        _organization(
            "org_cedar",
            "Cedar Bank",
            6,
            [4200, 900, 150, 50],
            [640, 40000, 300000, 4.50, 3, 1, 1, 1, 347.13],
        ),
        _organization(
            "org_delta",
            "Delta Retail",
            4,
            [2800, 600, 90, 30],
            [400, 24560, 180000, 2.50, 1, 1, 1, 0, 218.92],
        ),
        _organization(
            "org_elm",
            "Elm Schools",
            3,
            [1600, 300, 40, 15],
            [200, 12000, 80000, 1.25, 1, 1, 0, 0, 115.74],
        ),
        _organization(
            "org_fjord",
            "Fjord Travel",
            2,
            [820, 150, 20, 5],
            [100, 6000, 40000, 0.75, 1, 0, 0, 0, 59.30],
        ),
    ],
}

USAGE_ANSWER: dict[str, Any] = {
    "success": True,
    "usage": {
        "organization_id": "org_abc123",
        "organization_name": "Acme Corp",
        "sms": {"outbound": 6640, "inbound": 1095, "total": 7735},
        "mms": {"outbound": 185, "inbound": 65, "total": 250},
        "voice": {"seconds": 39960, "kb_seconds": 3300, "total_seconds": 43260},
        "period": {"start": "2024-01-01T00:00:00Z", "end": "2024-02-01T00:00:00Z"},
    },
}
