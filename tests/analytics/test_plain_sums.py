"""Sums beyond the documented figures, against the events added up one by one."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analytics.ledgers import (
    COUNTRIES,
    FIRST,
    LAST,
    METERS,
    USERS,
    Charged,
    charged_events,
    four_months,
    sums_of,
)
from tests.builders import Platform
from tests.properties.profile import examples
from tollbook.analytics.period_cover import period_parameters, user_parameters
from tollbook.analytics.plain_sums import PlainSums, SumsQuestion, added_sums, read_sums
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period, day_number

ORGANIZATIONS = ("org_1", "org_2")


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with four_months(migrated_file, tmp_path_factory.mktemp("sums")) as platform:
        yield platform


@pytest.fixture(scope="module")
def events(platform: Platform) -> dict[str, list[Charged]]:
    return {it: charged_events(platform, it) for it in ORGANIZATIONS}


PERIODS = st.tuples(*[st.dates(FIRST, LAST)] * 2).map(lambda it: Period(min(it), max(it)))
BY: dict[tuple[str, ...], Callable[[Charged], Any]] = {
    (): lambda _: None,
    ("meter",): lambda it: it.meter,
    ("country",): lambda it: it.country,
    ("meter", "country"): lambda it: (it.meter, it.country),
}


def within(period: Period, it: Charged) -> bool:
    return day_number(period.start) <= it.day <= day_number(period.end)


def grouped(events: list[tuple[Any, Any, Charged]]) -> dict[Any, dict[Any, tuple[int, ...]]]:
    """Return the sums that are not 0, by both keys."""
    found: dict[Any, dict[Any, list[Charged]]] = {}
    for key, inner, one in events:
        found.setdefault(key, {}).setdefault(inner, []).append(one)
    added = {key: {at: sums_of(it) for at, it in inner.items()} for key, inner in found.items()}
    return _used(added)


def _used(found: Any) -> dict[Any, dict[Any, tuple[int, ...]]]:
    used = {key: {at: tuple(it) for at, it in by.items() if any(it)} for key, by in found.items()}
    return {key: by for key, by in used.items() if by}


@examples(120)
@given(
    period=PERIODS,
    by=st.sampled_from(list(BY)),
    user=st.none() | st.sampled_from(["ann", "bob", "nobody"]),
    country=st.none() | st.sampled_from(list(COUNTRIES.values())),
    meters=st.lists(st.sampled_from(METERS), max_size=2, unique=True),
)
@example(Period(FIRST, LAST), ("meter",), None, None, [])
@example(Period(date(2024, 1, 31), date(2024, 2, 1)), (), "ann", None, [])
@example(Period(date(2023, 12, 2), date(2024, 3, 30)), (), "ann", "GB", ["voice.call"])
def test_sums_of_users_are_those_of_their_events(
    platform: Platform,
    events: dict[str, list[Charged]],
    period: Period,
    by: tuple[str, ...],
    user: str | None,
    country: str | None,
    meters: list[str],
) -> None:
    codes = [BY_TYPE[it].code for it in meters]
    bound = period_parameters(period) | {"organization": platform.number("org_1"), "codes": codes}
    bound |= {"country": country, **(user_parameters(user, bound) if user else {})}
    question = SumsQuestion("user_id", by, country is not None, user is not None, bool(meters))
    with platform.database.reading() as snapshot:
        found = read_sums(snapshot, question, bound)
    expected = [
        (it.user, BY[by](it), it)
        for it in events["org_1"]
        if within(period, it)
        and user in (None, it.user)
        and country in (None, it.country)
        and (not codes or it.meter in codes)
    ]
    assert _used(found) == grouped(expected)


@examples(60)
@given(period=PERIODS, by=st.sampled_from([(), ("meter",)]), meters=st.booleans())
def test_sums_of_organizations_are_those_of_their_events(
    platform: Platform,
    events: dict[str, list[Charged]],
    period: Period,
    by: tuple[str, ...],
    meters: bool,
) -> None:
    numbers = {platform.number(it): it for it in ORGANIZATIONS}
    codes = [BY_TYPE["voice.call"].code]
    bound = period_parameters(period) | {"numbers": list(numbers), "codes": codes}
    question = SumsQuestion("organization_id", by, some_meters=meters)
    with platform.database.reading() as snapshot:
        found = read_sums(snapshot, question, bound)
    expected = [
        (number, BY[by](it), it)
        for number, organization in numbers.items()
        for it in events[organization]
        if within(period, it) and (not meters or it.meter in codes)
    ]
    assert _used(found) == grouped(expected)


def test_the_ledger_has_what_sums_could_miss(events: dict[str, list[Charged]]) -> None:
    """What the other tests compare is there: users, countries, own billing, unknown buy prices."""
    ours = events["org_1"]
    assert {it.user for it in ours} == {it or "" for it in USERS}
    assert {it.country for it in ours} == set(COUNTRIES.values())
    assert {it.sign for it in ours} == {1, -1}
    assert {it.buy is None for it in ours} == {True, False}
    assert any(it.billed != it.quantity for it in ours)


def test_sums_of_several_usages_are_added() -> None:
    one, other = PlainSums(1, 2, 3, 4, 5, 6, 7), PlainSums(buy=-5, cost=1)
    assert added_sums([one, other]) == PlainSums(1, 2, 3, 5, 0, 6, 7)
    assert added_sums([]) == PlainSums()
