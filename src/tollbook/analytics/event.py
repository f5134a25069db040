"""One event and its charge, replayed: the question behind GET /v1/events/{org}/{id}."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from tollbook.analytics.archived_events import find_archived
from tollbook.domain.books import BookHead
from tollbook.domain.charges import ChargeLine, Unpriced
from tollbook.domain.exact import amount_text
from tollbook.domain.meters import Meter
from tollbook.domain.prices import Rate
from tollbook.rating.explain import Explanation, explain
from tollbook.store import corrections, events, prices, quarantine
from tollbook.store.database import Snapshot
from tollbook.store.events import (
    CORRECTED,
    DISCARDED,
    IN_QUARANTINE,
    Corrected,
    Reversed,
    Stored,
)
from tollbook.store.meters import read_catalog
from tollbook.store.quarantine import Quarantined

REPLAY_DIFFERS = "replay_differs"
RATE_MISSING = "rate_missing"


class ChargedEvent(msgspec.Struct, frozen=True):
    """An event of the ledger and the calculation of its charge.

    `explanation` has the figures of the event, so those of a reversal are negative.
    `replay_mismatch` states why the replayed charge differs from the stored one, if it does.
    """

    event: Stored
    meter: Meter
    explanation: Explanation
    rate: Rate | None
    book: BookHead | None
    replay_mismatch: Unpriced | None
    reversal: Reversed | None
    """The reversal of the event, or the event itself if it is a reversal."""


class Discarded(NamedTuple):
    """An event that was discarded from quarantine, of which only the id is known."""

    id: str


def find_event(
    snapshot: Snapshot, tenant: str, number: int, identity: str, folder: Path | None = None
) -> ChargedEvent | Quarantined | Discarded | None:
    """Find an event by its id, in the ledger, the quarantine or an archive.

    Archives are in `folder` or where they were written. Raise `EventArchived` when the event is in
    one that cannot be read.
    """
    key = events.keys(snapshot, number, [identity]).get(identity)
    if key is None:
        return None
    if key.day == DISCARDED:
        return Discarded(identity)
    if key.day == IN_QUARANTINE:
        return quarantine.find(snapshot, number, identity)
    if key.day == CORRECTED:
        return corrections.find(snapshot, number, identity)
    event = _find_stored(snapshot, number, key.day, identity, folder)
    return None if event is None else replay_charge(snapshot, tenant, event, folder)


class Chain(NamedTuple):
    """The corrections of an event, and the ids of the first and the latest event of its chain.

    `made` is the correction that the event is, `replaced` the one that replaced it.
    """

    made: Corrected | None
    replaced: Corrected | None
    first: str
    latest: str


def find_chain(snapshot: Snapshot, number: int, identity: str) -> Chain | None:
    """Return the chain that an event is part of; None when it neither is nor has a correction."""
    made = events.corrections_by(snapshot, number, [identity]).get(identity)
    replaced = events.corrections_of(snapshot, number, [identity]).get(identity)
    if made is None and replaced is None:
        return None
    return Chain(made, replaced, *corrections.ends_of_chain(snapshot, number, identity))


def _find_stored(
    snapshot: Snapshot, number: int, day: int, identity: str, folder: Path | None
) -> Stored | None:
    """Find an event in the ledger or an archive."""
    event = events.event(snapshot, number, day, identity)
    if event is not None:
        return event
    snapshot.require_events([day // 100])
    return find_archived(snapshot, number, day, identity, folder)


def replay_charge(
    snapshot: Snapshot, tenant: str, event: Stored, folder: Path | None = None
) -> ChargedEvent:
    """Replay the charge of an event, and compare it with the stored charge."""
    found = prices.find_rate(snapshot, tenant, event.rate_id) if event.rate_id is not None else None
    book, rate = found or (None, None)
    reversed_ = event.reverses or event.id
    reversal = events.reversals_of(snapshot, event.organization_id, [reversed_]).get(reversed_)
    original = event if event.reverses is None else _negate(event)
    other = _other_in_tiers(snapshot, event, reversal, folder)
    charged_at = other.position if other is not None and event.reverses is not None else None
    version, out = book.version if book else None, event.reverses is not None
    meter = read_catalog(snapshot, tenant).of_code(event.meter)
    usage = original.usage(meter.type)
    replayed = explain(rate, usage, original.position, version, out=out, charged_at=charged_at)
    if event.rate_id is not None and rate is None:
        replayed = Unpriced(RATE_MISSING, f"no price book has rate {event.rate_id}")
    mismatch = _find_mismatch(replayed, original)
    if mismatch is not None:
        replayed = _explain_stored(replayed, original, meter)
    assert isinstance(replayed, Explanation)  # noqa: S101  a mismatch was handled above
    if event.reverses is not None:
        replayed = _negate_explanation(replayed, event, reversal)
    if other is not None:
        replayed = _add_remainder(replayed, event, other)
    return ChargedEvent(
        event=event,
        meter=meter,
        explanation=replayed,
        rate=rate,
        book=book,
        replay_mismatch=mismatch,
        reversal=reversal,
    )


def _find_mismatch(replayed: Explanation | Unpriced, event: Stored) -> Unpriced | None:
    """Return how a replay differs from the stored charge; buy costs only if one is stored."""
    if isinstance(replayed, Unpriced):
        code = RATE_MISSING if replayed.code == RATE_MISSING else REPLAY_DIFFERS
        return Unpriced(code, replayed.reason)
    stored = {"cost": event.cost, "billed": event.billed}
    if event.buy is not None:
        stored["buy"] = event.buy
    wrong = [name for name, value in stored.items() if getattr(replayed, name) != value]
    if not wrong:
        return None
    sentence = f"the charge replayed from the stored facts has a different {' and '.join(wrong)}"
    return Unpriced(REPLAY_DIFFERS, sentence)


def _explain_stored(replayed: Explanation | Unpriced, event: Stored, meter: Meter) -> Explanation:
    """Return the stored charge, which is the one that counts, as an explanation."""
    found = replayed if isinstance(replayed, Explanation) else None
    return Explanation(
        rate_id=event.rate_id,
        version=found.version if found else None,
        matched=found.matched if found else meter.type,
        to="",
        from_="",
        raw=event.quantity,
        billed=event.billed,
        cost=event.cost,
        buy=event.buy,
        lines=(ChargeLine("charged", event.cost),),
        steps=found.steps if found else (),
    )


def _negate(event: Stored) -> Stored:
    """Return a reversal with the figures of the event it reverses."""
    return event._replace(
        quantity=-event.quantity,
        billed=-event.billed,
        cost=-event.cost,
        own_cost=None if event.own_cost is None else -event.own_cost,
        buy=None if event.buy is None else -event.buy,
    )


def _negate_explanation(
    explanation: Explanation, event: Stored, reversal: Reversed | None
) -> Explanation:
    """Return the explanation of a reversal: outside tiers, the event's with opposite signs."""
    because = f": {reversal.reason}" if reversal else ""
    opposite = () if event.tier_key is not None else ("with the opposite sign",)
    return msgspec.structs.replace(
        explanation,
        raw=-explanation.raw,
        billed=-explanation.billed,
        cost=-explanation.cost,
        buy=None if explanation.buy is None else -explanation.buy,
        lines=tuple(ChargeLine(it.name, -it.cost) for it in explanation.lines),
        steps=(f"reverses {event.reverses}{because}", *explanation.steps, *opposite),
    )


def _other_in_tiers(
    snapshot: Snapshot, event: Stored, reversal: Reversed | None, folder: Path | None
) -> Stored | None:
    """Return the reversal of an event in tiers, or the event of a reversal, None without one."""
    if event.tier_key is None or reversal is None:
        return None
    identity = reversal.id if event.reverses is None else reversal.reverses
    return _find_stored(snapshot, event.organization_id, event.day, identity, folder)


def _add_remainder(explanation: Explanation, event: Stored, other: Stored) -> Explanation:
    """Add a step that states the cost that an event and its reversal leave, if any."""
    rest = event.cost + other.cost
    if not rest:
        return explanation
    first, back = (event, other) if event.reverses is None else (other, event)
    step = (
        f"{first.id} was charged {amount_text(first.cost)} and its reversal {back.id} "
        f"{amount_text(back.cost)}: {amount_text(rest)} remains charged without usage, "
        "so that the month costs exactly what its remaining usage costs"
    )
    return msgspec.structs.replace(explanation, steps=(*explanation.steps, step))
