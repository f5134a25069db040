"""A day's events charged again by the same arithmetic as when they came in."""

from collections.abc import Iterator

import msgspec

from tollbook.domain.charges import Attributes, RatingInput, Unpriced
from tollbook.domain.meters import BY_CODE
from tollbook.domain.numbers import STRICT
from tollbook.domain.periods import local_time
from tollbook.ingest.months import Months
from tollbook.ingest.reversal_rows import RatesById
from tollbook.rating.charge import Found, charge_usage
from tollbook.rating.choose import choose
from tollbook.rating.tariff import Chosen
from tollbook.rerating.price_book_set import Owner
from tollbook.store import recharge
from tollbook.store.database import Snapshot
from tollbook.store.recharge import OrganizationDay
from tollbook.store.recharge_table import Chargeable, Recharged, StoredCharge

MONTH_NOT_WHOLE = Unpriced(
    "month_not_whole",
    "its new price depends on the month so far: the period must begin on the first of a month",
)
_attributes = msgspec.json.Decoder(Attributes).decode


class RechargeSums(msgspec.Struct, gc=False):
    """How many events and reversals, and what they cost before and after, in nanos."""

    events: int = 0
    old: int = 0
    new: int = 0


class Chunk:
    """What comes of charging some events of a day again, reversals beside what they reverse.

    `changes` are the events that get another charge, `changed` how many of them another cost.
    `sums` are by owner and meter.
    """

    def __init__(self) -> None:
        self.changes: list[Recharged] = []
        self.changed = 0
        self.unpriced: list[tuple[str, Unpriced]] = []
        self.unpriced_meters: set[int] = set()
        self.sums: dict[tuple[str, int], RechargeSums] = {}

    def take(self, event: Chargeable, after: StoredCharge, sign: int = 1) -> None:
        """Take an event with the charge it is to have; the sign of a reversal is -1."""
        before = event.charge
        owner = "" if BY_CODE[event.meter].organization_level else event.user_id
        sums = self.sums.setdefault((owner, event.meter), RechargeSums())
        sums.events += 1
        sums.old += before.cost
        sums.new += after.cost
        if after == before:
            return
        self.changed += after.cost != before.cost
        self.changes.append(
            Recharged(event.id, owner, event.meter, event.hour, event.country, sign, before, after)
        )

    def follow(self, reversal: Chargeable, after: StoredCharge) -> None:
        """Take a reversal that a run never changed: it is not one of those that are restored."""
        changed = self.changed
        self.take(reversal, after, -1)
        self.changed = changed


def charged_again(
    snapshot: Snapshot, place: OrganizationDay, owner: Owner, months: Months, first_day: int
) -> Iterator[Chunk]:
    """Charge the events of a day again, in the order of time and id.

    `first_day` is that of the period: an event that is new to the tiers of its month can only be
    placed in it when the month is charged again from its start.
    """
    whole = first_day <= place.month * 100 + 1
    reversals = recharge.reversals(snapshot, place)
    charging = _Charging(place, owner, months, whole)
    for events in recharge.events(snapshot, place):
        chunk = Chunk()
        for event in events:
            found = reversals.get(event.id)
            back = found.event if found else None
            after = charging.charge(event, back)
            if isinstance(after, Unpriced):
                chunk.unpriced.append((event.id, after))
                chunk.unpriced_meters.add(event.meter)
                after = event.charge, back and back.charge
            chunk.take(event, after[0])
            if back and after[1]:
                chunk.take(back, after[1], -1)
        yield chunk


def taken_back(
    snapshot: Snapshot, place: OrganizationDay, tenant: str, run: int
) -> Iterator[Chunk]:
    """Give the events of a day that a run charged again the charge they had before."""
    reversals = recharge.reversals(snapshot, place, run)
    behind = _Behind(snapshot, place, tenant, run)
    for events in recharge.changed(snapshot, place, run):
        chunk = Chunk()
        for event, before in events:
            chunk.take(event, before)
            back = reversals.pop(event.id, None)
            if back is not None and back.kept is not None:
                chunk.take(back.event, back.kept, -1)
            elif back is not None:
                chunk.follow(back.event, behind.charge(event, before, back.event))
        yield chunk
    alone = Chunk()
    for back in reversals.values():
        if back.kept is not None:
            alone.take(back.event, back.kept, -1)
    if alone.changes:
        yield alone


class _Behind:
    """Charges reversals that came after a run, when what they reverse gets its old charge back."""

    def __init__(self, snapshot: Snapshot, place: OrganizationDay, tenant: str, run: int) -> None:
        self._snapshot = snapshot
        self._place = place
        self._rates = RatesById(snapshot, tenant)
        self._run = run
        self._stands: dict[str, int] = {}

    def charge(
        self, original: Chargeable, restored: StoredCharge, back: Chargeable
    ) -> StoredCharge:
        """Charge the reversal of an event by its restored rate.

        Under the same key it keeps its position. Under another it comes last in the month.
        """
        key = restored.tier_key
        if key is None:
            return restored.reversed
        if key == back.charge.tier_key:
            position = back.charge.position
        else:
            position = self._stands_at(key) - restored.billed
        charge = self._rates.charge(restored.rate_id, _usage(original, self._place.day), position)
        if isinstance(charge, Unpriced):
            return restored.reversed
        if key != back.charge.tier_key and position is not None:
            self._stands[key] = position
        return restored._replace(cost=charge.cost, position=position).reversed

    def _stands_at(self, key: str) -> int:
        if key not in self._stands:
            counted = recharge.counted_before(self._snapshot, self._place, self._run, key)
            self._stands[key] = counted
        return self._stands[key]


def _usage(
    event: Chargeable, day: int, minute: int = 0, number_format: str = STRICT
) -> RatingInput:
    attributes = _attributes(event.attributes) if event.attributes else None
    meter = BY_CODE[event.meter].type
    return RatingInput(
        meter, event.quantity, day, attributes, event.own_cost, minute, number_format
    )


class _Charging:
    """Charges events of one day of an organization, in order."""

    def __init__(self, place: OrganizationDay, owner: Owner, months: Months, whole: bool) -> None:
        self._place = place
        self._owner = owner
        self._months = months
        self._whole = whole

    def charge(
        self, event: Chargeable, back: Chargeable | None
    ) -> tuple[StoredCharge, StoredCharge | None] | Unpriced:
        """Charge an event and its reversal by the books of its owner, or say why there is no price.

        What is new to tiers is placed in them, and taken out at once when it is reversed.
        """
        owner, before = self._owner, event.charge
        minute = local_time(event.time, owner.zone)[1]
        usage = _usage(event, self._place.day, minute, owner.number_format)
        found = choose(owner.books, usage, owner.currency)
        key = position = None
        if type(found) is Chosen and event.own_cost is None:
            key = found.tier_key
        if key is not None:
            if key != before.tier_key and not self._whole:
                return MONTH_NOT_WHOLE
            position = before.position if key == before.tier_key else self._stands(key)
        charge = charge_usage(found, usage, position)
        if isinstance(charge, Unpriced):
            return charge
        after = StoredCharge(charge.cost, charge.billed, charge.rate_id, charge.buy, position, key)
        if back is not None:
            reversal = self._reversal(found, usage, back.charge, after)
            return reversal if isinstance(reversal, Unpriced) else (after, reversal)
        if key is not None or before.tier_key is not None:
            self._move(before.tier_key, -before.billed)
            self._move(key, charge.billed)
        return after, None

    def _reversal(
        self, found: Found, usage: RatingInput, before: StoredCharge, after: StoredCharge
    ) -> StoredCharge | Unpriced:
        """Charge the reversal of an event: in tiers from its own position, which it keeps."""
        if after.tier_key is None or after.tier_key != before.tier_key:
            return after.reversed
        charge = charge_usage(found, usage, before.position)
        if isinstance(charge, Unpriced):
            return charge
        return after._replace(cost=charge.cost, position=before.position).reversed

    def _stands(self, key: str) -> int:
        return self._months.position(self._owner.number, self._place.month, key)

    def _move(self, key: str | None, billed: int) -> None:
        """Move a month as the tables will be moved: an event with its reversal does not."""
        if key is not None:
            self._stands(key)
            self._months.advance(self._owner.number, self._place.month, key, billed)
