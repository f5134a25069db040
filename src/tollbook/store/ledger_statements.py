"""The statements of the write path: from the staging table into the ledger and its rollups.

Rows are inserted in the order of their keys, after the versions of their ledgers: so parallel
writers wait for each other instead of deadlocking.
"""

from tollbook.store import rollups

# `WHERE true` keeps SQLite from reading ON CONFLICT as the condition of a join.
# Later commits have later instants, even when the clocks of servers differ: the transaction that
# holds the row continues from its instant. So a question about an instant can be repeated.
TOUCH_VERSIONS = """
INSERT INTO ledger_versions
    (organization_id, token, as_of, received_at, newest, newest_received_at)
SELECT organization_id, :token, :now, :now, MAX(time), :now
FROM staging WHERE true GROUP BY organization_id ORDER BY organization_id
ON CONFLICT (organization_id) DO UPDATE
SET replaced = CASE WHEN ledger_versions.received_at = 0 THEN 0 ELSE ledger_versions.token END,
    token = excluded.token,
    as_of = CASE
        WHEN excluded.as_of > ledger_versions.as_of THEN excluded.as_of
        ELSE ledger_versions.as_of
    END,
    received_at = CASE
        WHEN excluded.received_at > ledger_versions.received_at THEN excluded.received_at
        ELSE ledger_versions.received_at + 1
    END,
    newest = CASE
        WHEN excluded.newest > ledger_versions.newest THEN excluded.newest
        ELSE ledger_versions.newest
    END,
    newest_received_at = CASE
        WHEN excluded.newest <= ledger_versions.newest THEN ledger_versions.newest_received_at
        WHEN excluded.received_at > ledger_versions.received_at THEN excluded.received_at
        ELSE ledger_versions.received_at + 1
    END
RETURNING organization_id, received_at, replaced, closed_day
"""

AGREE_VERSIONS = """
UPDATE ledger_versions SET
    as_of = CASE WHEN as_of > :now THEN as_of ELSE :now END,
    newest_received_at = CASE
        WHEN newest_received_at = received_at THEN :now ELSE newest_received_at
    END,
    received_at = :now
WHERE organization_id IN (SELECT organization_id FROM staging)
"""

EMPTY_STAGING = "DELETE FROM staging"

ADD_USERS = """
INSERT INTO users (organization_id, id, name, status, created_at)
SELECT DISTINCT organization_id, user_id, user_id, 'active', :now
FROM staging WHERE code = '' AND user_id <> '' ORDER BY organization_id, user_id
ON CONFLICT (organization_id, id) DO NOTHING
"""

_FACTS = "time, quantity, billed, cost, rate_id, attributes, hour, country"
_RARE = "buy, own_cost, position, tier_key"


def _add_events(columns: str) -> str:
    return f"""
INSERT INTO events (organization_id, day, id, user_id, meter, resource_id, {columns}, received_at)
SELECT organization_id, day, id, user_id, meter, NULLIF(resource_id, ''), {columns}, :now
FROM staging WHERE code = '' ORDER BY organization_id, day, id
"""


def add_resources(sign: str = "") -> str:
    """Return the statement that counts the events of resources."""
    return f"""
INSERT INTO resources_daily (organization_id, month, user_id, meter, resource_id, day, count)
SELECT organization_id, day / 100, billed_user_id, meter, resource_id, day, {sign}COUNT(*)
FROM staging WHERE code = '' AND resource_id <> ''
GROUP BY organization_id, billed_user_id, meter, resource_id, day
ORDER BY organization_id, day / 100, billed_user_id, meter, resource_id, day
ON CONFLICT (organization_id, month, user_id, meter, resource_id, day) DO UPDATE SET
    count = resources_daily.count + excluded.count
"""


# Most batches have neither purchase costs nor any other rare column: they use shorter statements.
ORDINARY_ROWS = _add_events(_FACTS), [rollups.add(table, buy=False) for table in rollups.KEYS]
RARE_ROWS = (
    _add_events(f"{_FACTS}, {_RARE}"),
    [rollups.add(table, buy=True) for table in rollups.KEYS],
)
ADD_RESOURCES = add_resources()

_OF_STAGED = "IN (SELECT organization_id FROM staging)", "IN (SELECT day / 100 FROM staging)"
SET_ASIDE = (
    rollups.COUNT_PART.format(within=_OF_STAGED[0]),
    *(rollups.set_aside(table, *_OF_STAGED) for table in rollups.KEYS),
)
"""Set aside the full rows of sums of the staged organizations and months."""

ADD_POSITIONS = """
INSERT INTO tier_positions (organization_id, month, tier_key, quantity)
SELECT organization_id, day / 100, tier_key, CAST(SUM(billed) AS BIGINT)
FROM staging WHERE code = '' AND tier_key IS NOT NULL
GROUP BY organization_id, day / 100, tier_key ORDER BY organization_id, day / 100, tier_key
ON CONFLICT (organization_id, month, tier_key) DO UPDATE SET
    quantity = tier_positions.quantity + excluded.quantity
"""

ADD_QUARANTINE = """
INSERT INTO quarantine
    (organization_id, id, received_at, code, reason, event, time, user_id, meter, country)
SELECT organization_id, id, :now, code, reason, attributes, time, user_id, meter, country
FROM staging WHERE code <> '' ORDER BY organization_id, id
"""

# By the key, event by event: a statement that joins the staging table may read all identities.
RELEASE_KEY = "UPDATE event_keys SET day = :day WHERE organization_id = :number AND id = :id"
LEAVE_QUARANTINE = "DELETE FROM quarantine WHERE organization_id = :number AND id = :id"
