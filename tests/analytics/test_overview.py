"""Usage and cost of a whole tenant: the empty tenant first, then each figure and each rule."""

from datetime import date

import msgspec
import pytest

from tests.analytics.golden import golden_lines, lines_of
from tests.builders import Json, Platform, event
from tollbook.analytics import organizations, overview
from tollbook.analytics.period_cover import period_parameters
from tollbook.analytics.scope import QuestionScope, in_one_currency
from tollbook.domain.periods import Period
from tollbook.store.database import Database

JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))


@pytest.fixture
def platform(database: Database) -> Platform:
    return Platform(database)


def asked(platform: Platform, period: Period = JANUARY, currency: str | None = None) -> Json:
    with platform.database.reading() as snapshot:
        scope = in_one_currency(snapshot, QuestionScope(platform.tenant, currency=currency))
        found = overview.read_overview(snapshot, scope, period)
        report = overview.overview_report(scope, period, found)
    answer: Json = msgspec.json.decode(msgspec.json.encode(report))
    return answer


def listed(platform: Platform, period: Period = JANUARY, currency: str | None = None) -> list[Json]:
    scope = QuestionScope(platform.tenant, currency=currency)
    with platform.database.reading() as snapshot:
        rows = organizations.organization_rows(snapshot, scope, period)
    report = organizations.organizations_report(scope, period, rows)
    answer: Json = msgspec.json.decode(msgspec.json.encode(report))
    found: list[Json] = answer["organizations"]
    return found


def test_a_tenant_without_organizations_has_nothing(platform: Platform) -> None:
    answer = asked(platform)
    assert answer.pop("success") is True
    assert answer.pop("tenant_id") == platform.tenant
    assert answer.pop("period") == {"start": "2024-01-01", "end": "2024-01-31"}
    assert set(answer.pop("cost_breakdown").values()) == {0}
    assert set(answer.values()) == {0}
    assert listed(platform) == []


def test_an_organization_without_usage_is_listed_with_zeros(platform: Platform) -> None:
    platform.organization()
    (row,) = listed(platform)
    assert row.pop("organization_id") == row.pop("organization_name") == "org_1"
    assert set(row.values()) == {0}
    assert asked(platform)["organizations_count"] == 1


def test_organizations_that_only_events_have_named_are_not_there(platform: Platform) -> None:
    platform.organization()
    platform.send(event(organization_id="lost"))
    assert [it["organization_id"] for it in listed(platform)] == ["org_1"]
    assert asked(platform)["organizations_count"] == 1


def test_another_tenants_usage_is_not_in_it(platform: Platform) -> None:
    other = Platform(platform.database, "other")
    other.organization()
    other.send(event())
    assert asked(platform)["total_voice_calls"] == 0
    assert asked(other)["total_voice_calls"] == 1


def test_the_organizations_own_usage_is_in_it(platform: Platform) -> None:
    platform.organization()
    platform.send(
        event(user_id=None),
        event(id="2", type="brand.registration", quantity=2),
        event(id="3"),
    )
    answer, (row,) = asked(platform), listed(platform)
    assert answer["total_voice_calls"] == row["total_voice_calls"] == 2
    assert answer["cost_breakdown"]["brand_registration_count"] == 2
    assert answer["cost_breakdown"]["brand_registration_cost"] == 8
    assert row["brand_registration_count"] == 2
    assert answer["total_cost"] == row["total_cost"] == 8.244
    assert answer["users_count"] == row["users_count"] == 1


def test_knowledge_bases_are_counted_once_an_organization(platform: Platform) -> None:
    for identity in ("org_1", "org_2"):
        platform.organization(identity)
        platform.send(
            *(
                event(
                    id=f"{user} {kind}",
                    organization_id=identity,
                    type=kind,
                    user_id=user,
                    quantity=1,
                    resource_id="kb",
                )
                for user in ("user_1", "user_2")
                for kind in ("kb.rental", "kb.usage")
            ),
            event(id="number", organization_id=identity, type="phone.rental", resource_id="1"),
        )
    costs = asked(platform)["cost_breakdown"]
    assert [it["kb_count"] for it in listed(platform)] == [1, 1]
    assert costs["kb_count"] == 2
    assert costs["kb_monthly_cost"] == 20
    assert costs["kb_usage_cost"] == 0.006666668
    assert costs["kb_cost"] == 20.006666668
    assert costs["kb_minutes"] == 0.066666667


def test_a_knowledge_base_whose_use_was_taken_back_is_not_counted(platform: Platform) -> None:
    platform.organization()
    platform.send(event(type="kb.usage", resource_id="kb"))
    platform.reversed({**REVERSAL})
    assert asked(platform)["cost_breakdown"]["kb_count"] == 0
    assert listed(platform)[0]["kb_count"] == 0


REVERSAL = {"id": "back", "organization_id": "org_1", "reverses": "call-1", "reason": "a test"}


def test_organizations_come_by_cost_then_by_id(platform: Platform) -> None:
    for identity, cost in {"b": 1, "a": 1, "c": 2, "d": 0}.items():
        platform.organization(identity)
        platform.send(event(organization_id=identity, cost=cost))
    assert [it["organization_id"] for it in listed(platform)] == ["c", "a", "b", "d"]


def test_several_currencies_are_not_added_up(platform: Platform) -> None:
    platform.organization("usd")
    platform.organization("eur", currency="EUR")
    for identity in ("usd", "eur"):
        platform.send(event(organization_id=identity, cost=1))
    assert asked(platform)["total_cost"] == 1
    assert asked(platform)["organizations_count"] == 1
    assert asked(platform, currency="EUR")["organizations_count"] == 1
    assert asked(platform, currency="EUR")["total_cost"] == 1
    assert asked(platform, currency="CHF")["organizations_count"] == 0
    assert [it["organization_id"] for it in listed(platform)] == ["usd", "eur"]
    assert [it["organization_id"] for it in listed(platform, currency="USD")] == ["usd"]


@pytest.mark.parametrize(
    ("start", "end", "counted"),
    [
        ("2024-01-15", "2024-01-15", 1),
        ("2024-01-01", "2024-01-31", 31),
        ("2024-01-02", "2024-01-30", 29),
        ("2024-01-20", "2024-02-10", 22),
        ("2024-01-05", "2024-03-25", 81),
        ("2024-01-01", "2024-12-31", 366),
        ("2023-01-01", "2023-12-31", 0),
    ],
)
def test_every_day_of_a_period_and_no_other_is_counted(
    platform: Platform, start: str, end: str, counted: int
) -> None:
    first = date(2024, 1, 1).toordinal()
    every_day = [date.fromordinal(first + n).isoformat() for n in range(366)]
    for identity in ("org_1", "org_2"):
        platform.organization(identity)
        platform.send(
            *(
                event(
                    id=day,
                    organization_id=identity,
                    time=f"{day}T12:00:00Z",
                    type="kb.usage",
                    resource_id=day,
                    quantity=60,
                    cost=1,
                )
                for day in every_day
            )
        )
    period = Period(date.fromisoformat(start), date.fromisoformat(end))
    costs = asked(platform, period)["cost_breakdown"]
    assert (costs["kb_count"], costs["kb_minutes"], costs["kb_cost"]) == (2 * counted,) * 3
    rows = listed(platform, period)
    assert [(it["kb_count"], it["total_cost"]) for it in rows] == [(counted, counted)] * 2


def test_many_organizations_are_answered_for(platform: Platform) -> None:
    for number in range(300):
        platform.organization(f"org_{number:03d}")
    platform.send(*(event(organization_id=f"org_{number:03d}") for number in range(300)))
    assert len(listed(platform)) == 300
    assert asked(platform)["total_voice_calls"] == 300


def test_columns_of_the_tables_are_named_and_filled_as_the_answers(platform: Platform) -> None:
    platform.organization()
    platform.send(event(type="kb.usage", resource_id="kb", quantity=90))
    with platform.database.reading() as snapshot:
        scope = QuestionScope(platform.tenant)
        found = overview.overview_table(
            scope, JANUARY, overview.read_overview(snapshot, scope, JANUARY)
        )
        rows = organizations.organization_rows(snapshot, scope, JANUARY)
    (row,) = found.rows
    shown = dict(zip((it.name for it in found.columns), row, strict=True))
    answer = asked(platform)
    names = {*answer, *answer["cost_breakdown"]} - {
        "success",
        "tenant_id",
        "period",
        "cost_breakdown",
    }
    assert set(shown) == names
    assert shown["kb_minutes"] == 90_000_000
    assert shown["total_cost"] == shown["kb_cost"] == shown["kb_usage_cost"] == 150_000_000
    table = organizations.ORGANIZATION_ROW.table(rows)
    assert [it.name for it in table.columns] == list(listed(platform)[0])


STATEMENTS = {
    "overview": overview.OVERVIEW,
    "users_of_all": overview.USERS_OF_ALL,
    "knowledge_bases": overview.KNOWLEDGE_BASES,
    "organizations": organizations.ORGANIZATIONS,
}


def test_the_statements_are_the_golden_ones() -> None:
    assert lines_of(STATEMENTS) == golden_lines("overview", STATEMENTS)


def test_the_arguments_are_those_of_the_legs() -> None:
    assert period_parameters(Period(date(2023, 12, 25), date(2024, 2, 20))) == {
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
        "start_month": 202312,
        "end_month": 202402,
        "start_day": 20231225,
        "end_day": 20240220,
    }
