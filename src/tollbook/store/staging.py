"""The staging table: the rows of a batch, before a transaction touches any other table."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from tollbook.store.event_ids import encode_id, encode_optional


class Staged(NamedTuple):
    """One event on its way into the ledger.

    `billed_user_id` is the user whose figures the event enters, empty for organization-level usage.
    `resource_id` is empty without a resource. `hour` and `country` are as in `events`. `code` is
    empty for a priced event; otherwise the event goes to quarantine with `code` and `reason`, its
    `day` is 0 and `attributes` holds the whole event. `own_cost` is the cost in the event, `buy`
    None when it is not known. An event with a `tier_key` is charged in the transaction, when its
    `position` is known. A reversal `reverses` the event with this id.
    """

    organization_id: int
    id: str
    fingerprint: int
    day: int
    user_id: str
    billed_user_id: str
    meter: int
    resource_id: str
    time: int
    quantity: int
    billed: int
    cost: int
    rate_id: int | None
    attributes: str
    hour: int = 0
    country: str = ""
    code: str = ""
    reason: str = ""
    buy: int | None = None
    own_cost: int | None = None
    position: int | None = None
    tier_key: str | None = None
    reverses: str | None = None


COLUMNS = {
    "organization_id": "BIGINT NOT NULL",
    "id": "BYTEA NOT NULL",
    "fingerprint": "BIGINT NOT NULL",
    "day": "INTEGER NOT NULL",
    "user_id": "TEXT NOT NULL",
    "billed_user_id": "TEXT NOT NULL",
    "meter": "SMALLINT NOT NULL",
    "resource_id": "TEXT NOT NULL",
    "time": "BIGINT NOT NULL",
    "quantity": "BIGINT NOT NULL",
    "billed": "BIGINT NOT NULL",
    "cost": "BIGINT NOT NULL",
    "rate_id": "BIGINT",
    "attributes": "TEXT NOT NULL",
    "hour": "BIGINT NOT NULL",
    "country": "TEXT NOT NULL",
    "code": "TEXT NOT NULL",
    "reason": "TEXT NOT NULL",
    "buy": "BIGINT",
    "own_cost": "BIGINT",
    "position": "BIGINT",
    "tier_key": "TEXT",
    "reverses": "BYTEA",
}
"""The columns in the order of a row, each with its type."""

ORDINARY = Staged._fields.index("buy")
"""The number of columns that every row has; the others are empty for most rows."""
_rare = itemgetter(*range(ORDINARY, len(COLUMNS)))

CREATE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS staging (
    {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())}
)
"""


def width(rows: Sequence[Staged]) -> int:
    """Return how many columns these rows need: an empty one costs SQLite more than a full one."""
    rare = set(map(_rare, rows))
    rare.discard((None,) * (len(COLUMNS) - ORDINARY))
    if not rare:
        return ORDINARY
    return max(
        ORDINARY + n for values in rare for n, value in enumerate(values, 1) if value is not None
    )


def stored_rows(rows: Iterable[Staged], columns: int) -> Iterator[tuple[object, ...]]:
    """Return the first columns of rows, with ids as they are stored."""
    if columns < len(COLUMNS):
        return ((row.organization_id, encode_id(row.id), *row[2:columns]) for row in rows)
    return (
        (row.organization_id, encode_id(row.id), *row[2:-1], encode_optional(row.reverses))
        for row in rows
    )


class ExistingIdentity(NamedTuple):
    """A staged identity that exists already, with the fingerprint and day of its event."""

    organization_id: int
    id: str
    fingerprint: int
    day: int

    @property
    def in_quarantine(self) -> bool:
        """Return whether the event waits for a price or an organization."""
        return self.day == 0
