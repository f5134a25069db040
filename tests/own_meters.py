"""A platform that sells WhatsApp messages and AI minutes, in tiers, as several tests use it."""

from collections.abc import Callable
from typing import Any

import httpx

BOOK = """
name: Messaging and AI
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - meter: whatsapp.marketing
    per: message
    graduated: [{up_to: 3, price: "0.10"}, {price: "0.05"}]
    buy: {price: "0.04", per: message}
  - meter: ai.agent
    per: minute
    increments: 60/60
    graduated: [{up_to: 1000, price: "0.60"}, {price: "0.50"}]
  - {meter: ai.output_tokens, price: "5", per: 1000000 tokens}
  - {meter: voice.call, price: "0.60", per: minute}
"""


def _sent(identity: str, type_: str, quantity: float, user: str = "ann") -> dict[str, Any]:
    return {
        "id": identity,
        "type": type_,
        "organization_id": "org_1",
        "user_id": user,
        "time": "2024-01-15T10:30:00Z",
        "quantity": quantity,
        "attributes": {"to": "+442071838750"},
    }


EVENTS = [
    *(_sent(f"wa-{it}", "whatsapp.marketing", 2) for it in range(2)),
    _sent("ai-1", "ai.agent", 61),
    _sent("ai-2", "ai.output_tokens", 200_000, "ben"),
    _sent("call-1", "voice.call", 60),
]
"""0.20, 0.15, 1.20, 1.00 and 0.60."""


def sell_whatsapp_and_ai(post: Callable[..., httpx.Response]) -> None:
    """Add both ready-made catalogs, their prices, and events of the organization org_1.

    `post` sends a request with a key of the whole tenant.
    """
    for name in ("whatsapp", "ai"):
        assert post("/v1/meters", json={"catalog": name}).status_code == 201
    yaml = {"Content-Type": "application/yaml"}
    assert post("/v1/price-books", content=BOOK, headers=yaml).status_code == 201
    counts = post("/v1/events", json=EVENTS).json()["counts"]
    assert counts["accepted"] == len(EVENTS)
