"""The statements of the write path: from the staging table into the ledger and its rollups.

Rows go in in key order, after the versions of their ledgers: so parallel writers wait for each
other instead of deadlocking.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from tollbook.store import resources, rollups
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.staging import ORDINARY, ExistingIdentity, Staged
from tollbook.store.tokens import new_token

Row = TypeVar("Row")
Charging = Callable[[Sequence[Staged]], Sequence[Staged]]
"""Charges the rows that wait for the position of their month, and gives all of them."""


class Touched(NamedTuple):
    """The new version of the ledgers that a batch writes to, in a transaction that holds them.

    `replaced` has the token that `token` replaced, by the number of the organization: 0 where the
    ledger was empty. Events count as received at `as_of`.
    """

    as_of: int
    token: int
    replaced: Mapping[int, int]


class Recorded(NamedTuple):
    """What stood already of the rows of a batch, and the instant of its commit.

    `touched` is None when nothing was stored.
    """

    standing: list[ExistingIdentity]
    as_of: int
    touched: Touched | None


NewUsers = Callable[[Touched], bool]
"""Returns whether users of the rows may be missing from the directory."""


# A batch is small and the tables are not: a scalar subquery is looked up by the key, row by row,
# where PostgreSQL may answer a join or EXISTS by reading all identities there are.
_STANDS = """(
    SELECT 1 FROM event_keys AS held
    WHERE held.organization_id = staging.organization_id AND held.id = staging.id
) = 1"""

# `WHERE true` keeps SQLite from reading ON CONFLICT as the condition of a join.
# What is committed later was received later, whatever the clocks of several servers say: whoever
# holds the row moves on from it. So all that was received up to an instant can be asked for again.
TOUCH_VERSIONS = """
INSERT INTO ledger_versions
    (organization_id, token, as_of, received_at, newest, newest_received_at)
SELECT organization_id, :token, :now, :now, MAX(time), :now
FROM staging WHERE true GROUP BY organization_id ORDER BY organization_id
ON CONFLICT (organization_id) DO UPDATE
SET replaced = ledger_versions.token, token = excluded.token,
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
RETURNING organization_id, received_at, replaced
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

EMPTY_STAGING = "DELETE FROM staging"

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

_FACTS = "time, quantity, billed, cost, rate_id, attributes, hour, country"
_RARE = "buy, own_cost, position, tier_key"


def _add_events(columns: str) -> str:
    return f"""
INSERT INTO events (organization_id, day, id, user_id, meter, resource_id, {columns}, received_at)
SELECT organization_id, day, id, user_id, meter, NULLIF(resource_id, ''), {columns}, :now
FROM staging WHERE code = '' ORDER BY organization_id, day, id
"""


def add_resources(sign: str = "") -> str:
    """Write the statement that counts the events of resources."""
    return f"""
INSERT INTO resources_daily (organization_id, month, user_id, meter, resource_id, day, count)
SELECT organization_id, day / 100, owner, meter, resource_id, day, {sign}COUNT(*)
FROM staging WHERE code = '' AND resource_id <> ''
GROUP BY organization_id, owner, meter, resource_id, day
ORDER BY organization_id, day / 100, owner, meter, resource_id, day
ON CONFLICT (organization_id, month, user_id, meter, resource_id, day) DO UPDATE SET
    count = resources_daily.count + excluded.count
"""


# Most batches hold neither what an event was bought for nor anything else that is rare: theirs are
# the shorter statements.
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
"""Sets aside the full rows of sums of the organizations and months in the staging table."""

ADD_POSITIONS = """
INSERT INTO tier_positions (organization_id, month, tier_key, quantity)
SELECT organization_id, day / 100, tier_key, CAST(SUM(billed) AS BIGINT)
FROM staging WHERE code = '' AND tier_key IS NOT NULL
GROUP BY organization_id, day / 100, tier_key ORDER BY organization_id, day / 100, tier_key
ON CONFLICT (organization_id, month, tier_key) DO UPDATE SET
    quantity = tier_positions.quantity + excluded.quantity
"""

ADD_QUARANTINE = """
INSERT INTO quarantine (organization_id, id, received_at, code, reason, event, time)
SELECT organization_id, id, :now, code, reason, attributes, time
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
    transaction: Transaction, rows: Sequence[Staged], now: int, new_users: NewUsers
) -> Recorded:
    """Store the rows whose identity is free; give those whose identity stands already.

    `rows` hold no identity twice. A transaction that holds an organization's ledger is the only one
    to claim identities in it until the commit. An identity is hardly ever taken, so all are claimed
    at once, and only when some could not be is the claim taken back and each looked up. When none
    was free, nothing is written: the ledger's version stays, and answers given before still hold.
    """
    columns = transaction.stage(rows)
    touched = touch_versions(transaction, now)
    transaction.execute("SAVEPOINT claim")
    standing: list[ExistingIdentity] = []
    if transaction.execute(CLAIM) < len(rows):
        transaction.execute("ROLLBACK TO SAVEPOINT claim")
        standing = [ExistingIdentity(*row) for row in transaction.table(STANDING, {}, 4)]
        if len(standing) == len(rows):
            transaction.undo()
            return Recorded(standing, now, None)
        transaction.execute(DROP_STANDING)
        transaction.execute(CLAIM)
    _add(transaction, rows, columns, touched.as_of, new_users(touched))
    return Recorded(standing, touched.as_of, touched)


def record_in_order(
    transaction: Transaction, rows: Sequence[Staged], now: int, charge: Charging
) -> Recorded:
    """Store rows of which some depend on what their month has billed before; as `record`, else.

    `charge` gets the rows whose identity is free, in order, once nobody else can move the month:
    what is not stored takes no part of a tier.
    """
    transaction.stage(rows)
    touched = touch_versions(transaction, now)
    standing = [ExistingIdentity(*row) for row in transaction.table(STANDING, {}, 4)]
    if len(standing) == len(rows):
        transaction.undo()
        return Recorded(standing, now, None)
    known = {(it.organization_id, it.id) for it in standing}
    fresh = charge([row for row in rows if (row.organization_id, row.id) not in known])
    transaction.execute(EMPTY_STAGING)
    columns = transaction.stage(fresh)
    transaction.execute(CLAIM)
    _add(transaction, fresh, columns, touched.as_of)
    transaction.execute(ADD_POSITIONS)
    return Recorded(standing, touched.as_of, touched)


def release(transaction: Transaction, rows: Sequence[Staged], now: int) -> None:
    """Move events out of quarantine into the ledger; their identities are claimed already."""
    columns = transaction.stage(rows)
    as_of = touch_versions(transaction, now).as_of
    transaction.execute(RELEASE_KEYS)
    transaction.execute(LEAVE_QUARANTINE)
    _add(transaction, rows, columns, as_of)
    if any(row.tier_key is not None for row in rows):
        transaction.execute(ADD_POSITIONS)


def touch_versions(transaction: Transaction, now: int) -> Touched:
    """Hold the ledgers of the staged rows' organizations, and give them a new version.

    The rows count as received now, unless a clock that is ahead of this one has left a later
    instant.
    """
    token = new_token()
    found = transaction.rows(TOUCH_VERSIONS, now=now, token=token)
    latest = max(received_at for _, received_at, _ in found)
    if latest > now:
        transaction.execute(AGREE_VERSIONS, now=latest)
    return Touched(latest, token, {number: replaced for number, _, replaced in found})


def hold_ledgers(transaction: Transaction, numbers: Iterable[int]) -> None:
    """Keep everyone else from these organizations' ledgers until the commit."""
    for number in sorted(numbers):
        transaction.execute(
            "UPDATE ledger_versions SET token = token WHERE organization_id = :number",
            number=number,
        )


def position(snapshot: Snapshot, number: int, month: int, tier_key: str) -> int:
    """Give what an organization's month has billed so far under a tier key, in micros."""
    row = snapshot.row(
        "SELECT quantity FROM tier_positions "
        "WHERE organization_id = :number AND month = :month AND tier_key = :tier_key",
        number=number,
        month=month,
        tier_key=tier_key,
    )
    return int(row[0]) if row else 0


def _add(
    transaction: Transaction,
    rows: Sequence[Staged],
    columns: int,
    now: int,
    new_users: bool = True,
) -> None:
    if new_users:
        transaction.execute(ADD_USERS, now=now)
    events, sums = ORDINARY_ROWS if columns == ORDINARY else RARE_ROWS
    transaction.execute(events, now=now)
    add_sums(transaction, sums, rows)
    if any(row.resource_id for row in rows):
        transaction.execute(ADD_RESOURCES)
        transaction.execute(resources.ADD_DAYS)
    if any(row.code for row in rows):
        transaction.execute(ADD_QUARANTINE, now=now)


def add_sums(transaction: Transaction, statements: Sequence[str], rows: Sequence[Staged]) -> None:
    """Add the rows in the staging table to every sum, by one statement for each table of sums."""

    def stage(some: Sequence[Staged]) -> None:
        transaction.execute(EMPTY_STAGING)
        transaction.stage(some)

    add_in_range(transaction, statements, rows, _size, stage, SET_ASIDE)


def add_in_range(
    transaction: Transaction,
    statements: Sequence[str],
    rows: Sequence[Row],
    size: Callable[[Row], tuple[Hashable, int]],
    stage: Callable[[Sequence[Row]], None],
    set_aside: Sequence[str],
    **parameters: int,
) -> None:
    """Add rows to every sum, from the temporary table that they are in.

    When a sum would pass 64 bits, the statements of `set_aside` set full rows aside, and the rows
    are added a few at a time: sums have no limit. `size` is as in `rollups.chunks`; `stage`
    replaces the rows in the temporary table with some of them.
    """
    done = transaction.execute_in_range(statements, **parameters)
    if done == len(statements):
        return
    for chunk in rollups.chunks(rows, size):
        stage(chunk)
        for statement in (*set_aside, *statements[done:]):
            transaction.execute(statement, **parameters)
    stage(rows)


def _size(row: Staged) -> tuple[tuple[int, int, int], int]:
    whose = row.organization_id, row.day // 100, row.meter
    return whose, max(map(abs, (row.quantity, row.billed, row.cost, row.buy or 0)))
