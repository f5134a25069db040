"""Rows on their way into the ledger, with defaults, and a way to store them."""

from datetime import UTC, datetime
from typing import Any

from tests.store.directories import AT
from tollbook.store import ledger, reversals
from tollbook.store.database import Transaction
from tollbook.store.events import Reversed
from tollbook.store.ledger import Recorded
from tollbook.store.staging import Staged

CALL = 5
"""The code of the meter of calls."""


def staged(number: int, identity: str = "a", **given: Any) -> Staged:
    """A call at noon of its day in UTC, in the figures of its user."""
    day = given.get("day", 20240115)
    noon = datetime(day // 10_000, day // 100 % 100, day % 100, 12, tzinfo=UTC)
    minutes = int(noon.timestamp()) // 60
    usual: dict[str, Any] = {
        "organization_id": number,
        "id": identity,
        "fingerprint": 7,
        "day": day,
        "user_id": "ann",
        "meter": CALL,
        "resource_id": "",
        "time": minutes * 60_000_000,
        "quantity": 61_000_000,
        "billed": 61_000_000,
        "cost": 122_000_000,
        "rate_id": None,
        "attributes": "{}",
        "hour": minutes,
        "country": "GB",
    }
    wanted = {**usual, **given}
    return Staged(**{"billed_user_id": wanted["user_id"], **wanted})


def quarantined(number: int, identity: str = "a", code: str = "no_price", **given: Any) -> Staged:
    """A call that waits in quarantine for a reason."""
    usual = {"code": code, "reason": f"a test: {code}", "attributes": '{"id":"x"}', "cost": 0}
    return staged(number, identity, **{**usual, **given})._replace(day=0)


def record(transaction: Transaction, *rows: Staged, now: int = AT) -> Recorded:
    """Store rows by the ordinary write path."""
    try:
        return ledger.record(transaction, rows, now, lambda _: True)
    finally:
        transaction.execute("DELETE FROM staging")


def reversal_of(row: Staged) -> Staged:
    """Return the row of an event's reversal."""
    return row._replace(
        id=f"back {row.id}",
        reverses=row.id,
        quantity=-row.quantity,
        billed=-row.billed,
        cost=-row.cost,
        buy=None if row.buy is None else -row.buy,
    )


def reverse(transaction: Transaction, *rows: Staged) -> list[Staged]:
    """Reverse events; return the rows of the reversals."""
    back = [reversal_of(row) for row in rows]
    made = [
        Reversed(it.organization_id, row.id, it.id, "a test", None, AT)
        for row, it in zip(rows, back, strict=True)
    ]
    reversals.record(transaction, back, made, AT)
    transaction.execute("DELETE FROM staging")
    return back
