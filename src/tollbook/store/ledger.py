"""The statements of the write path: from the staging table into the ledger and its rollups.

Rows go in in key order, after the heads of their organizations: so parallel writers wait for each
other instead of deadlocking.
"""

from collections.abc import Sequence

from tollbook.store.database import Transaction
from tollbook.store.staging import Staged, Standing

# A batch is small and the tables are not: a scalar subquery is looked up by the key, row by row,
# where PostgreSQL may answer a join or EXISTS by reading all identities there are.
_STANDS = """(
    SELECT 1 FROM event_keys AS held
    WHERE held.organization_id = staging.organization_id AND held.id = staging.id
) = 1"""

# `WHERE true` keeps SQLite from reading ON CONFLICT as the condition of a join.
TOUCH_HEADS = """
INSERT INTO ledger_heads (organization_id, revision, as_of)
SELECT DISTINCT organization_id, 1, :now FROM staging WHERE true ORDER BY organization_id
ON CONFLICT (organization_id) DO UPDATE
SET revision = ledger_heads.revision + 1, as_of = excluded.as_of
"""

STANDING = f"""
SELECT
    organization_id,
    id,
    (
        SELECT held.fingerprint FROM event_keys AS held
        WHERE held.organization_id = staging.organization_id AND held.id = staging.id
    ),
    (
        SELECT held.day FROM event_keys AS held
        WHERE held.organization_id = staging.organization_id AND held.id = staging.id
    )
FROM staging WHERE {_STANDS}
"""

DROP_STANDING = f"DELETE FROM staging WHERE {_STANDS}"

CLAIM = """
INSERT INTO event_keys (organization_id, id, fingerprint, day)
SELECT organization_id, id, fingerprint, day FROM staging WHERE true ORDER BY organization_id, id
ON CONFLICT (organization_id, id) DO NOTHING
"""

ADD_USERS = """
INSERT INTO users (organization_id, id, name, status, created_at)
SELECT DISTINCT organization_id, user_id, user_id, 'active', :now
FROM staging WHERE code = '' AND user_id <> '' ORDER BY organization_id, user_id
ON CONFLICT (organization_id, id) DO NOTHING
"""

ADD_EVENTS = """
INSERT INTO events (
    organization_id, day, id, user_id, meter, resource_id, time,
    quantity, billed, cost, rate_id, attributes, received_at
)
SELECT
    organization_id, day, id, user_id, meter, resource_id, time,
    quantity, billed, cost, rate_id, attributes, :now
FROM staging WHERE code = '' ORDER BY organization_id, day, id
"""

_SUMS = """
    COUNT(*), CAST(SUM(quantity) AS BIGINT), CAST(SUM(billed) AS BIGINT), CAST(SUM(cost) AS BIGINT)
"""

ADD_DAILY = f"""
INSERT INTO usage_daily (
    organization_id, month, user_id, meter, day, count, quantity, billed, cost
)
SELECT organization_id, day / 100, owner, meter, day, {_SUMS}
FROM staging WHERE code = ''
GROUP BY organization_id, owner, meter, day ORDER BY organization_id, day / 100, owner, meter, day
ON CONFLICT (organization_id, month, user_id, meter, day) DO UPDATE SET
    count = usage_daily.count + excluded.count,
    quantity = usage_daily.quantity + excluded.quantity,
    billed = usage_daily.billed + excluded.billed,
    cost = usage_daily.cost + excluded.cost
"""

ADD_MONTHLY = f"""
INSERT INTO usage_monthly (
    organization_id, month, user_id, meter, count, quantity, billed, cost
)
SELECT organization_id, day / 100, owner, meter, {_SUMS}
FROM staging WHERE code = ''
GROUP BY organization_id, owner, meter, day / 100
ORDER BY organization_id, day / 100, owner, meter
ON CONFLICT (organization_id, month, user_id, meter) DO UPDATE SET
    count = usage_monthly.count + excluded.count,
    quantity = usage_monthly.quantity + excluded.quantity,
    billed = usage_monthly.billed + excluded.billed,
    cost = usage_monthly.cost + excluded.cost
"""

ADD_RESOURCES = """
INSERT INTO resources_daily (organization_id, month, user_id, meter, resource_id, day, count)
SELECT organization_id, day / 100, owner, meter, resource_id, day, COUNT(*)
FROM staging WHERE code = '' AND resource_id IS NOT NULL
GROUP BY organization_id, owner, meter, resource_id, day
ORDER BY organization_id, day / 100, owner, meter, resource_id, day
ON CONFLICT (organization_id, month, user_id, meter, resource_id, day) DO UPDATE SET
    count = resources_daily.count + excluded.count
"""

ADD_QUARANTINE = """
INSERT INTO quarantine (organization_id, id, received_at, code, reason, event)
SELECT organization_id, id, :now, code, reason, attributes
FROM staging WHERE code <> '' ORDER BY organization_id, id
"""

RELEASE_KEYS = """
UPDATE event_keys SET day = (
    SELECT day FROM staging
    WHERE staging.organization_id = event_keys.organization_id AND staging.id = event_keys.id
)
WHERE EXISTS (
    SELECT 1 FROM staging
    WHERE staging.organization_id = event_keys.organization_id AND staging.id = event_keys.id
)
"""

LEAVE_QUARANTINE = """
DELETE FROM quarantine WHERE EXISTS (
    SELECT 1 FROM staging
    WHERE staging.organization_id = quarantine.organization_id AND staging.id = quarantine.id
)
"""


def record(
    transaction: Transaction, rows: Sequence[Staged], now: int, new_users: bool = True
) -> list[Standing]:
    """Store the rows whose identity is free; give those whose identity stands already.

    `rows` hold no identity twice. Whoever has the head of an organization is the only one to claim
    identities in it until the commit. Hardly ever does one stand, so all are claimed at once, and
    only when some could not be is the claim taken back and each looked up. When none was free,
    nothing is written: the head stays as it was, and answers given before still hold. `new_users`
    is False when every user of the rows is known to be there.
    """
    transaction.stage(rows)
    transaction.execute(TOUCH_HEADS, now=now)
    transaction.execute("SAVEPOINT claim")
    standing: list[Standing] = []
    if transaction.execute(CLAIM) < len(rows):
        transaction.execute("ROLLBACK TO SAVEPOINT claim")
        standing = [Standing(*row) for row in transaction.table(STANDING, {}, 4)]
        if len(standing) == len(rows):
            transaction.undo()
            return standing
        transaction.execute(DROP_STANDING)
        transaction.execute(CLAIM)
    _add(transaction, rows, now, new_users)
    return standing


def release(transaction: Transaction, rows: Sequence[Staged], now: int) -> None:
    """Move events out of quarantine into the ledger; their identities are claimed already."""
    transaction.stage(rows)
    transaction.execute(TOUCH_HEADS, now=now)
    transaction.execute(RELEASE_KEYS)
    transaction.execute(LEAVE_QUARANTINE)
    _add(transaction, rows, now, new_users=True)


def _add(transaction: Transaction, rows: Sequence[Staged], now: int, new_users: bool) -> None:
    if new_users:
        transaction.execute(ADD_USERS, now=now)
    transaction.execute(ADD_EVENTS, now=now)
    transaction.execute(ADD_DAILY)
    transaction.execute(ADD_MONTHLY)
    if any(row.resource_id is not None for row in rows):
        transaction.execute(ADD_RESOURCES)
    if any(row.code for row in rows):
        transaction.execute(ADD_QUARANTINE, now=now)
