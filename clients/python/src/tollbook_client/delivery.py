"""What an answer means for each event of a batch."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from tollbook_client.conversation import jitter
from tollbook_client.errors import ServerUnreachable, TollbookError
from tollbook_client.instants import parse_instant
from tollbook_client.replies import Reply, error_of, json_in, retry_after
from tollbook_client.spool import Stored

MOST_SECONDS = 30.0
PAUSE_SECONDS = 30.0
_LONGEST_RETRY_AFTER = 300.0
_PAUSES = frozenset({401, 403, 404, *range(300, 400)})
_HALVES = frozenset({400, 413, 415, 422})
_REFUSED = frozenset({"conflict", "rejected"})
_STATUSES = frozenset({"accepted", "duplicate", "quarantined", *_REFUSED})
Receipt = dict[str, Any]


class Next(Enum):
    """What the sender does after an answer."""

    SETTLE = "settle"
    RETRY = "retry"
    PAUSE = "pause"
    HALVE = "halve"


class Verdict(NamedTuple):
    """What becomes of a batch: its receipts in the order of its events, or a wait."""

    action: Next
    receipts: Sequence[Receipt] = ()
    as_of: datetime | None = None
    seconds: float = 0.0
    error: TollbookError | None = None


def verdict_on(
    batch: Sequence[Stored], outcome: Reply | ServerUnreachable, failures: int
) -> Verdict:
    """Return what to do; `failures` counts the attempts without success before this one.

    A success counts only with a receipt for each event, by index and id: the page of a proxy must
    not remove events.
    """
    if isinstance(outcome, ServerUnreachable):
        return Verdict(Next.RETRY, seconds=jitter(failures, MOST_SECONDS), error=outcome)
    if outcome.status in {200, 207}:
        content = json_in(outcome)
        receipts = receipts_in(batch, content)
        if receipts is not None:
            return Verdict(Next.SETTLE, receipts, _as_of_in(content))
    error = error_of(outcome)
    if outcome.status in _PAUSES:
        return Verdict(Next.PAUSE, seconds=PAUSE_SECONDS, error=error)
    if outcome.status in _HALVES:
        return Verdict(Next.HALVE, [_problem(error)], error=error)
    stated = retry_after(outcome)
    seconds = jitter(failures, MOST_SECONDS) if stated is None else stated
    return Verdict(Next.RETRY, seconds=min(seconds, _LONGEST_RETRY_AFTER), error=error)


def receipts_in(batch: Sequence[Stored], content: Any) -> list[Receipt] | None:
    """Return the receipt of each event; None if the answer has not exactly those."""
    found = content.get("receipts") if isinstance(content, dict) else None
    if not isinstance(found, list) or len(found) != len(batch):
        return None
    for index, (event, receipt) in enumerate(zip(batch, found, strict=True)):
        if not isinstance(receipt, dict) or receipt.get("index") != index:
            return None
        if not _is_of(receipt, event) or receipt.get("status") not in _STATUSES:
            return None
    return found


def _as_of_in(content: dict[str, Any]) -> datetime | None:
    try:
        return parse_instant(str(content.get("as_of")))
    except ValueError:
        return None


def _is_of(receipt: Receipt, event: Stored) -> bool:
    """Return whether a receipt is of an event; the id of a rejected one may be unreadable."""
    return receipt.get("id") == event.id or (
        receipt.get("id") is None and receipt.get("status") == "rejected"
    )


def is_refused(receipt: Receipt) -> bool:
    """Return whether an event waits for a decision: the server has not stored it."""
    return receipt["status"] in _REFUSED


def _problem(error: TollbookError) -> Receipt:
    """Return the receipt of a single event that the server refused as a whole request."""
    return {
        "index": 0,
        "status": "rejected",
        "code": getattr(error, "code", "refused"),
        "error": getattr(error, "error", str(error)),
    }
