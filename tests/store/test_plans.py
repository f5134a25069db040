"""No question reads more rows when there are more events than it is about.

The statements are those that a server runs for the requests below. SQLite has no statistics, and
chooses an index by its shape alone. PostgreSQL knows how many rows a condition selects: it looks at
a month of events and corrections of some users, and may only read by an index, if there is one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.builders import Platform, correction, event, reversal
from tests.inside import serving
from tollbook.store.database import Database
from tollbook.store.engine import Driver
from tollbook.store.event_ids import encode_id
from tollbook.store.postgres.statements import in_psycopg

GROWING = {
    *("events", "event_keys", "reversals", "corrections"),
    *("archived_sums", "charge_history"),
}
"""Tables with a row for each event, or nearly. The quarantine has a limit."""
SUMS_OF_USERS = {"usage_daily", "usage_monthly", "resources_daily"}
"""Tables with rows of each user in a month, where the month comes first in the key."""

JANUARY = "start_date=2024-01-01&end_date=2024-01-31"
PART = "start_date=2024-01-05&end_date=2024-02-10"
USERS = f"/v1/analytics/users?organization_id=org_1&{PART}"
SERIES = f"/v1/analytics/series?organization_id=org_1&{PART}"
HOURS = f"/v1/analytics/series?organization_id=org_1&{JANUARY}&bucket=hour"
EVENTS = f"/v1/events?organization_id=org_1&{PART}"
INSTANTS = (
    "/v1/analytics/usage?organization_id=org_1"
    "&start_date=2024-01-05T10:00:00Z&end_date=2024-02-10T11:00:00Z"
)
QUESTIONS = (
    f"/v1/analytics/users?organization_id=org_1&{JANUARY}",
    *(f"{USERS}{it}" for it in ("", "&user_id=user_1", "&country=US", "&include=totals,meta")),
    *(f"{USERS}&group_by={it}" for it in ("meter", "country", "meter&country=US")),
    *(f"{USERS}&user_id=user_1&group_by={it}" for it in ("meter", "country", "meter&country=US")),
    f"{USERS}&meter=kb.usage,kb.rental&country=US&sort=user_name&limit=1",
    *(f"{SERIES}&bucket={it}" for it in ("day", "week", "month")),
    *(f"{HOURS}{it}" for it in ("", "&user_id=user_1", "&user_id=user_1&country=US")),
    *(f"{HOURS}&user_id=user_1&split_by={it}" for it in ("meter", "country")),
    *(f"{SERIES}&split_by={it}" for it in ("user", "meter", "country", "category")),
    *(f"{SERIES}&country=US&split_by={it}" for it in ("user", "meter")),
    *(f"{SERIES}&user_id=user_1&split_by={it}" for it in ("meter", "country")),
    *(f"/v1/analytics/series?{PART}&split_by=organization{it}" for it in ("", "&country=US")),
    *(f"/v1/analytics/organizations?{PART}{it}" for it in ("", "&country=US&group_by=meter")),
    f"/v1/analytics/overview?{PART}",
    *(f"/v1/analytics/changes?{PART}{it}" for it in ("", "&organization_id=org_1")),
    *(
        f"/v1/analytics/forecast{it}"
        for it in ("", "?organization_id=org_1", "?organization_id=org_1&user_id=user_1")
    ),
    *(f"{INSTANTS}{it}" for it in ("", "&user_id=user_1")),
    *(f"{EVENTS}{it}" for it in ("", "&limit=1", "&user_id=user_1", "&country=US", "&format=csv")),
    f"{EVENTS}&user_id=user_1&meter=voice.call&resource_id=r",
    *(f"/v1/events/org_1/{it}" for it in ("call-1", "call-2", "unpriced")),
    *("/v1/budgets", "/v1/budgets?organization_id=org_1"),
    "/v1/quarantine?organization_id=org_1&ids=unpriced",
)
"""At least one request for each statement of a question."""

EVENT_COLUMNS = {
    "organization_id": "BIGINT",
    "day": "INTEGER",
    "id": "BYTEA",
    "user_id": "TEXT",
    "meter": "SMALLINT",
    **dict.fromkeys(("time", "quantity", "billed", "cost"), "BIGINT"),
    "attributes": "TEXT",
    "received_at": "BIGINT",
}
CORRECTION_COLUMNS = {
    "organization_id": "BIGINT",
    **dict.fromkeys(("corrects", "id"), "BYTEA"),
    **dict.fromkeys(("reason", "user_id", "corrected_user_id"), "TEXT"),
    "received_at": "BIGINT",
}

URLS = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}
EXISTS = re.compile(r"SELECT 1 .* LIMIT 1$")
"""Whether an organization has any row ends at the first one."""
OF_A_USER = re.compile(r"user_id = :user")
SEARCHED = re.compile(r"(?:SEARCH|SCAN) (\w+)(?: USING [A-Z ]*(?:INDEX \w+|KEY) \((.*)\))?")


@pytest.fixture(params=URLS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new database, because this one gets statistics."""
    return str(request.getfixturevalue(URLS[request.param]))


@pytest.fixture
def statements(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, Mapping[str, Any]]:
    """The statements of the questions, with the parameters of the last time."""
    platform = Platform(database)
    platform.organization()
    to = {"attributes": {"to": "+14155550123"}}
    platform.send(
        *(event(id=f"call-{it}", **to) for it in range(4)),
        event(id="unpriced", time="2024-01-15T10:30:00Z", attributes={"direction": "up"}),
        event(id="kb", type="kb.rental", resource_id="kb-1", quantity=1, **to),
    )
    platform.reverse(reversal("call-1"))
    platform.correct(correction("call-2", quantity=5))
    recorded: dict[str, Mapping[str, Any]] = {}
    _record(database, monkeypatch, recorded)
    with serving(database, platform.key()) as client:
        for question in QUESTIONS:
            answer = client.get(question)
            assert answer.status_code == 200, (question, answer.text)
    _add_rows(platform)
    return dict(recorded)


def _add_rows(platform: Platform) -> None:
    """Add a month of events, and corrections, which are too many to walk along."""
    number = platform.number("org_1")
    events = [
        (number, 20240101 + n % 31, encode_id(f"id {n}"), f"user_{n % 50}", 1, n, 1, 1, 1, "{}", n)
        for n in range(3_100)
    ]
    corrections = [
        (number, encode_id(f"c {n}"), encode_id(f"id {n}"), "", "", "", 0) for n in range(3_100)
    ]
    with platform.database.writing() as transaction:
        transaction.bulk("events", EVENT_COLUMNS, events)
        transaction.bulk("corrections", CORRECTION_COLUMNS, corrections)
        if platform.database.engine.has_clock:
            transaction._driver.execute(b"ANALYZE", prepare=False)


def _record(
    database: Database, monkeypatch: pytest.MonkeyPatch, recorded: dict[str, Mapping[str, Any]]
) -> None:
    engine = type(database.engine)
    real = engine.run

    def run(this: Any, driver: Driver, sql: str, parameters: Mapping[str, Any]) -> Any:
        recorded[sql] = parameters
        return real(this, driver, sql, parameters)

    def table(this: Any, driver: Driver, sql: str, parameters: Any, width: int) -> list[Any]:
        return [tuple(row) for row in run(this, driver, sql, parameters).fetchall()]

    monkeypatch.setattr(engine, "run", run)
    monkeypatch.setattr(engine, "table", table)


def _aliases(sql: str) -> dict[str, str]:
    """Return the tables of a statement by the name that it uses for each."""
    found = re.findall(r"(?:FROM|JOIN)\s+(\w+)(?: /\*.*?\*/)?(?:\s+AS\s+(\w+))?", sql)
    return {alias or table: table for table, alias in found}


def _reads(
    database: Database, sql: str, parameters: Mapping[str, Any], of: set[str] = GROWING
) -> Iterator[tuple[str, str]]:
    """Yield each of these tables with the columns by which it is searched; none for a scan."""
    tables = _aliases(sql)
    with database.writing() as transaction:
        if database.engine.has_clock:
            driver = transaction._driver
            for way in ("seqscan", "hashjoin", "mergejoin", "bitmapscan"):
                driver.execute(f"SET LOCAL enable_{way} = off".encode(), prepare=False)
            plan = driver.execute(in_psycopg(f"EXPLAIN {sql}"), parameters, prepare=False)

            yield from _postgres_reads([str(row[0]) for row in plan], of)
            return
        run = transaction._engine.run
        rows = run(transaction._driver, f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
    for row in rows:
        match = SEARCHED.match(row[3])
        if match and tables.get(match[1]) in of:
            yield tables[match[1]], match[2] or ""


def _postgres_reads(plan: list[str], of: set[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(plan):
        # Only the partition of January has events.
        scanned = re.search(r"Scan(?: using \w+)? on (\w+?)(?:_202401)?(?: \w+)? ", line)
        if scanned and scanned[1] in of:
            following = plan[number + 1] if "Seq Scan" not in line else ""
            yield scanned[1], following.partition("Index Cond:")[2]


@pytest.fixture(autouse=True)
def on_one_server(database_url: str) -> None:
    if "_citus_" in database_url:
        pytest.skip("a cluster shows the plans of its nodes only")


def test_every_growing_table_is_searched_by_more_than_its_organization(
    database: Database, statements: Mapping[str, Mapping[str, Any]]
) -> None:
    looked_at = 0
    for sql, parameters in statements.items():
        if EXISTS.match(sql):
            continue
        for _table, columns in _reads(database, sql, parameters):
            looked_at += 1
            assert re.search(
                r"\b(?!organization_id)\w*(id|day|month|corrects|reverses)\b", columns
            ), (
                columns,
                sql,
            )
    assert looked_at > 20


def test_the_events_of_a_user_are_searched_by_the_user(
    database: Database, statements: Mapping[str, Mapping[str, Any]]
) -> None:
    looked_at = 0
    for sql, parameters in statements.items():
        if not OF_A_USER.search(sql):
            continue
        for table, columns in _reads(database, sql, parameters):
            if table == "events":
                looked_at += 1
                assert "user_id" in columns or re.search(r"\bid\b", columns), (columns, sql)
    assert looked_at >= 4


def test_the_sums_of_a_user_are_searched_by_the_user(
    database: Database, statements: Mapping[str, Mapping[str, Any]]
) -> None:
    looked_at = 0
    for sql, parameters in statements.items():
        if not OF_A_USER.search(sql):
            continue
        for table, columns in _reads(database, sql, parameters, SUMS_OF_USERS):
            looked_at += 1
            assert "user_id" in columns, (table, columns, sql)
            assert "month>" not in columns, (table, columns, sql)
    assert looked_at >= 20
