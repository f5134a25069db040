"""The gate of the tables: no statement reaches from one tenant to another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.test_access import CASES
from tests.builders import Platform, event, reversal
from tests.inside import serving
from tollbook.store import scope_check
from tollbook.store.database import Database, open_database
from tollbook.store.orphans import owner_differences
from tollbook.store.pending_erasures import _PENDING
from tollbook.store.scope_check import ALL_TENANTS, Unscoped, check
from tollbook.store.tables.schema import metadata
from tollbook.store.verification import CHECKS, count_events, differences

SOURCES = Path(scope_check.__file__).parents[1]
OVER_ALL_TENANTS = {
    "store/archive_files.py": 1,  # proves all files, for the administrator of the machine
    "store/deliveries.py": 5,  # one worker sends what is due to anybody; numbers for operators
    "store/drafts.py": 2,  # all files there are; none of a restored database is its own
    "store/endpoints.py": 1,  # secrets are encrypted again, which nobody sees
    "store/keys.py": 2,  # only the key identifies the tenant; those that expire soon
    "store/delivery_checks.py": 1,  # proves all sequences, for the administrator of the machine
    "store/meter_checks.py": 2,  # proves all codes, for the administrator of the machine
    "store/notification_checks.py": 2,  # proves all rows, for the administrator of the machine
    "store/notifications.py": 2,  # old ones are deleted, and what waits for them expires
    "store/origins.py": 1,  # a preflight request names an origin and no tenant
    "store/orphans.py": 3,  # proves all rows, for the administrator of the machine
    "store/pending_events.py": 1,  # numbers for operators
    "store/pending_erasures.py": 2,  # one log of writes has the data of all tenants
    "store/prices.py": 1,  # rates are numbered through all books
    "store/probe.py": 1,  # the newest commit, which the clock of a file's server is compared with
    "store/quarantine.py": 1,  # a number for operators
    "store/quarantine_growth.py": 3,  # one worker looks at the quarantine of every tenant
    "store/reports.py": 1,  # one worker writes the reports of everybody
    "store/reversals.py": 1,  # proves all reversals, for the administrator of the machine
    "store/silences.py": 3,  # one worker finds the silence of everybody, and deletes old hours
    "store/triggers.py": 1,  # which tenants have triggers to watch
    "store/unpriced_groups.py": 2,  # one worker notifies everybody, and deletes empty groups
    "store/watched_sums.py": 1,  # which ledgers with triggers have changed
    "store/verification.py": 4,  # reads all rows, for the administrator of the machine
    "store/versions.py": 1,  # a restored database is another state for every tenant
}
"""How many statements of each file may look at all tenants, and why."""


def test_the_gate_knows_every_table_of_tenants() -> None:
    others = set(metadata.tables) - scope_check.OF_TENANTS - scope_check.OF_ORGANIZATIONS
    assert others == {"tenants", "directory_state", "leases", "rates", "secrets"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM events",
        "SELECT * FROM events WHERE id = :id",
        "SELECT * FROM users WHERE id = :organization_id",
        "SELECT * FROM organizations WHERE id = :id",
        "SELECT * FROM rates JOIN price_books ON rate_id BETWEEN first_rate AND last_rate",
        "UPDATE users SET name = :name WHERE id = :id",
        "DELETE FROM quarantine",
        "SELECT * FROM events WHERE organization_id = organization_id",
        "INSERT INTO users (id, organization_id) SELECT id, organization_id FROM users",
    ],
)
def test_a_statement_that_does_not_say_whose_is_refused(sql: str) -> None:
    with pytest.raises(Unscoped):
        check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT * FROM directory_state",
        "SELECT * FROM events WHERE organization_id = :number",
        "SELECT * FROM events WHERE organization_id IN :numbers",
        "SELECT * FROM organizations WHERE tenant_id = :tenant",
        "INSERT INTO users (organization_id, id) VALUES (:number, :id)",
        "INSERT INTO events (organization_id) SELECT organization_id FROM staging",
        f"SELECT COUNT(*) FROM events {ALL_TENANTS}",
    ],
)
def test_a_statement_that_says_whose_is_run(sql: str) -> None:
    check(sql)


def test_every_statement_over_all_tenants_is_known() -> None:
    found = {
        str(path.relative_to(SOURCES)): count
        for path in sorted(SOURCES.rglob("*.py"))
        if path.name != "scope_check.py" and (count := path.read_text().count("{ALL_TENANTS}"))
    }
    assert found == OVER_ALL_TENANTS


class Traced:
    """Runs every statement past the gate, and remembers those over all tenants."""

    def __init__(self) -> None:
        self.count = 0
        self.refused: set[str] = set()
        self.over_all: set[str] = set()

    def __call__(self, sql: str) -> None:
        self.count += 1
        if ALL_TENANTS in sql:
            self.over_all.add(sql)
        try:
            check(sql)
        except Unscoped:
            self.refused.add(sql)


@pytest.fixture
def traced(database_url: str) -> Iterator[tuple[Traced, Database]]:
    trace = Traced()
    database = open_database(database_url, trace)
    yield trace, database
    database.close()


def test_no_route_runs_a_statement_that_does_not_say_whose(
    traced: tuple[Traced, Database],
) -> None:
    trace, database = traced
    platform = Platform(database)
    keys = _cast(platform)
    with serving(database) as client:
        for case in CASES:
            path = case.path.replace("{run}", "1").replace("{of org_1}", "tb_000000000000")
            for key in keys:
                headers = {"X-API-Key": key}
                answer = client.request(case.method, path, headers=headers, json=case.body)
                assert answer.status_code != 500, (case, answer.text)
    assert trace.count > 500
    assert trace.refused == set()
    # Only the key is looked up without its tenant, where a book's rates begin, and by the server
    # itself the newest commit and pending erasures.
    assert {sql.rpartition("WHERE")[2] for sql in trace.over_all if "api_keys" in sql} == {
        f" api_keys.prefix = :prefix {ALL_TENANTS}"
    }
    assert {sql for sql in trace.over_all if "api_keys" not in sql} <= {
        f"SELECT MAX(last_rate) FROM price_books {ALL_TENANTS}",
        f"SELECT MAX(as_of) FROM ledger_versions {ALL_TENANTS}",
        f"{_PENDING} {ALL_TENANTS}",
    }


def _cast(platform: Platform) -> list[str]:
    for organization in ("org_1", "org_2"):
        platform.organization(organization)
        users = ("user_1", "user_2")
        platform.send(*(event(id=it, user_id=it, organization_id=organization) for it in users))
    platform.send(event(id="lost", organization_id="nobody"))
    platform.reverse(reversal("user_1"))
    return [
        platform.key(),
        platform.key(organization="org_1"),
        platform.key(organization="org_1", user="user_1"),
    ]


def test_whoever_looks_at_all_there_is_says_so(traced: tuple[Traced, Database]) -> None:
    trace, database = traced
    with database.reading() as snapshot:
        count_events(snapshot)
        for it in CHECKS:
            assert list(differences(snapshot, it)) == []
        assert list(owner_differences(snapshot)) == []
    assert trace.refused == set()
