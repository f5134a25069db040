"""A cluster answers about organizations on different workers as one PostgreSQL server does."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pyarrow.parquet
import pytest

from tests.api.conftest import Site, Tenant
from tests.builders import Json, event, reversal
from tests.rerating.builders import CALLS, book
from tests.waiting import wait_for
from tollbook.lifecycle.archive import Due, archive

WORKER = """
SELECT nodeport FROM pg_dist_placement JOIN pg_dist_node USING (groupid)
WHERE shardid = get_shard_id_for_distribution_column('ledger_versions', CAST(:number AS BIGINT))
"""
QUARTER = {"start_date": "2024-01-01", "end_date": "2024-03-31"}
FEBRUARY = {"start_date": "2024-02-01", "end_date": "2024-02-29"}
FIGURES: list[tuple[str, Json]] = [
    ("/v1/analytics/overview", QUARTER),
    ("/v1/analytics/organizations", QUARTER),
    ("/v1/analytics/organizations", {**QUARTER, "sort": "organization_name", "limit": "1"}),
    ("/v1/analytics/series", {**QUARTER, "split_by": "organization", "bucket": "week"}),
    ("/v1/analytics/series", {**FEBRUARY, "split_by": "meter", "compare": "previous_period"}),
    ("/v1/analytics/changes", FEBRUARY),
    ("/v1/analytics/forecast", {}),
    ("/v1/budgets", {}),
]
OF_ORGANIZATION: list[tuple[str, Json]] = [
    ("/v1/analytics/users", QUARTER),
    ("/v1/analytics/usage", FEBRUARY),
    ("/v1/events", QUARTER),
]
VOLATILE = frozenset(
    {
        "as_of",
        "at",
        "created_at",
        "changed_at",
        "received_at",
        "started_at",
        "finished_at",
        "next_cursor",
        "key_prefix",
    }
)
"""Fields that depend on the time of a change, or on what the database assigned."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
"""A time of a change; the times of events here have no fraction."""
TO = {"to": "+442071838750"}
TARIFF = book(CALLS, "{meter: sms.outbound, price: 0.02, per: message}")


class Pair(NamedTuple):
    """Tenants with the same usage, on one server and on a cluster."""

    plain: Tenant
    divided: Tenant
    organizations: list[str]

    def send(self, *events: Json) -> None:
        for tenant in (self.plain, self.divided):
            assert set(tenant.statuses(*events)) == {"accepted"}

    def same(self, ask: Callable[[Tenant], httpx.Response]) -> Any:
        """Return the answer of both; fail when they differ."""
        plain, divided = (_comparable(it, ask(it)) for it in (self.plain, self.divided))
        assert divided == plain
        return plain

    def get(self, path: str, **query: str) -> Any:
        return self.same(lambda it: it.get(path, params=query))

    def compare_figures(self) -> None:
        for path, query in FIGURES:
            assert self.get(path, **query)
        for organization in self.organizations:
            for path, query in OF_ORGANIZATION:
                assert self.get(path, organization_id=organization, **query)
        assert self.divided.differences() == []


def _comparable(tenant: Tenant, answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    kind = answer.headers["content-type"]
    if "parquet" in kind:
        rows = pyarrow.parquet.read_table(io.BytesIO(answer.content)).to_pylist()
        return _stable(rows, tenant.tenant)
    if kind.startswith("application/json"):
        return _stable(answer.json(), tenant.tenant)
    return INSTANT.sub("instant", answer.text.replace(tenant.tenant, "tenant"))


def _stable(value: Any, tenant: str) -> Any:
    if isinstance(value, dict):
        return {key: _stable(it, tenant) for key, it in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [_stable(it, tenant) for it in value]
    return "tenant" if value == tenant else value


@pytest.fixture
def pair(postgres_site: Site, citus_site: Site) -> Pair:
    """Organizations with usage, of which some are on each worker."""
    made = Pair(postgres_site.tenant(), citus_site.tenant(), [])
    workers: set[int] = set()
    while len(workers) < 2:
        made.organizations.append(f"org_{len(made.organizations) + 1}")
        made.plain.organization(made.organizations[-1])
        number = made.divided.organization(made.organizations[-1])
        workers.add(made.divided.rows(WORKER, number=number)[0][0])
    today = datetime.now(UTC).date()
    for n, organization in enumerate(made.organizations):
        where = {"organization_id": organization}
        made.send(
            event(id="first", time="2024-01-15T10:30:00Z", quantity=60 + n, attributes=TO, **where),
            event(id="other", time="2024-02-11T23:30:00Z", quantity=30, user_id="user_2", **where),
            event(id="text", type="sms.outbound", quantity=2, time="2024-02-12T01:00:00Z", **where),
            event(id="third", time="2024-03-15T10:30:00Z", **where),
            *(
                event(id=f"day {day}", time=f"{today - timedelta(day)}T12:00:00Z", **where)
                for day in range(1, 60)
            ),
        )
        for tenant in (made.plain, made.divided):
            assert tenant.reversed(reversal("other", **where)) == [("accepted", None)]
    return made


def test_figures(pair: Pair) -> None:
    """Compare the overview, organizations, series, changes, the forecast and events."""
    pair.compare_figures()


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_exports(pair: Pair, form: str) -> None:
    for path, query in FIGURES:
        pair.get(path, format=form, **query)
    for organization in pair.organizations:
        for path, query in OF_ORGANIZATION:
            assert pair.get(path, organization_id=organization, format=form, **query)


def test_budgets_and_the_audit_log(pair: Pair) -> None:
    for organization in pair.organizations:
        path = f"/v1/budgets/{organization}"
        pair.same(lambda it, to=path: it.call("PUT", to, json={"monthly": 1}))  # type: ignore[misc]
    path = "/v1/budgets/org_1/users/user_1"
    pair.same(lambda it: it.call("PUT", path, json={"monthly": 0.5}))
    pair.compare_figures()
    found = pair.same(lambda it: it.get("/v1/audit-log"))
    set_now = [act for act in found["acts"] if act["action"] == "budget.set"]
    assert len(set_now) == len(pair.organizations) + 1


def test_the_quarantine(pair: Pair) -> None:
    unknown = [
        event(id=f"lost {n}", organization_id=f"later_{n}", time="2024-02-20T00:00:00Z")
        for n in range(4)
    ]
    unpriced = event(id="no cost", cost_pending=True)
    for tenant in (pair.plain, pair.divided):
        assert set(tenant.statuses(*unknown, unpriced)) == {"quarantined"}
        for n in range(3):
            tenant.organization(f"later_{n}")
    assert len(pair.get("/v1/quarantine")["quarantine"]) == 5
    assert pair.plain.replay_over_http() == pair.divided.replay_over_http() == (3, 2)
    assert len(pair.get("/v1/quarantine")["quarantine"]) == 2
    pair.compare_figures()


def test_rerating_and_reverting_it(pair: Pair) -> None:
    for tenant in (pair.plain, pair.divided):
        tenant.load(TARIFF)
    dry = pair.same(lambda it: it.post("/v1/rerating", json=QUARTER))["dry_run"]
    assert dry["changed"] > len(pair.organizations)
    runs = {}
    for tenant in (pair.plain, pair.divided):
        begun = tenant.post("/v1/rerating", json={**QUARTER, "apply": True})
        assert begun.is_success, begun.text
        runs[tenant] = begun.json()["run"]["id"]
        _wait(tenant, runs[tenant], "done")
    pair.compare_figures()
    for tenant in (pair.plain, pair.divided):
        assert tenant.post(f"/v1/rerating/{runs[tenant]}/revert").is_success
        _wait(tenant, runs[tenant], "reverted")
    pair.compare_figures()


def _wait(tenant: Tenant, run: int, status: str) -> None:
    wait_for(lambda: tenant.get(f"/v1/rerating/{run}").json()["run"]["status"] == status)


def test_archived_months(pair: Pair, tmp_path: Path) -> None:
    for tenant in (pair.plain, pair.divided):
        done = archive(tenant.database, tenant.actor(), Due(None, 202403, tmp_path / tenant.tenant))
        assert len(list(done)) == 2 * len(pair.organizations)
    pair.compare_figures()
    sent_again = event(id="first", quantity=60, attributes=TO)
    assert pair.plain.statuses(sent_again) == pair.divided.statuses(sent_again) == ["duplicate"]


def test_erased_users(pair: Pair) -> None:
    for organization in pair.organizations:
        path = f"/v1/organizations/{organization}/users/user_1/personal-data"
        erased = pair.same(lambda it, of=path: it.delete(of))["erased"]  # type: ignore[misc]
        assert erased["events"] == 1
    pair.compare_figures()
