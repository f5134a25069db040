"""A day's events charged again by the same arithmetic as when they came in."""

from collections.abc import Iterator

import msgspec

from tollbook.domain.charges import Attributes, Unpriced, Usage
from tollbook.domain.meters import BY_CODE
from tollbook.domain.periods import local_time
from tollbook.ingest.months import Months
from tollbook.rating.book import Chosen
from tollbook.rating.charge import charge_of
from tollbook.rating.choose import choose
from tollbook.rerating.shelf import Owner
from tollbook.store import recharging
from tollbook.store.database import Snapshot
from tollbook.store.recharged import Chargeable, Charged, Recharged
from tollbook.store.recharging import Place

MONTH_NOT_WHOLE = Unpriced(
    "month_not_whole",
    "its new price depends on the month so far: the period must begin on the first of a month",
)
_attributes = msgspec.json.Decoder(Attributes).decode


class Sums(msgspec.Struct, gc=False):
    """How many events, and what they cost before and after, in nanos."""

    events: int = 0
    old: int = 0
    new: int = 0


class Chunk:
    """What comes of charging some events of a day again.

    `changes` has reversals beside what they reverse. `sums` are by owner and meter; an event and
    its reversal cancel out in them, before and after.
    """

    def __init__(self) -> None:
        self.changes: list[Recharged] = []
        self.unpriced: list[tuple[str, Unpriced]] = []
        self.unpriced_meters: set[int] = set()
        self.sums: dict[tuple[str, int], Sums] = {}

    def take(self, event: Chargeable, after: Charged, reversal: str | None) -> None:
        """Take an event with the charge it is to have."""
        before = event.charge
        owner = "" if BY_CODE[event.meter].organization_level else event.user_id
        if reversal is None:
            sums = self.sums.setdefault((owner, event.meter), Sums())
            sums.events += 1
            sums.old += before.cost
            sums.new += after.cost
        if after == before:
            return
        self.changes.append(
            Recharged(event.id, owner, event.meter, event.hour, event.country, 1, before, after)
        )
        if reversal is not None:
            self.changes.append(
                Recharged(
                    reversal,
                    owner,
                    event.meter,
                    event.hour,
                    event.country,
                    -1,
                    before.reversed,
                    after.reversed,
                )
            )


def charged_again(
    snapshot: Snapshot, place: Place, owner: Owner, months: Months, first_day: int
) -> Iterator[Chunk]:
    """Charge the events of a day again, in the order of time and id.

    `first_day` is that of the period: an event that is new to the tiers of its month can only be
    placed in it when the month is charged again from its start.
    """
    whole = first_day <= place.month * 100 + 1
    reversals = recharging.reversals(snapshot, place)
    charging = _Charging(place, owner, months, whole)
    for events in recharging.events(snapshot, place):
        chunk = Chunk()
        for event in events:
            reversal = reversals.get(event.id)
            after = charging.charge(event, reversal is not None)
            if isinstance(after, Unpriced):
                chunk.unpriced.append((event.id, after))
                chunk.unpriced_meters.add(event.meter)
                after = event.charge
            chunk.take(event, after, reversal)
        yield chunk


def taken_back(snapshot: Snapshot, place: Place, run: int) -> Iterator[Chunk]:
    """Give the events of a day that a run charged again the charge they had before."""
    reversals = recharging.reversals(snapshot, place)
    for events in recharging.changed(snapshot, place, run):
        chunk = Chunk()
        for event, before in events:
            chunk.take(event, before, reversals.get(event.id))
        yield chunk


class _Charging:
    """Charges events of one day of an organization, in order."""

    def __init__(self, place: Place, owner: Owner, months: Months, whole: bool) -> None:
        self._place = place
        self._owner = owner
        self._months = months
        self._whole = whole

    def charge(self, event: Chargeable, is_reversed: bool) -> Charged | Unpriced:
        """Charge an event by the books of its owner, or say why it has no price by them."""
        owner, before = self._owner, event.charge
        usage = Usage(
            BY_CODE[event.meter].type,
            event.quantity,
            self._place.day,
            _attributes(event.attributes) if event.attributes else None,
            event.own_cost,
            local_time(event.time, owner.zone)[1],
        )
        found = choose(owner.books, usage, owner.currency)
        key = position = None
        if type(found) is Chosen and event.own_cost is None:
            key = found.tier_key
        if key is not None:
            if key != before.tier_key and not self._whole:
                return MONTH_NOT_WHOLE
            position = before.position if key == before.tier_key else self._stands(key)
        charge = charge_of(found, usage, position)
        if isinstance(charge, Unpriced):
            return charge
        if not is_reversed and (key is not None or before.tier_key is not None):
            self._move(before.tier_key, -before.billed)
            self._move(key, charge.billed)
        return Charged(charge.cost, charge.billed, charge.rate_id, charge.buy, position, key)

    def _stands(self, key: str) -> int:
        return self._months.position(self._owner.number, self._place.month, key)

    def _move(self, key: str | None, billed: int) -> None:
        """Move a month as the tables will be moved: an event with its reversal does not."""
        if key is not None:
            self._stands(key)
            self._months.advance(self._owner.number, self._place.month, key, billed)
