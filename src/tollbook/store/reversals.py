"""The statements of reversals: events with negative quantities that count down."""

from collections.abc import Iterator, Sequence

from tollbook.store import identities, ledger, ledger_statements, resources, rollups
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.event_ids import BEFORE_ALL, encode_id, texts
from tollbook.store.events import Reversed, Stored
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.staging import Staged

_STORED = Stored._fields

ADD_EVENTS = """
INSERT INTO events (
    organization_id, day, id, user_id, meter, resource_id, time, quantity, billed, cost, rate_id,
    attributes, hour, country, received_at, own_cost, buy, position, tier_key, reverses
)
SELECT
    organization_id, day, id, user_id, meter, NULLIF(resource_id, ''), time, quantity, billed, cost,
    rate_id, attributes, hour, country, :now, own_cost, buy, position, tier_key,
    reverses
FROM staging ORDER BY organization_id, day, id
"""

ADD_REVERSAL = """
INSERT INTO reversals (organization_id, reverses, id, reason, key_prefix, received_at)
VALUES (:organization_id, :reverses, :id, :reason, :key_prefix, :received_at)
"""

SUMS = [rollups.add(table, buy=True, sign="-") for table in rollups.KEYS]
# Found by their ids, so that a whole ledger is not read for a few reversals.
IN_TIERS = f"""
SELECT
    organizations.tenant_id, id_text(reversals.reverses), originals.position,
    {texts(_STORED, "events")}
FROM reversals
JOIN organizations ON organizations.organization_id = reversals.organization_id
JOIN event_keys ON event_keys.organization_id = reversals.organization_id
    AND event_keys.id = reversals.id
JOIN events ON events.organization_id = event_keys.organization_id
    AND events.day = event_keys.day AND events.id = event_keys.id
JOIN events AS originals ON originals.organization_id = events.organization_id
    AND originals.day = events.day AND originals.id = reversals.reverses
WHERE (
    reversals.organization_id > :number
    OR (reversals.organization_id = :number AND reversals.reverses > :reverses)
) AND events.tier_key IS NOT NULL
ORDER BY reversals.organization_id, reversals.reverses LIMIT :limit {ALL_TENANTS}
"""

STATEMENTS = (
    ledger_statements.add_resources(sign="-"),
    resources.FIND_DAYS,
    ledger_statements.ADD_POSITIONS,
)


def record(
    transaction: Transaction, rows: Sequence[Staged], reversals: Sequence[Reversed], now: int
) -> int:
    """Store reversals with free ids, and their rows; return the instant of the commit.

    The rows have negative quantities and costs.
    """
    transaction.stage(rows)
    as_of = ledger.touch_versions(transaction, rows, now).as_of
    add(transaction, rows, reversals, as_of)
    return as_of


def add(
    transaction: Transaction, rows: Sequence[Staged], reversals: Sequence[Reversed], as_of: int
) -> None:
    """Store reversals whose rows are staged; the ledgers have their new version."""
    identities.claim(transaction)
    made = [
        reversal._asdict()
        | {
            "reverses": encode_id(reversal.reverses),
            "id": encode_id(reversal.id),
            "received_at": as_of,
        }
        for reversal in reversals
    ]
    transaction.execute_many(ADD_REVERSAL, made)
    transaction.execute(ADD_EVENTS, now=as_of)
    ledger.add_sums(transaction, SUMS, rows)
    for statement in STATEMENTS:
        transaction.execute(statement)


def in_tiers(snapshot: Snapshot) -> Iterator[tuple[str, Stored, int | None]]:
    """Read every reversal that was charged in tiers, with its tenant and its event's position."""
    columns = ("tenant", "reverses", "charged_at", "number", *_STORED[1:])
    for rows in snapshot.chunks(IN_TIERS, {}, columns, {"number": 0, "reverses": BEFORE_ALL}):
        for row in rows:
            yield row[0], Stored(*row[3:]), row[2]
