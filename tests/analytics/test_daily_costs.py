"""What each day cost, by whom: nothing first, then each kind of scope."""

from datetime import date

import pytest

from tests.analytics.golden import golden_lines, lines_of
from tests.builders import Platform, event
from tollbook.administration.budgets import NewBudget, set_budget
from tollbook.analytics import daily_costs
from tollbook.analytics.daily_costs import DailyCosts, DayCost
from tollbook.analytics.outlook import rentals_to_come
from tollbook.analytics.scope import QuestionScope
from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms
from tollbook.store import directory
from tollbook.store.audit import Actor
from tollbook.store.database import Database

STATEMENTS = {
    "organization_days": daily_costs.ORGANIZATION_DAYS,
    "user_days": daily_costs.USER_DAYS,
    "tenant_days": daily_costs.TENANT_DAYS,
    "budgeted_users": daily_costs.BUDGETED_USERS,
    "all_budgeted_users": daily_costs.ALL_BUDGETED_USERS,
    "budgeted_organizations": daily_costs.BUDGETED_ORGANIZATIONS,
}
JANUARY = (date(2024, 1, 1), date(2024, 1, 31))


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def scope(
    platform: Platform, organization: str | None = None, user: str | None = None
) -> QuestionScope:
    row = None
    if organization:
        with platform.database.reading() as snapshot:
            row = directory.find_organization(snapshot, platform.tenant, organization)
    return QuestionScope(platform.tenant, row, user, "USD")


def costs(platform: Platform, *whose: str) -> DailyCosts:
    with platform.database.reading() as snapshot:
        return daily_costs.daily_costs(snapshot, scope(platform, *whose), *JANUARY)


def test_without_usage_there_are_no_days(platform: Platform) -> None:
    assert costs(platform) == costs(platform, "org_1") == costs(platform, "org_1", "x") == {}


def test_days_are_told_apart_by_whom_and_by_what_comes_by_the_day(platform: Platform) -> None:
    platform.organization("org_2")
    platform.send(
        event(id="1", cost="1e-9"),
        event(id="2", cost="2e-9", user_id="user_2"),
        event(id="3", cost="4e-9", type="phone.rental", quantity=1),
        event(id="4", cost="8e-9", type="kb.rental", resource_id="kb", quantity=1),
        event(id="5", cost="16e-9", type="phone.purchase", quantity=1),
        event(id="6", cost="32e-9", type="brand.registration", quantity=1),
        event(id="7", cost="64e-9", time="2024-01-31T23:59:59Z"),
        event(id="8", cost="128e-9", organization_id="org_2"),
        event(id="9", cost="256e-9", time="2023-12-31T23:59:59Z"),
        event(id="0", cost="256e-9", time="2024-02-01T00:00:00Z"),
    )
    day, last = date(2024, 1, 15), date(2024, 1, 31)
    late = {last: DayCost(64, 64, (0, 0))}
    assert costs(platform) == {day: DayCost(191, 131, (4, 8)), **late}
    assert costs(platform, "org_1") == {day: DayCost(63, 3, (4, 8)), **late}
    assert costs(platform, "org_1", "user_1") == {day: DayCost(29, 1, (4, 8)), **late}
    assert costs(platform, "org_1", "user_2") == {day: DayCost(2, 2, (0, 0))}


def test_everybody_with_a_budget_has_the_days_of_their_own_question(platform: Platform) -> None:
    platform.organization("org_2")
    platform.send(
        *(
            event(id=f"{user}", cost="1e-9", organization_id=organization, user_id=user)
            for organization in ("org_1", "org_2")
            for user in ("user_1", "user_2", "user_3")
        )
    )
    whose = [("org_1", ""), ("org_1", "user_1"), ("org_2", "user_1"), ("org_2", "user_2")]
    actor = Actor(platform.tenant, "x", 1)
    for organization, user in whose:
        with platform.database.writing() as transaction:
            row = directory.find_organization(transaction, platform.tenant, organization)
            assert row is not None
            set_budget(transaction, actor, row, user, NewBudget("0.000000001", (1.0,)))
    with platform.database.reading() as snapshot:
        found = daily_costs.budgeted_costs(snapshot, QuestionScope(platform.tenant), *JANUARY)
        of_one = daily_costs.budgeted_costs(snapshot, scope(platform, "org_1"), *JANUARY)
    asked = {
        (platform.number(organization), user): costs(platform, organization, *([user] * bool(user)))
        for organization, user in whose
    }
    assert found == asked
    assert of_one == {key: it for key, it in asked.items() if key[0] == platform.number("org_1")}


def test_the_statements_are_the_golden_ones() -> None:
    assert lines_of(STATEMENTS) == golden_lines("daily_costs", STATEMENTS)


OWN = (
    MeterTerms("whatsapp.message", "message", Category.MESSAGING),
    MeterTerms("trunk.channel", "month", Category.VOICE),
    MeterTerms("number.port", "item", Category.PHONE_PURCHASE),
    MeterTerms("campaign.vetting", "item", Category.BRAND_REGISTRATION),
)


def test_own_meters_come_by_the_day_unless_they_are_charged_once(platform: Platform) -> None:
    platform.add_meters(*OWN)
    sent = [
        event(id=it.type, type=it.type, quantity=1, cost=f"{10**place}e-9")
        for place, it in enumerate(OWN)
    ]
    platform.send(*sent, event(id="late", type="trunk.channel", cost="1e-5", quantity=1))
    (of_organization,) = costs(platform, "org_1").values()
    assert (of_organization.cost, of_organization.rhythm) == (11111, 1)
    assert dict(of_organization.own) == {2500: 10010}
    (of_user,) = costs(platform, "org_1", "user_1").values()
    assert (of_user.cost, of_user.rhythm, dict(of_user.own)) == (10111, 1, {2500: 10010})
    assert costs(platform) == costs(platform, "org_1")
    own = {2500: 10010}
    before = {date(2024, 1, 15): DayCost(10010, 0, (0, 0), own)}
    assert rentals_to_come(before, date(2024, 2, 20)) == {19: 10010}
    paid = {**before, date(2024, 2, 3): DayCost(10000, 0, (0, 0), {2500: 10000})}
    assert rentals_to_come(paid, date(2024, 2, 20)) == {19: 10}
