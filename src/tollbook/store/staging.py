"""The staging table: what a batch brings into a transaction before any table is touched."""

from typing import NamedTuple


class Staged(NamedTuple):
    """One event on its way into the ledger.

    `owner` is whose figures it enters, empty for the organization's own. `code` is empty for a
    priced event; otherwise the event goes to quarantine with `code` and `reason`, its `day` is 0
    and `attributes` holds it whole.
    """

    organization_id: int
    id: str
    fingerprint: int
    day: int
    user_id: str
    owner: str
    meter: int
    resource_id: str | None
    time: int
    quantity: int
    billed: int
    cost: int
    rate_id: int | None
    attributes: str
    code: str = ""
    reason: str = ""


COLUMNS = {
    "organization_id": "BIGINT NOT NULL",
    "id": "TEXT NOT NULL",
    "fingerprint": "BIGINT NOT NULL",
    "day": "INTEGER NOT NULL",
    "user_id": "TEXT NOT NULL",
    "owner": "TEXT NOT NULL",
    "meter": "SMALLINT NOT NULL",
    "resource_id": "TEXT",
    "time": "BIGINT NOT NULL",
    "quantity": "BIGINT NOT NULL",
    "billed": "BIGINT NOT NULL",
    "cost": "BIGINT NOT NULL",
    "rate_id": "BIGINT",
    "attributes": "TEXT NOT NULL",
    "code": "TEXT NOT NULL",
    "reason": "TEXT NOT NULL",
}
"""The columns in the order of a row, each with its type."""

CREATE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS staging (
    {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())}
)
"""


class Standing(NamedTuple):
    """A staged identity that stands already, with the fingerprint and day it stands for."""

    organization_id: int
    id: str
    fingerprint: int
    day: int

    @property
    def in_quarantine(self) -> bool:
        """Tell whether the event waits for a price or an owner."""
        return self.day == 0
