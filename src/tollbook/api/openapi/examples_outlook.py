"""The examples of changes, forecasts and budgets that the documentation shows."""

from typing import Any


def _changed(user: str, name: str, *figures: float | None) -> dict[str, Any]:
    names = ("cost", "previous_cost", "difference", "change", "share")
    return {"user_id": user, "user_name": name, **dict(zip(names, figures, strict=True))}


_JOHN = _changed("user_123", "john@acme.com", 193.35, 120.1, 73.25, 0.6099, 0.567763)
_JANE = _changed("user_456", "jane@acme.com", 143.2, 160.2, -17.0, -0.1061, 0.420496)

CHANGES_ANSWER: dict[str, Any] = {
    "success": True,
    "tenant_id": "demo",
    "organization_id": "org_abc123",
    "organization_name": "Acme Corp",
    "period": {"start": "2024-01-01", "end": "2024-01-31"},
    "previous_period": {"start": "2023-12-01", "end": "2023-12-31"},
    "currency": "USD",
    "total_cost": 340.55,
    "previous_cost": 280.3,
    "change": 0.2149,
    "active_users": 2,
    "cost_per_active_user": 168.275,
    "without_usage": 1,
    "organization_level": {"cost": 4.0, "previous_cost": 0.0},
    "grew": [_JOHN],
    "shrank": [_JANE],
    "top": [_JOHN, _JANE],
    "without_usage_users": [{"user_id": "user_789", "user_name": "joe@acme.com"}],
}

FORECAST_ANSWER: dict[str, Any] = {
    "success": True,
    "tenant_id": "demo",
    "organization_id": "org_abc123",
    "organization_name": "Acme Corp",
    "currency": "USD",
    "month": "2024-01",
    "as_of": "2024-01-19T10:30:00.000000Z",
    "spent": 212.482,
    "forecast": 344.1,
    "low": 329.95,
    "high": 358.25,
    "method": "weekday_mean",
    "method_description": "The amount spent, plus the mean of the same weekday for each day left.",
    "days_left": 12,
    "based_on_days": 56,
}

NEW_BUDGET: dict[str, Any] = {"monthly": "250.00", "alert_at": [0.5, 0.8, 1]}

BUDGET: dict[str, Any] = {
    "organization_id": "org_abc123",
    "monthly": 250.0,
    "currency": "USD",
    "alert_at": [0.5, 0.8, 1.0],
    "created_at": "2024-01-02T10:30:00Z",
    "changed_at": "2024-01-02T10:30:00Z",
}

BUDGETS_ANSWER: dict[str, Any] = {
    "success": True,
    "tenant_id": "demo",
    "budgets": [
        {
            "organization_id": "org_abc123",
            "organization_name": "Acme Corp",
            "monthly": 250.0,
            "currency": "USD",
            "month": "2024-01",
            "spent": 212.482,
            "used": 0.8499,
            "forecast": 344.1,
            "passed_on": "2024-01-23",
            "state": "near",
            "alert_at": [0.5, 0.8, 1.0],
            "alert_reached": 0.8,
        }
    ],
}
