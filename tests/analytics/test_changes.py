"""Who grew and who shrank: the empty tenant first, then random ledgers against plain addition."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from tests.analytics.golden import golden_lines, lines_of
from tests.builders import Json, Platform, event
from tollbook.analytics import changes, changes_report, changes_statements
from tollbook.analytics.scope import QuestionScope, in_one_currency
from tollbook.domain.directory import User
from tollbook.domain.periods import Comparison, Period, day_number, previous
from tollbook.store import directory
from tollbook.store.database import Database
from tollbook.wiring import now

FIRST = date(2023, 11, 1)
DAYS = 130


@pytest.fixture
def platform(database: Database) -> Platform:
    return Platform(database)


def asked(
    platform: Platform,
    start: str,
    end: str,
    organization: str | None = None,
    limit: int = 10,
    compare: Comparison = Comparison.PREVIOUS_PERIOD,
) -> Json:
    period = Period(date.fromisoformat(start), date.fromisoformat(end))
    before = previous(period, compare)
    with platform.database.reading() as snapshot:
        row = None
        if organization:
            row = directory.find_organization(snapshot, platform.tenant, organization)
        scope = in_one_currency(snapshot, QuestionScope(platform.tenant, row))
        found = changes.read_changes(snapshot, scope, period, before)
    report = changes_report.changes_report(found, scope, period, before, limit)
    answer: Json = msgspec.json.decode(msgspec.json.encode(report))
    return answer


def test_an_empty_tenant_has_nothing_to_compare(platform: Platform) -> None:
    assert asked(platform, "2024-01-01", "2024-01-31") == {
        "success": True,
        "tenant_id": "default",
        "period": {"start": "2024-01-01", "end": "2024-01-31"},
        "previous_period": {"start": "2023-12-01", "end": "2023-12-31"},
        "currency": "USD",
        "total_cost": 0.0,
        "previous_cost": 0.0,
        "change": None,
        "active_organizations": 0,
        "cost_per_active_organization": None,
        "without_usage": 0,
        "grew": [],
        "shrank": [],
        "top": [],
        "without_usage_organizations": [],
    }


def test_an_empty_organization_has_nobody_to_compare(platform: Platform) -> None:
    platform.organization()
    answer = asked(platform, "2024-01-10", "2024-01-19", "org_1")
    assert list(answer) == [
        "success",
        "tenant_id",
        "organization_id",
        "organization_name",
        "period",
        "previous_period",
        "currency",
        "total_cost",
        "previous_cost",
        "change",
        "active_users",
        "cost_per_active_user",
        "without_usage",
        "organization_level",
        "grew",
        "shrank",
        "top",
        "without_usage_users",
    ]
    assert answer["previous_period"] == {"start": "2023-12-31", "end": "2024-01-09"}
    assert answer["organization_level"] == {"cost": 0.0, "previous_cost": 0.0}


def test_each_list_has_those_it_is_about_in_its_order(platform: Platform) -> None:
    number = platform.organization()
    costs = {"a": (5, 1), "b": (1, 5), "c": (2, 2), "d": (0, 3), "e": (9, 5)}
    platform.send(
        *(
            event(id=f"{user} {day}", user_id=user, time=f"{day}T10:00:00Z", cost=str(cost))
            for user, both in costs.items()
            for day, cost in zip(("2024-01-02", "2023-12-02"), both, strict=True)
            if cost
        ),
        event(id="brand", type="brand.registration", quantity=1, cost="3", user_id=None),
    )
    with platform.database.writing() as transaction:
        directory.add_user(transaction, number, User("idle", "Idle"), now())
    answer = asked(platform, "2024-01-01", "2024-01-31", "org_1")
    ids = {name: [it["user_id"] for it in answer[name]] for name in ("grew", "shrank", "top")}
    assert ids == {"grew": ["a", "e"], "shrank": ["b", "d"], "top": ["e", "a", "c", "b"]}
    assert answer["grew"][0] == {
        "user_id": "a",
        "user_name": "a",
        "cost": 5.0,
        "previous_cost": 1.0,
        "difference": 4.0,
        "change": 4.0,
        "share": 0.25,
    }
    assert answer["without_usage_users"] == [
        {"user_id": "d", "user_name": "d"},
        {"user_id": "idle", "user_name": "Idle"},
    ]
    assert (answer["active_users"], answer["without_usage"]) == (4, 2)
    assert (answer["total_cost"], answer["previous_cost"], answer["change"]) == (20, 16, 0.25)
    assert answer["organization_level"] == {"cost": 3.0, "previous_cost": 0.0}
    assert answer["cost_per_active_user"] == 4.25
    few = asked(platform, "2024-01-01", "2024-01-31", "org_1", limit=1)
    lists = ("grew", "shrank", "top", "without_usage_users")
    assert few == answer | {name: answer[name][:1] for name in lists}


def test_usage_that_costs_nothing_is_usage(platform: Platform) -> None:
    platform.organization()
    platform.send(event(cost="0"))
    answer = asked(platform, "2024-01-01", "2024-01-31", "org_1")
    assert (answer["active_users"], answer["cost_per_active_user"], answer["top"]) == (1, 0.0, [])


def test_a_tenant_compares_its_organizations(platform: Platform) -> None:
    for organization in ("org_1", "org_2", "org_3"):
        platform.organization(organization, name=organization.upper())
    platform.send(
        event(cost="2"),
        event(id="2", type="brand.registration", quantity=1, cost="1"),
        event(id="3", organization_id="org_2", time="2023-12-05T00:00:00Z", cost="4"),
    )
    answer = asked(platform, "2024-01-01", "2024-01-31")
    assert [it["organization_id"] for it in answer["grew"]] == ["org_1"]
    assert [it["organization_name"] for it in answer["shrank"]] == ["ORG_2"]
    assert [it["organization_id"] for it in answer["without_usage_organizations"]] == [
        "org_2",
        "org_3",
    ]
    assert (answer["total_cost"], answer["cost_per_active_organization"]) == (3.0, 3.0)


class Ledger:
    """Random costs of two organizations, and the same added up event by event."""

    def __init__(self, platform: Platform, random: Random) -> None:
        self.platform = platform
        for organization in ("org_1", "org_2"):
            platform.organization(organization)
        sent = [self._event(random, n) for n in range(400)]
        platform.send(*sent)

    def _event(self, random: Random, n: int) -> Json:
        day = FIRST + timedelta(days=random.randrange(DAYS))
        user = random.choice(("a", "b", "c", None))
        return event(
            id=str(n),
            organization_id=random.choice(("org_1", "org_2")),
            user_id=user,
            type=random.choice(("voice.call", "sms.outbound", "brand.registration")),
            quantity=1,
            time=f"{day}T12:00:00Z",
            cost=f"{random.randrange(10**6)}e-9" if n % 9 else "0",
        )

    def cost(self, organization: str | None, user: str | None, period: Period) -> int:
        whose = "meter <> 12 AND user_id = :user" if user else "(user_id = '' OR meter = 12)"
        number = self.platform.number(organization) if organization else 0
        rows = self.platform.rows(
            "SELECT cost FROM events WHERE day BETWEEN :first AND :last "
            "AND (organization_id = :number OR :number = 0) "
            f"AND ({whose if organization and user is not None else '1 = 1'})",
            **({"user": user} if user else {}),
            number=number,
            first=day_number(period.start),
            last=day_number(period.end),
        )
        return sum(row[0] for row in rows)


def periods(random: Random) -> Iterator[tuple[Period, Comparison]]:
    for _ in range(12):
        start = FIRST + timedelta(days=random.randrange(DAYS))
        yield (
            Period(start, start + timedelta(days=random.randrange(70))),
            random.choice(list(Comparison)),
        )
    yield Period(date(2024, 1, 1), date(2024, 2, 29)), Comparison.PREVIOUS_PERIOD


def test_every_figure_is_that_of_the_events(platform: Platform) -> None:
    random = Random(4)
    ledger = Ledger(platform, random)
    for period, how in periods(random):
        before = previous(period, how)
        with platform.database.reading() as snapshot:
            tenant = QuestionScope(platform.tenant, currency="USD")
            everything = changes.read_changes(snapshot, tenant, period, before)
            row = directory.find_organization(snapshot, platform.tenant, "org_1")
            users = changes.read_changes(
                snapshot, QuestionScope(platform.tenant, row), period, before
            )
        for it in (*users.rows, users.own):
            assert it.cost == ledger.cost("org_1", it.id, period)
            assert it.previous_cost == ledger.cost("org_1", it.id, before)
        for it in everything.rows:
            assert it.cost == ledger.cost(it.id, None, period)
            assert it.previous_cost == ledger.cost(it.id, None, before)
        (whole,) = (it for it in everything.rows if it.id == "org_1")
        assert (users.cost, users.previous_cost) == (whole.cost, whole.previous_cost)
        assert everything.cost == ledger.cost(None, None, period)


STATEMENTS = {
    "user_changes": changes_statements.USER_CHANGES,
    "organization_changes": changes_statements.ORGANIZATION_CHANGES,
}


def test_the_statements_are_the_golden_ones() -> None:
    assert lines_of(STATEMENTS) == golden_lines("changes", STATEMENTS)


def test_the_arguments_of_two_cut_periods() -> None:
    period = Period(date(2023, 12, 25), date(2024, 2, 20))
    before = Period(date(2023, 1, 1), date(2023, 1, 31))
    bound: dict[str, Any] = changes.parameters(QuestionScope("t", currency="USD"), period, before)
    assert bound == {
        "tenant": "t",
        "currency": "USD",
        "unknown": "unknown",
        "first_month": 202401,
        "last_month": 202402,
        "first_edge_month": 202312,
        "first_edge_start": 20231225,
        "first_edge_end": 20231231,
        "first_edge_sign": 1,
        "last_edge_month": 202402,
        "last_edge_start": 20240221,
        "last_edge_end": 20240229,
        "last_edge_sign": -1,
        "previous_first_month": 202301,
        "previous_last_month": 202301,
        "previous_first_edge_month": 0,
        "previous_first_edge_start": 0,
        "previous_first_edge_end": -1,
        "previous_first_edge_sign": 1,
        "previous_last_edge_month": 0,
        "previous_last_edge_start": 0,
        "previous_last_edge_end": -1,
        "previous_last_edge_sign": 1,
    }


def test_a_table_adds_up_its_rows_once_however_many_there_are() -> None:
    class Counting(changes.Changes):
        added_up = 0

        @property
        def cost(self) -> int:
            Counting.added_up += 1
            return super().cost

    rows = [changes.ChangeRow(f"user_{n}", "", 1, n, 0) for n in range(50)]
    found = Counting(rows, changes.ChangeRow("", "", 0, 0, 0))
    scope, days = QuestionScope("default"), Period(date(2024, 1, 1), date(2024, 1, 31))
    table = changes_report.changes_table(found, scope, days, days, with_totals=True)
    assert len(list(table.rows)) == 50
    assert Counting.added_up == 1
