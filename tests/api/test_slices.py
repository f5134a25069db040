"""Slices of the users answer: every filter and order against a model, totals, groups, access."""

import json
import random
from collections.abc import Callable
from copy import copy
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event, reversal
from tests.properties.model import KNOWLEDGE_BASE, TYPES, Held, _figures, _owner
from tests.properties.scenarios import HOME, IDLE, Reverse, Send
from tests.properties.world import World
from tollbook.analytics.names import collation_key, searched
from tollbook.domain.keys import Permission

PATH = "/v1/analytics/users"
JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}
CONSTANTS = "organization_id,organization_name,period_start,period_end,currency"
VALUES = "org_1,org_1,2024-01-01,2024-01-31,USD"
"""The last columns of a file, and their values in every row."""
PERIODS = (
    (date(2024, 1, 1), date(2024, 1, 31)),
    (date(2024, 1, 10), date(2024, 2, 20)),
    (date(2024, 2, 14), date(2024, 2, 14)),
)
NUMBERS = {
    "+442071838750": "GB",
    "+4930123456": "DE",
    "+12125550100": "US",
    "12345": "",
    "+80012345678": "001",
}
NAMES = {"Zoë": "Zoë Ärmel", "anna": "Anna", "user_10": "anna", "user_2": "BERT", "%": "100 %_"}
STATUSES = {"anna": "inactive", "user_2": "suspended"}


def random_event(chance: random.Random, index: int) -> Json:
    kind = chance.choice(TYPES)
    number = chance.choice([*NUMBERS, None])
    attributes = {"to": number, "from": "+33142685300"} if number else {}
    if kind.endswith("inbound") and number:
        attributes = {"from": number, "to": "+33142685300"}
    return event(
        id=f"event {index}",
        organization_id=HOME,
        type=kind,
        user_id=chance.choice([*NAMES, None]),
        quantity=chance.randint(0, 5),
        resource_id=chance.choice(["kb_1", "kb_2"]) if kind in KNOWLEDGE_BASE else None,
        time=f"2024-0{chance.randint(1, 3)}-{chance.randint(1, 29):02}T12:00:00Z",
        attributes=attributes,
        cost=chance.choice([None, "0.000000001", "1.5", "0"]),
    )


@pytest.fixture(scope="module")
def chance() -> random.Random:
    return random.Random(20240131)


@pytest.fixture
def world(either: Tenant, chance: random.Random) -> World:
    """A random ledger of a few users, some of it taken back."""
    world = World(either.database, {HOME: "Europe/Berlin", "org_euro": "UTC"})
    for identity, name in NAMES.items():
        world.add_user(HOME, identity, name)
    events = [random_event(chance, index) for index in range(300)]
    world.send(Send([[msgspec.json.encode(it) for it in events]]))
    back = chance.sample(events, 60)
    world.reverse(Reverse([reversal(it["id"], organization_id=HOME) for it in back]))
    for identity, status in STATUSES.items():
        path = f"/v1/organizations/{HOME}/users/{identity}"
        answer = either.patch(path, key=world.key, json={"status": status})
        assert answer.status_code == 200
    return world


def country_of(held: Held) -> str:
    attributes = held.event["attributes"]
    kind = held.event["type"]
    number = attributes.get("from" if kind in ("sms.inbound", "mms.inbound") else "to")
    return NUMBERS[number] if number else ""


def only(world: World, wanted: Callable[[Held], bool]) -> World:
    """Return the world as if only some of its events had ever come."""
    narrowed = copy(world)
    narrowed.model = copy(world.model)
    narrowed.model.held = {key: it for key, it in world.model.held.items() if wanted(it)}
    return narrowed


def used(world: World, start: date, end: date) -> dict[str | None, int]:
    """Count the events of each user that were not taken back."""
    counts: dict[str | None, int] = {}
    for held in world.model._charged(HOME, start, end):
        user = None if held.event["type"] == "brand.registration" else held.event["user_id"]
        counts[user] = counts.get(user, 0) + held.sign
    return counts


def counting(world: World, query: Json) -> World:
    meters = query.get("meter", ",".join(TYPES)).split(",")
    country = query.get("country")
    country = "" if country == "none" else country
    return only(
        world,
        lambda it: it.event["type"] in meters and (country is None or country_of(it) == country),
    )


def flat(user: Json) -> Json:
    return user | user["cost_breakdown"]


def slow_rows(world: World, query: Json, start: date, end: date) -> list[Json]:
    """Slice the answer the slow way."""
    counted = counting(world, query)
    events = used(counted, start, end)
    part = searched(query.get("search", ""))
    rows = [
        user
        for user in counted.model.users(HOME, start, end)["users"]
        if query.get("user_id") in (None, user["user_id"])
        if query.get("status") in (None, STATUSES.get(user["user_id"], "active"))
        if user["total_cost"] >= Decimal(query.get("min_cost", 0))
        if part in searched(user["user_id"]) or part in searched(user["user_name"])
        if query.get("active") in (None, str(events.get(user["user_id"], 0) > 0).lower())
    ]
    sort = query.get("sort", "total_cost")
    is_text = sort in ("user_id", "user_name")
    rows.sort(key=lambda it: it["user_id"])
    rows.sort(
        key=lambda it: collation_key()(it[sort]) if sort == "user_name" else flat(it)[sort],
        reverse=query.get("order", "asc" if is_text else "desc") == "desc",
    )
    return rows


def slow_totals(counted: World, rows: list[Json], start: date, end: date) -> Json:
    """Compute the figures of the users of rows together, as if they were one user."""
    users = {it["user_id"] for it in rows}
    charged = counted.model._charged(HOME, start, end)
    figures = _figures("", "", [it for it in charged if _owner(it) in users])
    return {name: it for name, it in figures.items() if name not in ("user_id", "user_name")}


def read(answer: httpx.Response) -> Json:
    assert answer.status_code == 200, answer.text
    decoded: Json = json.loads(answer.text, parse_float=Decimal)
    return decoded


def days(start: date, end: date) -> Json:
    return {"organization_id": HOME, "start_date": start.isoformat(), "end_date": end.isoformat()}


FILTERS: list[Json] = [
    {"user_id": "anna"},
    {"user_id": "nobody"},
    *({"meter": kind} for kind in TYPES),
    {"meter": "sms.outbound,kb.usage,voice.call"},
    *({"country": code} for code in ("GB", "DE", "US", "FR", "001", "none")),
    {"country": "GB", "meter": "kb.usage,kb.rental"},
    {"country": "none", "search": "n"},
    {"active": "false", "country": "001"},
    {"country": "US", "user_id": "user_10"},
    {"meter": "api.storage,kb.rental", "user_id": "Zoë"},
    *({"status": it} for it in ("active", "inactive", "suspended")),
    {"min_cost": "0.000000001"},
    {"min_cost": "20"},
    {"min_cost": "0"},
    {"search": "ANNA"},
    {"search": "ärmel"},
    {"search": "%"},
    {"search": "_2"},
    {"active": "true"},
    {"active": "false"},
    {"active": "true", "meter": "api.storage", "country": "DE"},
    {"active": "true", "status": "active", "search": "n", "min_cost": "1", "country": "GB"},
]
_FIELDS = """
total_sms_sent total_sms_received total_mms_sent total_mms_received total_voice_calls
total_voice_seconds messaging_cost voice_cost api_request_cost api_requests_count api_storage_cost
phone_rental_cost phone_rental_count phone_purchase_cost phone_purchase_count kb_cost kb_count
kb_minutes total_cost user_name user_id
"""
FIELDS = _FIELDS.split()
ORDERS: list[Json] = [
    *({"sort": field, "order": order} for field in FIELDS for order in ("asc", "desc")),
    *({"sort": field} for field in FIELDS),
    {"order": "asc"},
    {"order": "desc"},
]


def test_an_organization_without_users_has_slices_without_rows(either: Tenant) -> None:
    for query in [*FILTERS, *ORDERS, {"group_by": "meter"}, {"group_by": "country"}]:
        assert read(either.get(PATH, params=JANUARY | query))["users"] == []
    answer = read(either.get(PATH, params={**JANUARY, "limit": 5, "include": "totals"}))
    assert list(answer)[-3:] == ["totals", "organization_level", "next_cursor"]
    assert answer["next_cursor"] is None
    assert set(answer["totals"].pop("cost_breakdown").values()) == {0}
    assert set(answer["totals"].values()) == {0}
    assert set(answer["organization_level"].values()) == {0}


def test_every_filter_and_order_gives_what_the_model_gives(either: Tenant, world: World) -> None:
    for start, end in PERIODS:
        for query in [*FILTERS, *ORDERS, *(one | other for one, other in mixed())]:
            params = days(start, end) | query
            answer = read(either.get(PATH, world.key, params=params | {"include": "totals"}))
            expected = slow_rows(world, query, start, end)
            assert answer["users"] == expected, query
            assert answer["totals"] == slow_totals(counting(world, query), expected, start, end)


def mixed() -> list[tuple[Json, Json]]:
    chance = random.Random(1)
    return [(chance.choice(FILTERS), chance.choice(ORDERS)) for _ in range(20)]


@pytest.mark.parametrize(
    "query", [{}, {"meter": "voice.call,brand.registration"}, {"country": "US"}]
)
def test_users_and_the_organization_level_are_the_organization(
    either: Tenant, world: World, query: Json
) -> None:
    for start, end in PERIODS:
        params = days(start, end) | query | {"include": "totals"}
        answer = read(either.get(PATH, world.key, params=params))
        counted = counting(world, query)
        own = answer["organization_level"]
        total = counted.model.total(HOME, start, end)
        assert answer["totals"]["total_cost"] + own["total_cost"] == total
        assert own["total_cost"] == counted.model.organization_level(HOME, start, end)
        assert own["events"] == used(counted, start, end).get(None, 0)
        brands = [
            it
            for it in counted.model._charged(HOME, start, end)
            if it.event["type"] == "brand.registration"
        ]
        assert own["brand_registration_count"] == sum(
            it.sign * it.event["quantity"] for it in brands
        )
        assert own["brand_registration_cost"] == sum((it.cost or 0 for it in brands), Decimal(0))


@pytest.mark.parametrize("query", [{}, {"country": "GB"}, {"meter": "sms.outbound,kb.usage"}])
@pytest.mark.parametrize("group_by", ["meter", "country"])
def test_groups_are_the_parts_of_their_row(
    either: Tenant, world: World, group_by: str, query: Json
) -> None:
    for start, end in PERIODS:
        params = days(start, end) | query | {"group_by": group_by}
        for user in read(either.get(PATH, world.key, params=params))["users"]:
            expected = slow_groups(counting(world, query), group_by, user["user_id"], start, end)
            assert user["groups"] == expected
            assert sum(it["cost"] for it in user["groups"]) == user["total_cost"]


def slow_groups(world: World, group_by: str, user: str, start: date, end: date) -> list[Json]:
    groups: dict[str, Json] = {}
    for held in world.model._charged(HOME, start, end):
        if held.event["user_id"] != user or held.event["type"] == "brand.registration":
            continue
        key = held.event["type"] if group_by == "meter" else country_of(held)
        group = groups.setdefault(key, {group_by: key, "events": 0, "quantity": 0, "cost": 0})
        group["events"] += held.sign
        group["quantity"] += held.sign * held.event["quantity"]
        group["cost"] += held.cost
    order = TYPES if group_by == "meter" else sorted(groups)
    found = [groups[key] for key in order if key in groups and groups[key]["events"]]
    if group_by == "country":
        for group in found:
            group.pop("quantity")
    return found


def test_a_user_without_usage_has_no_groups(either: Tenant, world: World) -> None:
    params = days(*PERIODS[0]) | {"user_id": IDLE, "group_by": "meter"}
    (user,) = read(either.get(PATH, world.key, params=params))["users"]
    assert user["groups"] == []


def test_an_answer_that_is_not_sliced_is_the_documented_one(either: Tenant) -> None:
    either.send(event())
    plain = either.get(PATH, params=JANUARY)
    assert list(plain.json()) == [
        "success",
        "organization_id",
        "organization_name",
        "period",
        "users",
    ]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"meter": "sms"}, "meter", "invalid_choice"),
        ({"country": "gb"}, "country", "invalid_country"),
        ({"country": "GBR"}, "country", "invalid_country"),
        ({"status": "gone"}, "status", "invalid_choice"),
        ({"min_cost": "-1"}, "min_cost", "invalid_amount"),
        ({"min_cost": "cheap"}, "min_cost", "invalid_amount"),
        ({"search": ""}, "search", "missing_parameter"),
        ({"active": "yes"}, "active", "invalid_boolean"),
        ({"sort": "cost_breakdown"}, "sort", "invalid_choice"),
        ({"order": "up"}, "order", "invalid_choice"),
        ({"group_by": "user"}, "group_by", "invalid_choice"),
        ({"limit": "0"}, "limit", "invalid_integer"),
        ({"limit": "10001"}, "limit", "invalid_integer"),
        ({"user_id": " "}, "user_id", "empty"),
        ({"include": "total"}, "include", "invalid_choice"),
    ],
)
def test_a_malformed_parameter_is_named(tenant: Tenant, query: Json, field: str, code: str) -> None:
    answer = tenant.get(PATH, params=JANUARY | query)
    assert answer.status_code == 400
    assert problems(answer) == [(field, code)]


def test_a_key_of_one_user_sees_nothing_of_others_in_any_slice(either: Tenant) -> None:
    either.send(event(), event(id="2", user_id="user_2"), event(id="3", type="brand.registration"))
    key = either.key(Permission.READ_ANALYTICS, organization="org_1", user="user_1")
    slices: list[dict[str, Any]] = [
        {"limit": 1},
        {"sort": "user_id"},
        {"group_by": "meter"},
        {"country": "GB"},
        {"search": "user"},
        {"include": "totals"},
        {"include": "totals", "user_id": "user_1"},
    ]
    for query in slices:
        given = JANUARY | query
        either.get(PATH, params=given)
        answer = read(either.get(PATH, key, params=given))
        assert [it["user_id"] for it in answer["users"]] == ["user_1"], query
        assert answer.get("next_cursor") is None
        assert "organization_level" not in answer
        if "totals" in answer:
            assert answer["totals"]["total_voice_calls"] == 1
    stranger = {**JANUARY, "include": "totals", "user_id": "user_2"}
    assert either.get(PATH, key, params=stranger).status_code == 404


def test_a_knowledge_base_of_two_users_counts_once_in_totals(either: Tenant) -> None:
    used = {"ann": ("kb_1", "kb_2"), "bob": ("kb_1", "kb_3")}
    either.organization("org_2")
    either.send(
        event(type="kb.usage", resource_id="kb_1", organization_id="org_2"),
        *(
            event(id=f"{user} {base}", type="kb.usage", user_id=user, resource_id=base)
            for user, bases in used.items()
            for base in bases
        ),
    )
    given = JANUARY | {"include": "totals"}
    for more in ({}, {"limit": 1}, {"min_cost": "0", "sort": "kb_count"}):
        answer = read(either.get(PATH, params=given | more))
        assert answer["totals"]["cost_breakdown"]["kb_count"] == 3
        *_, total = either.get(PATH, params=given | more | {"format": "ndjson"}).text.splitlines()
        assert json.loads(total)["kb_count"] == 3
    first = read(either.get(PATH, params=given | {"limit": 1}))
    last = {"limit": 1, "cursor": first["next_cursor"]}
    assert read(either.get(PATH, params=given | last))["totals"] == first["totals"]
    one = read(either.get(PATH, params=given | {"search": "bob"}))["totals"]
    assert one["cost_breakdown"]["kb_count"] == 2


def test_knowledge_bases_of_two_organizations_are_two_in_totals(either: Tenant) -> None:
    either.organization("org_2")
    used = event(type="kb.usage", resource_id="kb_1")
    either.send(used, used | {"id": "2", "user_id": "bob"}, used | {"organization_id": "org_2"})
    dates = {it: JANUARY[it] for it in ("start_date", "end_date")}
    path = "/v1/analytics/organizations"
    answer = read(either.get(path, params=dates | {"include": "totals"}))
    assert [it["kb_count"] for it in answer["organizations"]] == [1, 1]
    overview = read(either.get("/v1/analytics/overview", params=dates))
    assert answer["totals"]["kb_count"] == overview["cost_breakdown"]["kb_count"] == 2


def test_those_without_usage_are_listed_in_every_form(either: Tenant) -> None:
    either.send(event(user_id="ann"), event(id="2", user_id="idle", time="2023-01-01T00:00:00Z"))
    either.organization("org_idle")
    dates = {it: JANUARY[it] for it in ("start_date", "end_date")}
    for path, params, name, used, idle in (
        (PATH, JANUARY, "users", "ann", "idle"),
        ("/v1/analytics/organizations", dates, "organizations", "org_1", "org_idle"),
    ):
        identity = f"{name[:-1]}_id"
        for active, expected in (("true", used), ("false", idle)):
            given = params | {"active": active}
            for more in ({}, {"limit": 1}, {"include": "totals"}):
                (row,) = read(either.get(path, params=given | more))[name]
                assert row[identity] == expected
            lines = either.get(path, params=given | {"format": "ndjson"}).text.splitlines()
            assert [json.loads(it)[identity] for it in lines] == [expected]


def test_a_slice_as_a_file_has_the_lines_of_the_answer(either: Tenant) -> None:
    either.send(event(), event(id="2", user_id="user_2", type="kb.usage", resource_id="kb"))
    params = {**JANUARY, "format": "ndjson", "include": "totals", "sort": "user_id"}
    lines = [json.loads(it) for it in either.get(PATH, params=params).text.splitlines()]
    assert [it["user_name"] for it in lines] == ["user_1", "user_2", "Total"]
    plain = read(either.get(PATH, params=JANUARY | {"include": "totals"}))
    assert lines[2]["total_cost"] == float(plain["totals"]["total_cost"])
    assert lines[2]["kb_minutes"] == float(plain["totals"]["cost_breakdown"]["kb_minutes"])
    groups = either.get(PATH, params={**params, "format": "csv", "group_by": "meter"}).text
    assert groups.splitlines() == [
        f"user_id,user_name,meter,events,quantity,cost,{CONSTANTS}",
        f"user_1,user_1,voice.call,1,61,0.122,{VALUES}",
        f"user_2,user_2,kb.usage,1,61,0.101666667,{VALUES}",
        f",Total,,2,,0.223666667,{VALUES}",
    ]


def test_a_page_as_a_file_has_its_cursor_in_a_header(either: Tenant) -> None:
    either.send(event(), event(id="2", user_id="user_2", cost=5))
    params = {**JANUARY, "format": "csv", "limit": 1, "include": "totals"}
    first = either.get(PATH, params=params)
    header, line, total = first.text.splitlines()
    assert line.startswith("user_2,")
    assert total.endswith(f",5.122,{VALUES}")
    cursor = first.headers["x-next-cursor"]
    last = either.get(PATH, params={**params, "cursor": cursor})
    assert "x-next-cursor" not in last.headers
    assert last.text.splitlines()[0] == header
    assert last.text.splitlines()[1].startswith("user_1,")


def test_the_answer_as_a_file_has_all_users(either: Tenant) -> None:
    either.send(event())
    header, line = either.get(PATH, params={**JANUARY, "format": "csv"}).text.splitlines()
    assert header.split(",")[:3] == ["user_id", "user_name", "total_sms_sent"]
    last = "events,brand_registration_count,brand_registration_cost,total_cost"
    assert header.endswith(f",kb_minutes,{last},{CONSTANTS}")
    figures = "0,0,0,0,1,61,0.00,0.122,0.00,0,0.00,0.00,0,0.00,0,0.00,0,0.0,,,,0.122"
    assert line == f"user_1,user_1,{figures},{VALUES}"
