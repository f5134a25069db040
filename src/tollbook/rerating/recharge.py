"""Charging a day's events again, by the same arithmetic as when they came in."""

from collections.abc import Iterator
from operator import add

import msgspec

from tollbook.domain.charges import Attributes, RatingInput, Unpriced
from tollbook.domain.margin import Purchases
from tollbook.domain.meters import is_organization_level
from tollbook.domain.numbers import STRICT
from tollbook.domain.periods import local_time
from tollbook.ingest.months import Months
from tollbook.ingest.reversal_rows import RatesById
from tollbook.rating.charge import Found, charge_usage
from tollbook.rating.choose import choose
from tollbook.rating.tariff import ChosenRate
from tollbook.rerating.price_book_set import PricedOrganization
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
    """How many events and reversals, and what they cost before and after, in nanos.

    `net` counts reversals down. The other sums are of those whose buy price is known.
    """

    events: int = 0
    old: int = 0
    new: int = 0
    net: int = 0
    old_bought: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0])
    new_bought: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0])

    @property
    def before(self) -> Purchases:
        """Return the sums that the margin before is computed from."""
        return Purchases(self.net, self.old, *self.old_bought)

    @property
    def after(self) -> Purchases:
        """Return the sums that the margin after is computed from."""
        return Purchases(self.net, self.new, *self.new_bought)

    def add(self, before: StoredCharge, after: StoredCharge, sign: int) -> None:
        """Add an event, or a reversal with the sign -1."""
        self.events += 1
        self.net += sign
        self.old += before.cost
        self.new += after.cost
        _add_bought(self.old_bought, before, sign)
        _add_bought(self.new_bought, after, sign)

    def add_all(self, other: "RechargeSums") -> None:
        """Add the sums of other events."""
        self.events += other.events
        self.net += other.net
        self.old += other.old
        self.new += other.new
        for mine, more in (
            (self.old_bought, other.old_bought),
            (self.new_bought, other.new_bought),
        ):
            mine[:] = map(add, mine, more)


def _add_bought(sums: list[int], charge: StoredCharge, sign: int) -> None:
    if charge.buy is not None:
        sums[0] += charge.buy
        sums[1] += sign
        sums[2] += charge.cost


class RechargedChunk:
    """The result of charging some events of a day again, together with their reversals.

    `changes` are the events that get another charge, `changed` the number of those that get another
    cost, and `buy_changed` of those that keep it and get another buy price. `sums` are by billed
    user and meter.
    """

    def __init__(self) -> None:
        self.changes: list[Recharged] = []
        self.changed = 0
        self.buy_changed = 0
        self.unpriced: list[tuple[str, Unpriced]] = []
        self.unpriced_meters: set[int] = set()
        self.sums: dict[tuple[str, int], RechargeSums] = {}

    def add(self, event: Chargeable, after: StoredCharge, sign: int = 1) -> None:
        """Add an event with its new charge; the sign of a reversal is -1."""
        before = event.charge
        billed_user_id = "" if is_organization_level(event.meter) else event.user_id
        sums = self.sums.setdefault((billed_user_id, event.meter), RechargeSums())
        sums.add(before, after, sign)
        if after == before:
            return
        self.changed += after.cost != before.cost
        self.buy_changed += after.cost == before.cost and after.buy != before.buy
        self.changes.append(
            Recharged(
                id=event.id,
                billed_user_id=billed_user_id,
                meter=event.meter,
                hour=event.hour,
                country=event.country,
                sign=sign,
                before=before,
                after=after,
            )
        )

    def add_later(self, reversal: Chargeable, after: StoredCharge) -> None:
        """Add a reversal that came after the run: it does not count as restored."""
        changed = self.changed
        self.add(reversal, after, -1)
        self.changed = changed


def recharge_day(
    snapshot: Snapshot,
    place: OrganizationDay,
    organization: PricedOrganization,
    months: Months,
    first_day: int,
) -> Iterator[RechargedChunk]:
    """Charge the events of a day again, in the order of time and id.

    `first_day` is that of the period: an event that is new to the tiers of its month can only be
    placed in it when the month is charged again from its start.
    """
    is_whole = first_day <= place.month * 100 + 1
    reversals = recharge.reversals(snapshot, place)
    charger = _DayCharger(place, organization, months, is_whole=is_whole)
    for events in recharge.events(snapshot, place):
        chunk = RechargedChunk()
        for event in events:
            found = reversals.get(event.id)
            back = found.event if found else None
            after = charger.charge(event, back)
            if isinstance(after, Unpriced):
                chunk.unpriced.append((event.id, after))
                chunk.unpriced_meters.add(event.meter)
                after = event.charge, back and back.charge
            chunk.add(event, after[0])
            if back and after[1]:
                chunk.add(back, after[1], -1)
        yield chunk


def restore_day(
    snapshot: Snapshot, place: OrganizationDay, tenant: str, run: int
) -> Iterator[RechargedChunk]:
    """Restore the charges that the events of a day had before a run."""
    reversals = recharge.reversals(snapshot, place, run)
    later = _LaterReversals(snapshot, place, tenant, run)
    for events in recharge.recharged_events(snapshot, place, run):
        chunk = RechargedChunk()
        for event, before in events:
            chunk.add(event, before)
            back = reversals.pop(event.id, None)
            if back is not None and back.kept is not None:
                chunk.add(back.event, back.kept, -1)
            elif back is not None:
                chunk.add_later(back.event, later.charge(event, before, back.event))
        yield chunk
    alone = RechargedChunk()
    for back in reversals.values():
        if back.kept is not None:
            alone.add(back.event, back.kept, -1)
    if alone.changes:
        yield alone


class _LaterReversals:
    """Charges reversals that came after a run, when their events get their old charges back."""

    def __init__(self, snapshot: Snapshot, place: OrganizationDay, tenant: str, run: int) -> None:
        self._snapshot = snapshot
        self._place = place
        self._rates = RatesById(snapshot, tenant)
        self._run = run
        self._positions: dict[str, int] = {}

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
            position = self._position(key) - restored.billed
        usage = _usage(original, self._place.day)
        charge = self._rates.charge(restored.rate_id, usage, position, restored.position)
        if isinstance(charge, Unpriced):
            return restored.reversed
        if key != back.charge.tier_key and position is not None:
            self._positions[key] = position
        return restored._replace(cost=charge.cost, position=position).reversed

    def _position(self, key: str) -> int:
        if key not in self._positions:
            counted = recharge.counted_before(self._snapshot, self._place, self._run, key)
            self._positions[key] = counted
        return self._positions[key]


def _usage(
    event: Chargeable, day: int, minute: int = 0, number_format: str = STRICT, meter: str = ""
) -> RatingInput:
    """Return what rating reads of an event; the minute and the meter only choose a rate."""
    attributes = _attributes(event.attributes) if event.attributes else None
    return RatingInput(
        meter=meter,
        quantity=event.quantity,
        day=day,
        attributes=attributes,
        cost=event.own_cost,
        minute=minute,
        number_format=number_format,
    )


class _DayCharger:
    """Charges events of one day of an organization, in order; a month `is_whole` from its start."""

    def __init__(
        self,
        place: OrganizationDay,
        organization: PricedOrganization,
        months: Months,
        *,
        is_whole: bool,
    ) -> None:
        self._place = place
        self._organization = organization
        self._months = months
        self._is_whole = is_whole

    def charge(
        self, event: Chargeable, back: Chargeable | None
    ) -> tuple[StoredCharge, StoredCharge | None] | Unpriced:
        """Charge an event and its reversal by the books of its organization.

        Return why there is no price when there is none. An event that is new to tiers is placed in
        them, and removed at once when it is reversed.
        """
        organization, before = self._organization, event.charge
        minute = local_time(event.time, organization.zone)[1]
        meter = organization.catalog.of_code(event.meter).type
        usage = _usage(event, self._place.day, minute, organization.number_format, meter)
        found = choose(organization.books, usage, organization.currency)
        key = position = None
        if type(found) is ChosenRate and event.own_cost is None:
            key = found.tier_key
        if key is not None:
            if key != before.tier_key and not self._is_whole:
                return MONTH_NOT_WHOLE
            position = before.position if key == before.tier_key else self._position(key)
        charge = charge_usage(found, usage, position)
        if isinstance(charge, Unpriced):
            return charge
        after = StoredCharge(
            cost=charge.cost,
            billed=charge.billed,
            rate_id=charge.rate_id,
            buy=charge.buy,
            position=position,
            tier_key=key,
        )
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
        charge = charge_usage(found, usage, before.position, after.position)
        if isinstance(charge, Unpriced):
            return charge
        return after._replace(cost=charge.cost, position=before.position).reversed

    def _position(self, key: str) -> int:
        return self._months.position(self._organization.number, self._place.month, key)

    def _move(self, key: str | None, billed: int) -> None:
        """Move a month's position as the tables will be moved."""
        if key is not None:
            self._position(key)
            self._months.advance(self._organization.number, self._place.month, key, billed)
