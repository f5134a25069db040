"""Events that the server refused, with their receipts, as the application reads them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tollbook_client.answers import Receipt
from tollbook_client.decode import decode, parse_json


@dataclass(frozen=True, slots=True)
class Problem:
    """An event that the server refused: its fields, the receipt, and when it arrived."""

    event: dict[str, Any]
    receipt: Receipt
    at: datetime
    seq: int


def event_in(body: bytes) -> dict[str, Any]:
    """Return the fields of a stored event."""
    fields: dict[str, Any] = parse_json(body)
    return fields


def receipt_of(content: dict[str, Any]) -> Receipt:
    """Return a receipt as the other answers are read."""
    receipt: Receipt = decode(Receipt, content)
    return receipt
