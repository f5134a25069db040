"""Pages of events and the stream of all of them, against the events looked at one by one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analytics.ledgers import FIRST, LAST, METERS, four_months
from tests.builders import Platform
from tests.properties.profile import examples
from tollbook.analytics.events import EventsQuestion, PageEnd, events_table, read_page
from tollbook.domain.events import microseconds
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period, day_number
from tollbook.store import directory
from tollbook.store.directory import OrganizationRow

BRAND = BY_TYPE["brand.registration"].code


class Listed(NamedTuple):
    """An event as it is stored."""

    day: int
    time: int
    id: str
    user: str
    meter: int
    country: str
    received_at: int


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with four_months(migrated_file, tmp_path_factory.mktemp("pages"), 100) as platform:
        yield platform


@pytest.fixture(scope="module")
def organization(platform: Platform) -> OrganizationRow:
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
    assert row is not None
    return row


@pytest.fixture(scope="module")
def events(platform: Platform, organization: OrganizationRow) -> list[Listed]:
    rows = platform.rows(
        "SELECT day, time, id, user_id, meter, country, received_at FROM events "
        "WHERE organization_id = :number",
        number=organization.number,
    )
    return [Listed(*row) for row in rows]


INSTANTS = st.integers(0, (LAST - FIRST).days * 24).map(
    lambda it: microseconds(datetime(2023, 12, 1, tzinfo=UTC)) + it * 3_600_000_000
)
WHOSE = st.sampled_from([{}, {"user_id": "ann"}, {"user_id": "bob"}, {"nobody": True}])
QUESTIONS = st.fixed_dictionaries(
    {
        "period": st.tuples(*[st.dates(FIRST, LAST)] * 2).map(lambda it: Period(min(it), max(it))),
        "meters": st.lists(st.sampled_from(METERS), max_size=2, unique=True).map(tuple),
        "country": st.none() | st.sampled_from(["GB", "", "FR"]),
        "start": st.none() | INSTANTS,
        "end": st.none() | INSTANTS,
    }
)
ASKED = st.tuples(QUESTIONS, WHOSE).map(lambda it: it[0] | it[1])
WHOLE = {"period": Period(FIRST, LAST)}


def expected_ids(events: list[Listed], asked: dict[str, Any]) -> list[str]:
    """Return the ids of the events of a question, the newest first."""
    period, user = asked["period"], asked.get("user_id")
    codes = {BY_TYPE[it].code for it in asked.get("meters", ())}
    start, end = asked.get("start"), asked.get("end")

    def counts(it: Listed) -> bool:
        is_nobody = not it.user or it.meter == BRAND
        if asked.get("nobody"):
            is_of = is_nobody
        else:
            is_of = user is None or (it.user == user and it.meter != BRAND)
        return (
            is_of
            and day_number(period.start) <= it.day <= day_number(period.end)
            and (not codes or it.meter in codes)
            and asked.get("country") in (None, it.country)
            and (start is None or it.time >= start)
            and (end is None or it.time < end)
            and it.received_at <= asked.get("as_of", 2**62)
        )

    found = [it for it in events if counts(it)]
    return [it.id for it in sorted(found, key=lambda it: it[:3], reverse=True)]


def pages(platform: Platform, question: EventsQuestion, limit: int) -> list[list[str]]:
    found: list[list[str]] = []
    after: PageEnd | None = None
    with platform.database.reading() as snapshot:
        while not found or after is not None:
            page = read_page(snapshot, question, limit, after)
            found.append([row[0] for row in page.rows])
            after = page.end
    return found


@examples(50)
@given(asked=ASKED, limit=st.integers(1, 30))
@example(WHOLE, 1)
@example(WHOLE, 100)
@example({**WHOLE, "country": "GB"}, 7)
@example({**WHOLE, "nobody": True}, 7)
@example({**WHOLE, "user_id": "ann", "meters": ("brand.registration",)}, 5)
def test_pages_have_each_event_once_the_newest_first(
    platform: Platform,
    organization: OrganizationRow,
    events: list[Listed],
    asked: dict[str, Any],
    limit: int,
) -> None:
    question = EventsQuestion(organization, **{"as_of": 2**62, **asked})
    found = pages(platform, question, limit)
    expected = expected_ids(events, asked)
    assert [it for page in found for it in page] == expected
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1] or not expected


@examples(30)
@given(asked=ASKED)
def test_a_stream_has_the_events_of_all_pages_by_day_and_id(
    platform: Platform,
    organization: OrganizationRow,
    events: list[Listed],
    asked: dict[str, Any],
) -> None:
    question = EventsQuestion(organization, **{"as_of": 2**62, **asked})
    with platform.database.reading() as snapshot:
        rows = [(row[5], row[0]) for row in events_table(snapshot, question).rows]
    assert sorted(it for _, it in rows) == sorted(expected_ids(events, asked))
    assert rows == sorted(rows, key=lambda it: (-it[0], it[1]))


def test_what_is_received_after_the_first_page_is_on_no_later_one(
    platform: Platform, organization: OrganizationRow, events: list[Listed]
) -> None:
    received = sorted({it.received_at for it in events})
    assert len(received) > 1
    for as_of in (received[0] - 1, received[0], received[-1] - 1):
        question = EventsQuestion(organization, Period(FIRST, LAST), as_of)
        found = [it for page in pages(platform, question, 9) for it in page]
        assert found == expected_ids(events, {**WHOLE, "as_of": as_of})


@pytest.mark.parametrize("day", [date(2023, 11, 30), date(2024, 4, 1)])
def test_a_day_without_events_is_one_empty_page(
    platform: Platform, organization: OrganizationRow, day: date
) -> None:
    question = EventsQuestion(organization, Period(day, day), 2**62)
    assert pages(platform, question, 5) == [[]]
