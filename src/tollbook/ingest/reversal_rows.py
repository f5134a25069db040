"""Build the rows of reversals.

Outside tiers a reversal is the exact negative of its event. Inside tiers its cost is the difference
that it makes: F of the month without the usage, less F of the month with it. Its connect fee is the
one that the event bore.
"""

from tollbook.domain.charges import Charge, RatingInput, Unpriced
from tollbook.domain.meters import is_organization_level
from tollbook.domain.prices import Rate
from tollbook.ingest.months import Months
from tollbook.rating.charge import apply_pricing
from tollbook.store import prices
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.events import Stored
from tollbook.store.staging import Staged


class RatesById:
    """The rates of a tenant by id, each read once."""

    def __init__(self, snapshot: Snapshot, tenant: str) -> None:
        self._snapshot = snapshot
        self._tenant = tenant
        self._rates: dict[int | None, Rate | None] = {None: None}

    def charge(
        self,
        rate_id: int | None,
        usage: RatingInput,
        position: int | None,
        charged_at: int | None = None,
    ) -> Charge | Unpriced:
        """Charge a usage by a rate, from the position of its month in micros.

        To reverse it, `charged_at` is the position at which it was charged.
        """
        if rate_id not in self._rates:
            found = prices.find_rate(self._snapshot, self._tenant, rate_id or 0)
            self._rates[rate_id] = found and found[1]
        rate = self._rates[rate_id]
        if rate is None:
            return Unpriced("rate_missing", f"rate {rate_id} is in none of the books")
        return apply_pricing(rate.pricing, rate.id, usage, position, charged_at)


class Opposites:
    """Builds the rows of reversals, one after the other.

    The transaction holds the ledger versions of their organizations, so no other writer can change
    a month.
    """

    def __init__(self, transaction: Transaction, tenant: str, months: Months | None = None) -> None:
        self._months = months or Months(transaction)
        self._rates = RatesById(transaction, tenant)

    def row(self, original: Stored, identity: str, print_: int) -> Staged | Unpriced:
        """Return the row of an event's reversal, or the reason why it has no price."""
        row = negate(original, identity, print_)
        number, month, key = original.organization_id, original.day // 100, original.tier_key
        if key is None:
            return row
        position = self._months.position(number, month, key) - original.billed
        charge = self._rates.charge(original.rate_id, original.usage(), position, original.position)
        if isinstance(charge, Unpriced):
            return charge
        self._months.advance(number, month, key, -original.billed)
        return row._replace(cost=-charge.cost, position=position)

    def undo(self, original: Stored) -> None:
        """Take back the effect of a reversal that is not stored on the month of its event."""
        number, month, key = original.organization_id, original.day // 100, original.tier_key
        if key is not None:
            self._months.advance(number, month, key, original.billed)


def negate(original: Stored, identity: str, print_: int) -> Staged:
    """Return the exact negative of an event under another id."""
    return Staged(
        organization_id=original.organization_id,
        id=identity,
        fingerprint=print_,
        day=original.day,
        user_id=original.user_id,
        billed_user_id="" if is_organization_level(original.meter) else original.user_id,
        meter=original.meter,
        resource_id=original.resource_id or "",
        time=original.time,
        quantity=-original.quantity,
        billed=-original.billed,
        cost=-original.cost,
        rate_id=original.rate_id,
        attributes=original.attributes,
        hour=original.hour,
        country=original.country,
        buy=None if original.buy is None else -original.buy,
        own_cost=None if original.own_cost is None else -original.own_cost,
        position=original.position,
        tier_key=original.tier_key,
        reverses=original.id,
    )
