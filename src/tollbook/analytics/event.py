"""Why did it cost that: one event with its charge replayed, behind GET /v1/events/{org}/{id}."""

from typing import NamedTuple

import msgspec

from tollbook.domain.books import BookHead
from tollbook.domain.charges import ChargeLine, Unpriced
from tollbook.domain.exact import amount_text
from tollbook.domain.meters import BY_CODE
from tollbook.domain.prices import Rate
from tollbook.rating.explain import Explanation, explain
from tollbook.store import archive_files, events, prices, quarantine
from tollbook.store.database import Snapshot
from tollbook.store.events import Reversed, Stored
from tollbook.store.quarantine import Quarantined

REPLAY_DIFFERS = "replay_differs"
RATE_MISSING = "rate_missing"


class ChargedEvent(msgspec.Struct, frozen=True):
    """An event of the ledger and the way to its charge.

    `explanation` has the figures of the event, so those of a reversal are negative.
    `replay_mismatch` says what is wrong when the charge could not be replayed from what is stored.
    """

    event: Stored
    explanation: Explanation
    rate: Rate | None
    book: BookHead | None
    replay_mismatch: Unpriced | None
    reversal: Reversed | None
    """The reversal that took the event back, or that the event is."""


class InArchive(NamedTuple):
    """An event that was archived out of the ledger: its day, and the files of its month."""

    id: str
    day: int
    files: tuple[str, ...]


def find_event(
    snapshot: Snapshot, tenant: str, number: int, identity: str
) -> ChargedEvent | Quarantined | InArchive | None:
    """Find an event of an organization by its id, wherever it is."""
    key = events.keys(snapshot, number, [identity]).get(identity)
    if key is None:
        return None
    if key.day == 0:
        return quarantine.find(snapshot, number, identity)
    event = events.event(snapshot, number, key.day, identity)
    if event is not None:
        return charged(snapshot, tenant, event)
    files = archive_files.files_of(snapshot, number, key.day // 100)
    return InArchive(identity, key.day, tuple(it.file for it in files))


def charged(snapshot: Snapshot, tenant: str, event: Stored) -> ChargedEvent:
    """Replay the charge of an event through the rating core, and compare."""
    found = None
    if event.rate_id is not None:
        found = prices.find_rate(snapshot, tenant, event.rate_id)
    book, rate = found or (None, None)
    reversed_ = event.reverses or event.id
    reversal = events.reversals_of(snapshot, event.organization_id, [reversed_]).get(reversed_)
    original = event if event.reverses is None else _negated(event)
    version, out = book.version if book else None, event.reverses is not None
    told = explain(rate, original.usage, original.position, version, out=out)
    if event.rate_id is not None and rate is None:
        told = Unpriced(RATE_MISSING, f"rate {event.rate_id} is in none of the books")
    replay_mismatch = _difference(told, original)
    if replay_mismatch is not None:
        told = _as_stored(told, original)
    assert isinstance(told, Explanation)  # noqa: S101  a mismatch was handled above
    if event.reverses is not None:
        told = _taken_back(told, event, reversal)
    if event.tier_key is not None and reversal is not None:
        told = _with_rest(snapshot, told, event, reversal)
    return ChargedEvent(event, told, rate, book, replay_mismatch, reversal)


def _difference(told: Explanation | Unpriced, event: Stored) -> Unpriced | None:
    """Say how a replay differs from what is stored. What was bought before anyone asked is not."""
    if isinstance(told, Unpriced):
        return Unpriced(told.code if told.code == RATE_MISSING else REPLAY_DIFFERS, told.reason)
    kept = {"cost": event.cost, "billed": event.billed}
    if event.buy is not None:
        kept["buy"] = event.buy
    wrong = [name for name, value in kept.items() if getattr(told, name) != value]
    if not wrong:
        return None
    sentence = f"the charge replayed from the stored facts has another {' and '.join(wrong)}"
    return Unpriced(REPLAY_DIFFERS, sentence)


def _as_stored(told: Explanation | Unpriced, event: Stored) -> Explanation:
    """Tell what the ledger has, which is what was charged, whatever a replay gives."""
    steps = told.steps if isinstance(told, Explanation) else ()
    matched = told.matched if isinstance(told, Explanation) else BY_CODE[event.meter].type
    return Explanation(
        event.rate_id,
        told.version if isinstance(told, Explanation) else None,
        matched,
        "",
        "",
        event.quantity,
        event.billed,
        event.cost,
        event.buy,
        (ChargeLine("charged", event.cost),),
        steps,
    )


def _negated(event: Stored) -> Stored:
    """Give a reversal the signs of what it took back."""
    return event._replace(
        quantity=-event.quantity,
        billed=-event.billed,
        cost=-event.cost,
        own_cost=None if event.own_cost is None else -event.own_cost,
        buy=None if event.buy is None else -event.buy,
    )


def _taken_back(told: Explanation, event: Stored, reversal: Reversed | None) -> Explanation:
    """Tell the charge of a reversal: outside tiers it is what was charged, with the other sign."""
    because = f": {reversal.reason}" if reversal else ""
    opposite = () if event.tier_key is not None else ("with the other sign",)
    return msgspec.structs.replace(
        told,
        raw=-told.raw,
        billed=-told.billed,
        cost=-told.cost,
        buy=None if told.buy is None else -told.buy,
        lines=tuple(ChargeLine(it.name, -it.cost) for it in told.lines),
        steps=(f"takes back {event.reverses}{because}", *told.steps, *opposite),
    )


def _with_rest(
    snapshot: Snapshot, told: Explanation, event: Stored, reversal: Reversed
) -> Explanation:
    """Say what an event and its reversal leave charged between them: a cost without usage."""
    other = reversal.id if event.reverses is None else reversal.reverses
    found = events.event(snapshot, event.organization_id, event.day, other)
    rest = 0 if found is None else event.cost + found.cost
    if found is None or not rest:
        return told
    first, back = (event, found) if event.reverses is None else (found, event)
    said = (
        f"{first.id} was charged {amount_text(first.cost)} and its reversal {back.id} "
        f"{amount_text(back.cost)}: {amount_text(rest)} stays charged without usage, "
        "so that the month costs what the usage that is left in it costs"
    )
    return msgspec.structs.replace(told, steps=(*told.steps, said))
