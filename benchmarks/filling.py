"""Write organizations, users and sums in SQL, without events."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from tests.builders import TENANT, Platform

from benchmarks.databases import Databases
from benchmarks.ledgers import Ledger
from tollbook.domain.exact import MICROS
from tollbook.domain.keys import Permission
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import day_number
from tollbook.store.database import Transaction, open_database
from tollbook.store.engine import TimeLimit
from tollbook.store.migrate import migrate
from tollbook.wiring import now

COST = 1_000_000
"""In nanos. The cost in each cell of the sums is a known multiple of it."""

_NUMBERS = (
    "WITH RECURSIVE {name}(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM {name} WHERE n < {most})"
)

ORGANIZATIONS = f"""
{_NUMBERS.format(name="counted", most=":organizations")}
INSERT INTO organizations (tenant_id, id, name, timezone, currency, status, created_at)
SELECT :tenant, 'org_' || n, 'Organization ' || n, 'UTC', 'USD', 'active', :now FROM counted
ORDER BY n
"""

HEADS = """
INSERT INTO ledger_versions (organization_id, token, as_of, newest, received_at)
SELECT organization_id, 1, :now, :now, :now FROM organizations WHERE tenant_id = :tenant
"""

USERS = f"""
{_NUMBERS.format(name="counted", most=":users")}
INSERT INTO users (organization_id, id, name, status, created_at)
SELECT organization_id, 'user_' || counted.n, 'User ' || counted.n, 'active', :now
FROM organizations CROSS JOIN counted WHERE tenant_id = :tenant AND id LIKE :named
"""


@contextmanager
def filling(databases: Databases) -> Iterator["Filling"]:
    """Yield an empty tenant to fill, and commit at the end of the block."""
    url = databases.fresh()
    database = open_database(url)
    migrate(database)
    key = Platform(database).key(Permission.READ_ANALYTICS)
    with database.writing(TimeLimit.NONE) as transaction:
        yield Filling(url, key, transaction)
    database.close()
    databases.settle(url)


class Filling:
    """A transaction that fills a tenant; it binds the common parameters of its statements."""

    def __init__(self, url: str, key: str, transaction: Transaction) -> None:
        self.ledger = Ledger(url, 0, key, 0, 0)
        self._transaction = transaction

    def organizations(self, count: int) -> None:
        """Create `org_1` and so on, each with a ledger version."""
        self.run(ORGANIZATIONS, organizations=count, now=now())
        self.run(HEADS, now=now())

    def users(self, count: int, named: str = "%") -> None:
        """Create `user_1` and so on in each organization with such an id."""
        self.run(USERS, users=count, now=now(), named=named)

    def run(self, statement: str, **given: Any) -> None:
        """Run a statement with the parameters that it names."""
        bound: Mapping[str, Any] = {"tenant": TENANT, "unit": MICROS, "cost": COST, **given}
        named = {name: value for name, value in bound.items() if f":{name}" in statement}
        self._transaction.execute(statement, **named)


def day_list(days: Sequence[date]) -> str:
    """Return days as rows of a SELECT."""
    return ", ".join(f"({day_number(it)})" for it in days)


def meter_list(meters: Sequence[str]) -> str:
    """Return meters as rows of a SELECT."""
    return ", ".join(f"({BY_TYPE[it].code})" for it in meters)
