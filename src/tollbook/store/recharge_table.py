"""The temporary table of events that get another charge, and its rows."""

from typing import NamedTuple

from tollbook.store.event_ids import encode_id


class StoredCharge(NamedTuple):
    """The columns of an event that a charge decides; they are kept when it is charged again."""

    cost: int
    billed: int
    rate_id: int | None
    buy: int | None
    position: int | None
    tier_key: str | None

    @property
    def bought_cost(self) -> int:
        """Return the cost if the purchase cost is known, otherwise 0."""
        return 0 if self.buy is None else self.cost

    @property
    def reversed(self) -> "StoredCharge":
        """Return the charge of the event's reversal."""
        buy = None if self.buy is None else -self.buy
        return self._replace(cost=-self.cost, billed=-self.billed, buy=buy)


class Chargeable(NamedTuple):
    """An event that may be charged again: its facts, then the charge it has."""

    id: str
    user_id: str
    meter: int
    time: int
    quantity: int
    attributes: str
    own_cost: int | None
    hour: int
    country: str
    charge: StoredCharge


class Recharged(NamedTuple):
    """An event that gets another charge.

    `billed_user_id` is the user whose figures it is in, empty for organization-level usage. `sign`
    is -1 for a reversal, which counts down.
    """

    id: str
    billed_user_id: str
    meter: int
    hour: int
    country: str
    sign: int
    before: StoredCharge
    after: StoredCharge

    def row(self, organization: int) -> tuple[object, ...]:
        """Return the columns of the temporary table."""
        return (organization, encode_id(self.id), *self[1:-2], *self.before, *self.after)


FACTS = Chargeable._fields[:-1]
"""The columns of an event before its charge: what it is made of, and where its sums are."""

KINDS = {
    "cost": "BIGINT NOT NULL",
    "billed": "BIGINT NOT NULL",
    "rate_id": "BIGINT",
    "buy": "BIGINT",
    "position": "BIGINT",
    "tier_key": "TEXT",
}
"""The columns of a charge, each with its type."""

COLUMNS = {
    "organization_id": "BIGINT NOT NULL",
    "id": "BYTEA NOT NULL",
    "billed_user_id": "TEXT NOT NULL",
    "meter": "SMALLINT NOT NULL",
    "hour": "BIGINT NOT NULL",
    "country": "TEXT NOT NULL",
    "sign": "INTEGER NOT NULL",
    **{f"was_{name}": kind for name, kind in KINDS.items()},
    **KINDS,
}
"""The columns in the order of a row: the charge before, then the charge after."""

CREATE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS recharged (
    {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())}
)
"""
