"""The statements of reversals: events with other signs than those they take back."""

from collections.abc import Sequence

from tollbook.store import ledger, resources, rollups
from tollbook.store.database import Transaction
from tollbook.store.events import Reversed
from tollbook.store.staging import Staged

ADD_EVENTS = """
INSERT INTO events (
    organization_id, day, id, user_id, meter, resource_id, time, quantity, billed, cost, rate_id,
    attributes, hour, country, received_at, own_cost, buy, position, tier_key, reverses
)
SELECT
    organization_id, day, id, user_id, meter, NULLIF(resource_id, ''), time, quantity, billed, cost,
    rate_id, attributes, hour, country, :now, own_cost, buy, position, tier_key,
    (
        SELECT reversals.reverses FROM reversals
        WHERE reversals.organization_id = staging.organization_id AND reversals.id = staging.id
    )
FROM staging ORDER BY organization_id, day, id
"""

ADD_REVERSAL = """
INSERT INTO reversals (organization_id, reverses, id, reason, key_prefix, received_at)
VALUES (:organization_id, :reverses, :id, :reason, :key_prefix, :received_at)
"""

SUMS = [rollups.add(table, buy=True, sign="-") for table in rollups.KEYS]
STATEMENTS = (
    ledger.add_resources(sign="-"),
    resources.FIND_DAYS,
    ledger.ADD_POSITIONS,
)


def record(
    transaction: Transaction, rows: Sequence[Staged], reversals: Sequence[Reversed], now: int
) -> int:
    """Store reversals whose ids are free; their rows are their originals with other signs.

    Gives the instant of the commit.
    """
    transaction.stage(rows)
    as_of = ledger.touch_heads(transaction, now)
    transaction.execute(ledger.CLAIM)
    made = [it._replace(received_at=as_of)._asdict() for it in reversals]
    transaction.execute_many(ADD_REVERSAL, made)
    transaction.execute(ADD_EVENTS, now=as_of)
    ledger.add_sums(transaction, SUMS, rows)
    for statement in STATEMENTS:
        transaction.execute(statement)
    return as_of
