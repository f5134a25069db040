"""Filtered rows, their groups and sums, against the events looked at one by one."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analytics.ledgers import (
    FIRST,
    LAST,
    METERS,
    Charged,
    charged_events,
    four_months,
    sums_of,
)
from tests.builders import Platform
from tests.properties.profile import examples
from tollbook.analytics.filtered_organizations import BY_ORGANIZATION
from tollbook.analytics.filtered_users import BY_USER
from tollbook.analytics.filters import Filters, Sort
from tollbook.analytics.organizations import ORGANIZATION_ROW
from tollbook.analytics.result_set import ReportedRows, ResultSet, RowsQuestion
from tollbook.analytics.rows import RowLayout
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.users import USER_ROW
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period, day_number
from tollbook.store import directory

USERS, ORGANIZATIONS = ("ann", "bob", "cat"), ("org_1", "org_2")
SMS, CALL, REQUEST, BRAND = (BY_TYPE[it].code for it in (METERS[1], METERS[0], *METERS[2:]))


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with four_months(migrated_file, tmp_path_factory.mktemp("rows")) as platform:
        yield platform


@pytest.fixture(scope="module")
def events(platform: Platform) -> dict[str, list[Charged]]:
    return {it: charged_events(platform, it) for it in ORGANIZATIONS}


PERIODS = st.tuples(*[st.dates(FIRST, LAST)] * 2).map(lambda it: Period(min(it), max(it)))
FILTERS = st.builds(
    Filters,
    meters=st.lists(st.sampled_from(METERS), max_size=3, unique=True).map(tuple),
    country=st.none() | st.sampled_from(["GB", "DE", "", "FR"]),
    active=st.none() | st.booleans(),
)
GROUPS = st.none() | st.sampled_from(["meter", "country"])


def counted(events: Iterable[Charged], period: Period, filters: Filters) -> list[Charged]:
    """Return the events that count."""
    first, last = day_number(period.start), day_number(period.end)
    codes = {BY_TYPE[it].code for it in filters.meters}
    return [
        it
        for it in events
        if first <= it.day <= last
        and (not codes or it.meter in codes)
        and filters.country in (None, it.country)
    ]


def figures(events: list[Charged]) -> dict[str, int]:
    """Return some figures of a row, by the documentation of the answer."""
    by_meter = {
        code: sums_of(it for it in events if it.meter == code) for code in (SMS, CALL, REQUEST)
    }
    return {
        "total_sms_sent": by_meter[SMS][0],
        "total_voice_calls": by_meter[CALL][0],
        "total_voice_seconds": by_meter[CALL][1],
        "api_requests_count": by_meter[REQUEST][1],
        "total_cost": sums_of(events)[3],
    }


def shown(layout: RowLayout, row: Any) -> dict[str, int]:
    return {name: row[layout.place[name]] for name in figures([])}


def groups_of(events: list[Charged], group_by: str) -> list[Any]:
    keys = sorted({getattr(it, group_by) for it in events})
    found = []
    for key in keys:
        count, quantity, _, cost, *_ = sums_of(it for it in events if getattr(it, group_by) == key)
        found.append((key, count, 0 if group_by == "country" else quantity, cost))
    return [it for it in found if any(it[1:])]


def asked(platform: Platform, organization: str | None, **given: Any) -> ResultSet:
    kind = BY_USER if organization else BY_ORGANIZATION
    with platform.database.reading() as snapshot:
        row = None
        if organization:
            row = directory.find_organization(snapshot, platform.tenant, organization)
        scope = QuestionScope(platform.tenant, row, given.pop("user_id", None))
        return kind.read(snapshot, RowsQuestion(scope, **given))


@examples(80)
@given(period=PERIODS, filters=FILTERS, group_by=GROUPS, user=st.none() | st.sampled_from(USERS))
@example(Period(date(2024, 1, 1), date(2024, 1, 31)), Filters(), None, None)
@example(Period(date(2023, 12, 2), date(2024, 3, 30)), Filters(country="GB"), "meter", "ann")
@example(Period(date(2023, 12, 2), date(2024, 3, 30)), Filters(country=""), "country", None)
def test_rows_of_users_are_their_events(
    platform: Platform,
    events: dict[str, list[Charged]],
    period: Period,
    filters: Filters,
    group_by: str | None,
    user: str | None,
) -> None:
    found = asked(
        platform,
        "org_1",
        user_id=user,
        period=period,
        filters=filters,
        group_by=group_by,
        sort=Sort("user_id"),
    )
    mine = counted(events["org_1"], period, filters)
    of_user = {it: [one for one in mine if one.user == it] for it in USERS if user in (None, it)}
    expected = {
        it: figures(theirs)
        for it, theirs in of_user.items()
        if filters.active in (None, sums_of(theirs)[0] > 0)
    }
    assert {row[0]: shown(USER_ROW, row) for row in found.rows} == expected
    assert [row[0] for row in found.rows] == sorted(expected)
    assert found.total is not None
    sums = [sums_of(of_user[it])[3] for it in expected]
    assert found.total[USER_ROW.place["total_cost"]] == sum(sums)
    if group_by:
        listed = {it: groups_of(theirs, group_by) for it, theirs in of_user.items()}
        assert found.groups == {it: theirs for it, theirs in listed.items() if theirs}
    if user is None:
        assert found.organization_level is not None
        own = sums_of(it for it in mine if not it.user)
        assert (found.organization_level[0], found.organization_level[-1]) == (own[0], own[3])
    else:
        assert found.organization_level is None


@examples(60)
@given(period=PERIODS, filters=FILTERS, group_by=GROUPS)
@example(Period(FIRST, LAST), Filters(meters=("brand.registration",)), "country")
def test_rows_of_organizations_are_all_of_their_events(
    platform: Platform,
    events: dict[str, list[Charged]],
    period: Period,
    filters: Filters,
    group_by: str | None,
) -> None:
    found = asked(
        platform,
        None,
        period=period,
        filters=filters,
        group_by=group_by,
        sort=Sort("organization_id"),
    )
    mine = {it: counted(events[it], period, filters) for it in ORGANIZATIONS}
    expected = {
        it: figures(theirs)
        for it, theirs in mine.items()
        if filters.active in (None, sums_of(theirs)[0] > 0)
    }
    assert {row[0]: shown(ORGANIZATION_ROW, row) for row in found.rows} == expected
    assert found.total is not None
    assert found.total[ORGANIZATION_ROW.place["total_cost"]] == sum(
        it["total_cost"] for it in expected.values()
    )
    if group_by:
        listed = {it: groups_of(theirs, group_by) for it, theirs in mine.items()}
        assert found.groups == {it: theirs for it, theirs in listed.items() if theirs}


@examples(30)
@given(period=PERIODS, filters=FILTERS)
def test_a_table_of_all_users_adds_up_to_the_organization(
    platform: Platform, events: dict[str, list[Charged]], period: Period, filters: Filters
) -> None:
    filters = Filters(meters=filters.meters, country=filters.country)
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
        question = RowsQuestion(QuestionScope(platform.tenant, row), period, filters)
        result = BY_USER.read(snapshot, question)
    table = BY_USER.table(question, result, ReportedRows(result.rows))
    rows = [*table.rows, *([table.organization_level] if table.organization_level else [])]
    assert {len(it) for it in rows} == {len(table.columns)}
    assert sum(it[-1] for it in rows) == sums_of(counted(events["org_1"], period, filters))[3]


def test_a_page_of_users_has_no_row_for_the_organization_level(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
        question = RowsQuestion(QuestionScope(platform.tenant, row), Period(FIRST, LAST))
        result = BY_USER.read(snapshot, question)
    page = result.rows[:1]
    without = BY_USER.table(question, result, ReportedRows(page, is_page=True))
    totals = BY_USER.table(question, result, ReportedRows(page, with_totals=True, is_page=True))
    assert (without.organization_level, without.totals) == (None, None)
    assert totals.organization_level is not None
    assert totals.totals is not None
    assert [it[0] for it in totals.rows] == [page[0][0]]
