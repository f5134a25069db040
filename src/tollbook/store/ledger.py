"""The write path: from the staging table into the ledger and its rollups.

Rows go in in key order, after the versions of their ledgers: so parallel writers wait for each
other instead of deadlocking.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from tollbook.store import closed_days, identities, resources, rollups
from tollbook.store import ledger_statements as sql
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.event_ids import encode_id
from tollbook.store.quarantine_counts import change_counts
from tollbook.store.staging import ORDINARY, ExistingIdentity, Staged
from tollbook.store.tokens import new_token
from tollbook.store.unpriced_groups import UNPRICED_CODES, add_staged_groups
from tollbook.store.versions import require_same_directory

Row = TypeVar("Row")
Charging = Callable[[Sequence[Staged]], Sequence[Staged]]
"""Charges the rows that need the position of their month, and returns all rows."""


class Touched(NamedTuple):
    """The new version of the ledgers that a batch writes to, in a transaction that holds them.

    `replaced` has the token that `token` replaced, by the number of the organization: 0 where the
    ledger had no events. Events count as received at `as_of`.
    """

    as_of: int
    token: int
    replaced: Mapping[int, int]


class Recorded(NamedTuple):
    """The identities of a batch that existed before, and the instant of its commit.

    `touched` is None when nothing was stored.
    """

    standing: list[ExistingIdentity]
    as_of: int
    touched: Touched | None


NewUsers = Callable[[Touched], bool]
"""Returns whether users of the rows may be missing from the directory."""


def record(
    transaction: Transaction, rows: Sequence[Staged], now: int, new_users: NewUsers
) -> Recorded:
    """Store the rows whose identity is free; return the identities that exist already.

    Each identity occurs once in `rows`. A transaction that holds an organization's ledger is the
    only one to claim identities in it until the commit. Identities are rarely taken, so all are
    claimed at once. Only when some are taken, the claim is rolled back, each identity is looked up,
    and the others are staged and claimed again. When none is free, nothing is written: the ledger's
    version and cached answers stay valid.
    """
    columns = transaction.stage(rows)
    touched = touch_versions(transaction, rows, now)
    transaction.execute("SAVEPOINT claim")
    standing: list[ExistingIdentity] = []
    if identities.claim(transaction) < len(rows):
        transaction.execute("ROLLBACK TO SAVEPOINT claim")
        standing = identities.existing(transaction, rows)
        if len(standing) == len(rows):
            transaction.undo()
            return Recorded(standing, now, None)
        rows = _without(standing, rows)
        columns = _claim_these(transaction, rows)
    add(transaction, rows, columns, touched.as_of, new_users(touched))
    return Recorded(standing, touched.as_of, touched)


def record_in_order(
    transaction: Transaction, rows: Sequence[Staged], now: int, charge: Charging
) -> Recorded:
    """Store rows as `record` does, when some of them depend on what their month has billed before.

    `charge` gets the rows whose identity is free, in order, when no other transaction can change
    the month: an event that is not stored uses up no part of a tier.
    """
    transaction.stage(rows)
    touched = touch_versions(transaction, rows, now)
    standing = identities.existing(transaction, rows)
    if len(standing) == len(rows):
        transaction.undo()
        return Recorded(standing, now, None)
    fresh = charge(_without(standing, rows))
    columns = _claim_these(transaction, fresh)
    add(transaction, fresh, columns, touched.as_of)
    transaction.execute(sql.ADD_POSITIONS)
    return Recorded(standing, touched.as_of, touched)


def _claim_these(transaction: Transaction, rows: Sequence[Staged]) -> int:
    """Stage these rows alone, and claim their identities; return how many columns they need."""
    transaction.execute(sql.EMPTY_STAGING)
    columns = transaction.stage(rows)
    identities.claim(transaction)
    return columns


def _without(standing: Sequence[ExistingIdentity], rows: Sequence[Staged]) -> list[Staged]:
    """Return the rows whose identity is free."""
    known = {(identity.organization_id, identity.id) for identity in standing}
    return [row for row in rows if (row.organization_id, row.id) not in known]


def release(transaction: Transaction, rows: Sequence[Staged], now: int) -> None:
    """Move events from quarantine into the ledger; their identities were claimed before.

    The caller changes the numbers of quarantined events.
    """
    columns = transaction.stage(rows)
    as_of = touch_versions(transaction, rows, now).as_of
    keys = [
        {"number": row.organization_id, "id": encode_id(row.id), "day": row.day} for row in rows
    ]
    transaction.execute_many(sql.RELEASE_KEY, keys)
    transaction.execute_many(sql.LEAVE_QUARANTINE, keys)
    add(transaction, rows, columns, as_of)
    if any(row.tier_key is not None for row in rows):
        transaction.execute(sql.ADD_POSITIONS)


def touch_versions(transaction: Transaction, rows: Sequence[Staged], now: int) -> Touched:
    """Lock the ledgers of the organizations of staged rows, and give them a new version.

    The rows count as received now, or later when a server whose clock is ahead wrote before. An
    organization's time zone and currency may change until its first events: raise
    `DirectoryChanged` when that may have happened since the rows were built.
    """
    token = new_token()
    found = transaction.rows(sql.TOUCH_VERSIONS, now=now, token=token)
    if any(replaced == 0 for _, _, replaced, _ in found):
        require_same_directory(transaction)
    closed_days.note_rows(transaction, rows, {number: day for number, _, _, day in found})
    latest = max(received_at for _, received_at, _, _ in found)
    if latest > now:
        transaction.execute(sql.AGREE_VERSIONS, now=latest)
    return Touched(latest, token, {number: replaced for number, _, replaced, _ in found})


def hold_ledgers(transaction: Transaction, numbers: Iterable[int]) -> None:
    """Lock the ledgers of these organizations until the commit."""
    for number in sorted(numbers):
        transaction.execute(
            "UPDATE ledger_versions SET token = token WHERE organization_id = :number",
            number=number,
        )


def position(snapshot: Snapshot, number: int, month: int, tier_key: str) -> int:
    """Return what an organization's month has billed so far under a tier key, in micros."""
    return snapshot.integer(
        "SELECT quantity FROM tier_positions "
        "WHERE organization_id = :number AND month = :month AND tier_key = :tier_key",
        number=number,
        month=month,
        tier_key=tier_key,
    )


def add(
    transaction: Transaction,
    rows: Sequence[Staged],
    columns: int,
    now: int,
    new_users: bool = True,
) -> None:
    """Store staged rows whose identities are claimed, without their positions in tiers.

    `columns` is how many columns the rows need, and `now` the instant of the commit. Without
    `new_users`, their users are in the directory.
    """
    if new_users:
        transaction.execute(sql.ADD_USERS, now=now)
    events, sums = sql.ORDINARY_ROWS if columns == ORDINARY else sql.RARE_ROWS
    transaction.execute(events, now=now)
    add_sums(transaction, sums, rows)
    if any(row.resource_id for row in rows):
        transaction.execute(sql.ADD_RESOURCES)
        transaction.execute(resources.ADD_DAYS)
    if quarantined := [(row.organization_id, row.code) for row in rows if row.code]:
        transaction.execute(sql.ADD_QUARANTINE, now=now)
        change_counts(transaction, Counter(quarantined))
        if not UNPRICED_CODES.isdisjoint(code for _, code in quarantined):
            add_staged_groups(transaction, now)


def add_sums(transaction: Transaction, statements: Sequence[str], rows: Sequence[Staged]) -> None:
    """Add the staged rows to every sum, with one statement for each table of sums."""

    def stage(some: Sequence[Staged]) -> None:
        transaction.execute(sql.EMPTY_STAGING)
        transaction.stage(some)

    add_in_range(
        transaction=transaction,
        statements=statements,
        rows=rows,
        size=_size,
        stage=stage,
        set_aside=sql.SET_ASIDE,
    )


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
