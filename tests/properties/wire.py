"""Events as the model reads them, by value, and which of them break a rule."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
TYPES = (
    *("sms.outbound", "sms.inbound", "mms.outbound", "mms.inbound", "voice.call", "api.request"),
    *("api.storage", "phone.rental", "phone.purchase", "kb.rental", "kb.usage"),
    "brand.registration",
)
WHOLE = {
    "sms.outbound",
    "sms.inbound",
    "mms.outbound",
    "mms.inbound",
    "api.request",
    "phone.purchase",
    "brand.registration",
}
KNOWLEDGE_BASE = {"kb.rental", "kb.usage"}
MEASURED = {"voice.call", "kb.usage", "api.storage"}
OPTIONAL = {"quantity", "user_id", "resource_id", "attributes", "cost", "cost_pending"}
CORRECTS = {"id", "organization_id", "corrects", "reason"}
REQUIRED = {"id", "type", "organization_id", "time"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = {"sms.outbound", "sms.inbound"}


def read(text: bytes) -> Json | None:
    """Read an event by value, every field present; None when it breaks a rule."""
    event = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    if not REQUIRED <= set(event) <= REQUIRED | OPTIONAL or event["type"] not in TYPES:
        return None
    event = {**dict.fromkeys(OPTIONAL), "quantity": Decimal(1), **event}
    event["attributes"] = event["attributes"] or {}
    event["cost_pending"] = event["cost_pending"] or None
    time = datetime.fromisoformat(event["time"])
    if time.tzinfo is None or not EPOCH <= time <= datetime.now(UTC) + timedelta(hours=24):
        return None
    event["time"] = time.astimezone(UTC)
    return event if _is_valid(event) else None


def is_bare(text: bytes) -> bool:
    """Return whether an event has no quantity, although its meter is measured."""
    event = json.loads(text)
    return event.get("type") in MEASURED and "quantity" not in event


def corrected(event: Json, asked: Json) -> Json | None:
    """Return an event with the changes of a correction; None when it is invalid or the same."""
    changes = {name: value for name, value in asked.items() if name not in CORRECTS}
    if "cost" in changes:
        changes = {"cost_pending": None, **changes}
    if "attributes" in changes:
        changes["attributes"] = changes["attributes"] or {}
    after = {**event, **changes}
    after["cost_pending"] = after["cost_pending"] or None
    return None if after == event or not _is_valid(after) else {**after, "id": asked["id"]}


def _is_valid(event: Json) -> bool:
    """Check an event, and read its numbers."""
    event["quantity"] = _number(event["quantity"], 1_000_000_000, 6)
    if event["quantity"] is None or (event["type"] in WHOLE and event["quantity"] % 1):
        return False
    if event["type"] in TEXTS and event["quantity"] == 0:
        return False
    if event["cost"] is not None:
        event["cost"] = _number(event["cost"], 100_000_000, 9)
        if event["cost"] is None or event["cost_pending"]:
            return False
    return event["type"] not in KNOWLEDGE_BASE or event["resource_id"] is not None


def _number(value: Any, most: int, places: int) -> Decimal | None:
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError):
        return None
    if not number.is_finite() or not 0 <= number <= most:
        return None
    return number if (Fraction(number) * 10**places).denominator == 1 else None
