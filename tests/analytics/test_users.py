"""Usage and cost by user: the empty organization first, then each figure and each rule."""

from datetime import date

import pytest

from tests.analytics.golden import golden_lines, lines_of
from tests.builders import Json, Platform, event, reversal
from tollbook.analytics import closed_rows, users
from tollbook.analytics.period_cover import with_unused_days
from tollbook.domain.periods import Period, whole_of_months
from tollbook.store import closed_days, prices
from tollbook.store.database import Database


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def only_user(answer: Json) -> Json:
    (user,) = answer["users"]
    return user


def breakdown(platform: Platform, *events: Json) -> Json:
    assert set(platform.statuses(*events)) == {"accepted"}
    costs: Json = only_user(platform.users())["cost_breakdown"]
    return {name: value for name, value in costs.items() if value}


def test_an_empty_organization_has_no_users(platform: Platform) -> None:
    assert platform.users() == {
        "success": True,
        "organization_id": "org_1",
        "organization_name": "org_1",
        "period": {"start": "2024-01-01", "end": "2024-01-31"},
        "users": [],
    }


def test_a_user_without_usage_in_the_period_is_listed_with_zeros(platform: Platform) -> None:
    platform.send(event(time="2023-12-31T23:59:59Z"), event(id="2", time="2024-02-01T00:00:00Z"))
    user = only_user(platform.users())
    assert user.pop("user_id") == user.pop("user_name") == "user_1"
    assert set(user.pop("cost_breakdown").values()) == {0}
    assert set(user.values()) == {0}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("sms.outbound", "total_sms_sent"),
        ("sms.inbound", "total_sms_received"),
        ("mms.outbound", "total_mms_sent"),
        ("mms.inbound", "total_mms_received"),
    ],
)
def test_message_totals_count_messages_and_cost_follows_segments(
    platform: Platform, kind: str, field: str
) -> None:
    platform.send(event(type=kind, quantity=3), event(id="2", type=kind, quantity=1))
    user = only_user(platform.users())
    assert user[field] == 2
    by_segment = {"sms.outbound": 0.12, "sms.inbound": 0.04}
    by_message = {"mms.outbound": 0.10, "mms.inbound": 0.04}
    assert user["cost_breakdown"]["messaging_cost"] == {**by_segment, **by_message}[kind]


def test_calls_are_counted_and_their_raw_seconds_added(platform: Platform) -> None:
    platform.send(event(), event(id="2", quantity="0.5"), event(id="3", quantity=0))
    user = only_user(platform.users())
    assert (user["total_voice_calls"], user["total_voice_seconds"]) == (3, 61.5)
    assert user["cost_breakdown"]["voice_cost"] == 0.123


def test_requests_are_added_up(platform: Platform) -> None:
    found = breakdown(platform, event(type="api.request", quantity=250_000))
    assert found == {"api_request_cost": 10, "api_requests_count": 250_000}


def test_storage_is_priced_by_the_month_of_thirty_days(platform: Platform) -> None:
    found = breakdown(platform, event(type="api.storage", quantity="450"))
    assert found == {"api_storage_cost": 2.25}


def test_rentals_count_events_and_purchases_count_numbers(platform: Platform) -> None:
    found = breakdown(
        platform,
        event(type="phone.rental", quantity="1.5"),
        event(id="2", type="phone.purchase", quantity=3),
    )
    assert found == {
        "phone_rental_cost": 4.485,
        "phone_rental_count": 1,
        "phone_purchase_cost": 3,
        "phone_purchase_count": 3,
    }


def test_knowledge_bases_are_counted_once_however_they_are_used(platform: Platform) -> None:
    found = breakdown(
        platform,
        event(type="kb.rental", quantity=1, resource_id="kb_1"),
        event(id="2", type="kb.usage", quantity=90, resource_id="kb_1"),
        event(
            id="3", type="kb.usage", quantity=30, resource_id="kb_2", time="2024-01-31T23:59:59Z"
        ),
        event(id="4", type="phone.rental", quantity=1, resource_id="number"),
    )
    assert found == {
        "kb_cost": 5.2,
        "kb_count": 2,
        "kb_minutes": 2,
        "phone_rental_cost": 2.99,
        "phone_rental_count": 1,
    }


def test_brand_registration_never_enters_a_users_figures(platform: Platform) -> None:
    platform.send(event(), event(id="brand", type="brand.registration", quantity=1))
    user = only_user(platform.users())
    assert user["total_cost"] == 0.122
    assert platform.rows("SELECT user_id, cost FROM usage_monthly WHERE meter = 12") == [
        ("", 4_000_000_000)
    ]


def test_usage_of_the_organization_itself_is_nobodys(platform: Platform) -> None:
    platform.send(event(user_id=None))
    assert platform.users()["users"] == []


def test_an_own_cost_is_charged_as_it_is(platform: Platform) -> None:
    found = breakdown(platform, event(cost="0.123456789"))
    assert found == {"voice_cost": 0.123456789}
    assert platform.rows("SELECT rate_id FROM events") == [(None,)]


def test_the_rate_that_priced_an_event_is_stored_with_it(platform: Platform) -> None:
    platform.send(event())
    [(rate_id, billed)] = platform.rows("SELECT rate_id, billed FROM events")
    with platform.database.reading() as snapshot:
        found = prices.find_rate(snapshot, platform.tenant, rate_id)
    assert found is not None
    book, rate = found
    assert (rate.meter, rate.pricing.price, book.version) == ("voice.call", "0.002", 1)
    assert billed == 61_000_000


def test_users_are_ordered_by_cost_then_id(platform: Platform) -> None:
    costs = {"b": 1, "a": 1, "c": 2, "d": 0}
    platform.send(*(event(id=user, user_id=user, cost=cost) for user, cost in costs.items()))
    assert [user["user_id"] for user in platform.users()["users"]] == ["c", "a", "b", "d"]


def test_a_total_is_the_exact_sum_of_its_breakdown(platform: Platform) -> None:
    kinds = ("sms.outbound", "voice.call", "api.request", "api.storage", "phone.rental")
    costs = (1, 20, 300, 4000, 50_000)
    platform.send(
        *(
            event(id=kind, type=kind, quantity=1, cost=f"0.{cost:09d}")
            for kind, cost in zip(kinds, costs, strict=True)
        )
    )
    assert only_user(platform.users())["total_cost"] == 0.000054321


def test_one_user_is_answered_for_alone(platform: Platform) -> None:
    platform.send(
        event(id="1", type="kb.usage", resource_id="kb"),
        event(id="2", user_id="user_2"),
        event(id="3", type="kb.usage", user_id="user_2", resource_id="kb_2"),
    )
    everyone = {user["user_id"]: user for user in platform.users()["users"]}
    for identity, user in everyone.items():
        assert platform.users(user=identity)["users"] == [user]
    assert platform.users(user="nobody")["users"] == []


@pytest.mark.parametrize(
    ("start", "end", "days"),
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
    platform: Platform, start: str, end: str, days: int
) -> None:
    first = date(2024, 1, 1).toordinal()
    every_day = [date.fromordinal(first + n).isoformat() for n in range(366)]
    platform.send(*(event(id=day, time=f"{day}T12:00:00Z", quantity=1) for day in every_day))
    user = only_user(platform.users(start=start, end=end))
    assert (user["total_voice_calls"], user["total_voice_seconds"]) == (days, days)


@pytest.mark.parametrize(
    ("start", "end", "read"),
    [
        ("2024-01-10", "2024-02-20", ("2024-01-01", "2024-02-29")),
        ("2024-01-11", "2024-02-20", ("2024-01-11", "2024-02-29")),
        ("2024-01-10", "2024-02-19", ("2024-01-01", "2024-02-19")),
        ("2024-01-15", "2024-01-20", ("2024-01-15", "2024-01-31")),
        ("2024-01-01", "2024-02-29", ("2024-01-01", "2024-02-29")),
        ("2024-03-10", "2024-05-20", ("2024-03-01", "2024-05-31")),
    ],
)
def test_days_without_usage_are_read_with_their_month(
    platform: Platform, start: str, end: str, read: tuple[str, str]
) -> None:
    asked, wanted = (Period(*map(date.fromisoformat, it)) for it in ((start, end), read))
    platform.send(
        event(id="first", time="2024-01-10T12:00:00Z"),
        # What was reversed is still stored: its day is not taken for one without usage.
        event(id="last", time="2024-02-20T12:00:00Z", user_id="user_2"),
    )
    platform.reverse(reversal("last"))
    with platform.database.reading() as snapshot:
        assert with_unused_days(snapshot, 1, asked) == wanted
        assert with_unused_days(snapshot, 2, asked) == whole_of_months(asked)
        bound = users.parameters(1, asked)
        plain = snapshot.sums(users.USERS, bound, users.COLUMNS, users.AMOUNTS)
        assert sorted(row[:-1] for row in users.read_rows(snapshot, 1, asked, None)) == sorted(
            map(tuple, plain)
        )


STATEMENTS = {
    "users": users.USERS,
    "one_user": users.ONE_USER,
    "knowledge_bases": f"\n{users.KNOWLEDGE_BASES}\n",
    "people": f"\n{closed_rows.PEOPLE}\n",
    "open_months": closed_rows.OPEN_MONTHS,
    "part_of_month": closed_rows.PART_OF_MONTH,
    "valid_months": closed_days.VALID_MONTHS,
    "last_closed_day": closed_days.LAST_CLOSED_DAY,
}


def test_the_statements_are_the_golden_ones() -> None:
    assert lines_of(STATEMENTS) == golden_lines("users", STATEMENTS)


def test_the_arguments_of_a_cut_period() -> None:
    assert users.parameters(7, Period(date(2023, 12, 25), date(2024, 2, 20))) == {
        "organization": 7,
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
