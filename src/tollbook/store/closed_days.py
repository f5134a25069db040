"""The statements of closed days: columns of sums, which days are valid, and what changes them.

Columns are derived from `usage_daily` and can be dropped at any time: `docs/decisions/0071`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.staging import Staged
from tollbook.store.tokens import new_token

LAST_OF_MONTH = 31
"""Added to 100 times a month, a number that no day of it exceeds; the day need not exist."""

_CHANGE = """
INSERT INTO closed_months (organization_id, month, token, through, wanted)
VALUES (:number, :month, :token, :through, :wanted)
ON CONFLICT (organization_id, month) DO UPDATE SET
    token = excluded.token,
    wanted = excluded.wanted,
    through = CASE
        WHEN excluded.through < closed_months.through THEN excluded.through
        ELSE closed_months.through
    END
"""

_WANT = """
INSERT INTO closed_months (organization_id, month, token, through, wanted)
VALUES (:number, :month, :token, :month * 100, :wanted)
ON CONFLICT (organization_id, month) DO UPDATE SET wanted = excluded.wanted
"""

_CHANGE_DAY = """
UPDATE closed_months SET
    token = :token,
    through = CASE WHEN through < :day THEN through ELSE :day - 1 END
WHERE organization_id = :number AND month = :month
"""

UNCLOSED = f"""
SELECT ledger_versions.organization_id, organizations.timezone, ledger_versions.closed_day
FROM ledger_versions
JOIN organizations ON organizations.organization_id = ledger_versions.organization_id
WHERE ledger_versions.received_at > 0 AND ledger_versions.closed_day < :latest {ALL_TENANTS}
ORDER BY ledger_versions.organization_id
"""

_CLOSED = "SELECT closed_day FROM ledger_versions WHERE organization_id = :number"

_CLOSE = """
UPDATE ledger_versions SET closed_day = :day
WHERE organization_id = :number AND closed_day < :day
"""

_MONTHS = """
SELECT DISTINCT month FROM organization_daily
WHERE organization_id = :number AND month BETWEEN :first AND :last
"""

TO_BUILD = f"""
SELECT organization_id, month, token, through, wanted FROM closed_months
WHERE through < wanted AND built_at <= :before {ALL_TENANTS}
ORDER BY organization_id, month
"""

_DAYS = """
SELECT DISTINCT day FROM organization_daily
WHERE organization_id = :number AND month = :month AND day > :after AND day <= :wanted
ORDER BY day
"""

_SIZE = """
SELECT
    (SELECT COUNT(*) FROM usage_daily WHERE organization_id = :number AND month = :month),
    (SELECT COUNT(*) FROM usage_monthly WHERE organization_id = :number AND month = :month)
"""

_SUMS_OF_DAY = """
SELECT user_id, meter, count, quantity, cost FROM usage_daily
WHERE organization_id = :number AND month = :month AND day = :day AND user_id <> ''
"""

_STATE = """
SELECT token, through FROM closed_months
WHERE organization_id = :number AND month = :month
"""

_ADVANCE = """
UPDATE closed_months SET through = :day, built_at = :now
WHERE organization_id = :number AND month = :month AND token = :token AND through = :through
"""

_STORE = """
INSERT INTO closed_days (organization_id, day, users, sums) VALUES (:number, :day, :users, :sums)
ON CONFLICT (organization_id, day) DO UPDATE SET users = excluded.users, sums = excluded.sums
"""

_LEAVE_OUT = """
UPDATE closed_months SET through = 0, wanted = 0
WHERE organization_id = :number AND month = :month AND token = :token AND through = :through
"""

_DELETE = """
DELETE FROM closed_days WHERE organization_id = :number AND day BETWEEN :first AND :last
"""

VALID_MONTHS = """
SELECT month, through FROM closed_months
WHERE organization_id = :organization AND month BETWEEN :start_month AND :end_month
"""

LAST_CLOSED_DAY = """
SELECT users, sums FROM closed_days
WHERE organization_id = :organization AND day BETWEEN :first AND :last
ORDER BY day DESC LIMIT 1
"""

_STORED = """
SELECT day, users, sums FROM closed_days
WHERE organization_id = :number AND day BETWEEN :first AND :through
ORDER BY day
"""

_VALID = f"""
SELECT organization_id, month, token, through, wanted FROM closed_months
WHERE through > 0 {ALL_TENANTS} ORDER BY organization_id, month
"""

# The months stay: a process that builds them then finds another token.
_DROP_ALL = (
    "UPDATE closed_months SET token = token + 1, through = month * 100, built_at = 0 "
    f"{ALL_TENANTS}",
    f"DELETE FROM closed_days {ALL_TENANTS}",
)


class ClosedMonth(NamedTuple):
    """A month of an organization: its closed days are valid up to `through`."""

    number: int
    month: int
    token: int
    through: int
    wanted: int


class StoredDay(NamedTuple):
    """The columns of a closed day, as JSON."""

    day: int
    users: str
    sums: str


def note_rows(transaction: Transaction, rows: Sequence[Staged], closed: Mapping[int, int]) -> None:
    """Make the closed days that rows change invalid, before the rows are added.

    `closed` has the last closed day of each organization of the rows, whose ledgers are locked.
    Rows of later days, which are nearly all, run no statement.
    """
    if min(row.day for row in rows) > max(closed.values()):
        return
    changed: dict[tuple[int, int], int] = {}
    for row in rows:
        if not row.code and row.day <= closed[row.organization_id]:
            whose = row.organization_id, row.day // 100
            changed[whose] = min(row.day, changed.get(whose, row.day))
    token = new_token()
    transaction.execute_many(
        _CHANGE,
        [
            {
                "number": number,
                "month": month,
                "token": token,
                "through": day - 1,
                "wanted": min(closed[number], month * 100 + LAST_OF_MONTH),
            }
            for (number, month), day in sorted(changed.items())
        ],
    )


def note_days(transaction: Transaction, days: Iterable[tuple[int, int]]) -> None:
    """Make days of organizations, given by their numbers, and the days after them invalid."""
    token = new_token()
    transaction.execute_many(
        _CHANGE_DAY,
        [
            {"number": number, "month": day // 100, "day": day, "token": token}
            for number, day in sorted(set(days))
        ],
    )


def unclosed(snapshot: Snapshot, latest: int) -> list[tuple[int, str, int]]:
    """List organizations with a closed day before `latest`: number, time zone and that day."""
    return snapshot.table(UNCLOSED, {"latest": latest}, 3)


def close(transaction: Transaction, number: int, day: int) -> None:
    """Close an organization's days up to a day: from now on their changes are noted.

    The months with usage are to be built, from that of the last closed day on: earlier ones were.
    """
    (before,) = transaction.row(_CLOSED, number=number) or (0,)
    transaction.execute(_CLOSE, number=number, day=day)
    months = transaction.rows(_MONTHS, number=number, first=before // 100, last=day // 100)
    transaction.execute_many(
        _WANT,
        [
            {
                "number": number,
                "month": month,
                "token": new_token(),
                "wanted": min(day, month * 100 + LAST_OF_MONTH),
            }
            for (month,) in sorted(months)
        ],
    )


def to_build(snapshot: Snapshot, before: int) -> list[ClosedMonth]:
    """List the months with days to build that were not built since `before`, in microseconds."""
    rows = snapshot.table(TO_BUILD, {"before": before}, len(ClosedMonth._fields))
    return [ClosedMonth(*row) for row in rows]


def valid_months(snapshot: Snapshot) -> list[ClosedMonth]:
    """List the months of all organizations that have valid days."""
    return [ClosedMonth(*row) for row in snapshot.rows(_VALID)]


def is_current(snapshot: Snapshot, month: ClosedMonth) -> bool:
    """Return whether nothing has changed or built closed days of the month since it was read."""
    row = snapshot.row(_STATE, number=month.number, month=month.month)
    return row == (month.token, month.through)


def days_to_build(snapshot: Snapshot, month: ClosedMonth, after: int) -> list[int]:
    """List the days with usage after a day, up to the wanted one."""
    bound = {"number": month.number, "month": month.month, "after": after, "wanted": month.wanted}
    return [day for (day,) in snapshot.rows(_DAYS, **bound)]


def count_sums(snapshot: Snapshot, month: ClosedMonth) -> tuple[int, int]:
    """Count the sums of a month by day and by month."""
    by_day, by_month = snapshot.row(_SIZE, number=month.number, month=month.month) or (0, 0)
    return by_day, by_month


def sums_of_day(snapshot: Snapshot, month: ClosedMonth, day: int) -> list[Row]:
    """Read a day's sums of users: user, meter, count, quantity and cost."""
    bound = {"number": month.number, "month": month.month, "day": day}
    return snapshot.table(_SUMS_OF_DAY, bound, 5)


def stored_days(snapshot: Snapshot, month: ClosedMonth) -> list[StoredDay]:
    """Read the valid days of a month."""
    bound = {"number": month.number, "first": month.month * 100, "through": month.through}
    return [StoredDay(*row) for row in snapshot.table(_STORED, bound, 3)]


def columns_of_last_day(
    snapshot: Snapshot, number: int, month: int, through: int
) -> tuple[str, str] | None:
    """Read the columns of the last day with usage up to a day, as JSON: users and sums."""
    return snapshot.row(LAST_CLOSED_DAY, organization=number, first=month * 100, last=through)


def advance(
    transaction: Transaction, month: ClosedMonth, through: int, now: int, built: StoredDay | None
) -> bool:
    """Make a month valid up to a day and store its columns; False when it has changed since."""
    key = {"number": month.number, "month": month.month}
    state = {"token": month.token, "through": month.through, "day": through, "now": now}
    if not transaction.execute(_ADVANCE, **key, **state):
        return False
    if built is not None:
        transaction.execute(_STORE, number=month.number, **built._asdict())
    return True


def leave_out(transaction: Transaction, month: ClosedMonth) -> None:
    """Delete the columns of a month, until another of its days is closed or changed.

    Do nothing when its days have changed, or another process has built some.
    """
    key = {"number": month.number, "month": month.month}
    if transaction.execute(_LEAVE_OUT, **key, token=month.token, through=month.through):
        first, last = month.month * 100, month.month * 100 + LAST_OF_MONTH
        transaction.execute(_DELETE, number=month.number, first=first, last=last)


def drop_all(transaction: Transaction) -> None:
    """Drop all closed days; they are built again."""
    for sql in _DROP_ALL:
        transaction.execute(sql)
