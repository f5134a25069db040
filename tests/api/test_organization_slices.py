"""Slices of the organizations answer: every filter and order against a model, groups, pages."""

import random
from datetime import date
from decimal import Decimal

import msgspec
import pytest

from tests.api.conftest import Tenant, problems
from tests.api.test_slices import FILTERS, PERIODS, counting, country_of, random_event, read
from tests.builders import Json, event, reversal
from tests.properties.model import BRAND, STRICT, TYPES, Held, _figures
from tests.properties.scenarios import HOME, Reverse, Send
from tests.properties.world import World

PATH = "/v1/analytics/organizations"
USERS = "/v1/analytics/users"
ORGANIZATIONS = (HOME, "org_euro", "org_a", "org_b", "org_idle")
STATUSES = {"org_a": "suspended"}


@pytest.fixture
def world(either: Tenant, monkeypatch: pytest.MonkeyPatch) -> World:
    """A random ledger of a few organizations of one currency, some of it taken back."""
    chance = random.Random(7)
    currencies = dict.fromkeys(ORGANIZATIONS, "USD") | {"org_euro": "EUR"}
    monkeypatch.setattr("tests.properties.scenarios.CURRENCIES", currencies)
    formats = dict.fromkeys(ORGANIZATIONS, STRICT)
    monkeypatch.setattr("tests.properties.scenarios.NUMBER_FORMATS", formats)
    world = World(either.database, dict.fromkeys(ORGANIZATIONS, "Europe/Berlin") | {"org_a": "UTC"})
    for identity in ORGANIZATIONS:
        world.create(identity)
    events = []
    for index in range(400):
        made = random_event(chance, index)
        events.append(made | {"organization_id": chance.choice(ORGANIZATIONS[:-1])})
        events[-1]["cost"] = events[-1].get("cost") or "0.25"
    world.send(Send([[msgspec.json.encode(it) for it in events]]))
    back = chance.sample(events, 80)
    world.reverse(
        Reverse([reversal(it["id"], organization_id=it["organization_id"]) for it in back])
    )
    for identity, status in STATUSES.items():
        path = f"/v1/organizations/{identity}"
        assert either.patch(path, key=world.key, json={"status": status}).status_code == 200
    return world


def charged(world: World, identity: str, start: date, end: date) -> list[Held]:
    return world.model._charged(identity, start, end)


def slow_row(world: World, identity: str, start: date, end: date) -> Json:
    held = charged(world, identity, start, end)
    figures = _figures(identity, identity, held)
    costs = figures["cost_breakdown"]
    brands = [it.sign * it.event["quantity"] for it in held if it.event["type"] == BRAND]
    return {
        "organization_id": identity,
        "organization_name": identity,
        "users_count": len(world.model.organizations[identity].users),
        **{name: value for name, value in figures.items() if name.startswith("total_")},
        **{
            name: costs[name]
            for name in (
                *("api_requests_count", "api_storage_cost", "phone_rental_count"),
                *("phone_purchase_count", "kb_count"),
            )
        },
        "brand_registration_count": sum(brands),
    }


def is_active(world: World, identity: str, start: date, end: date) -> str:
    return str(sum(held.sign for held in charged(world, identity, start, end)) > 0).lower()


def slow_rows(world: World, query: Json, start: date, end: date) -> list[Json]:
    counted = counting(world, query)
    rows = [
        slow_row(counted, it, start, end)
        for it in ORGANIZATIONS
        if query.get("status") in (None, STATUSES.get(it, "active"))
        if query.get("search", "").casefold() in it
        if query.get("active") in (None, is_active(counted, it, start, end))
    ]
    rows = [it for it in rows if it["total_cost"] >= Decimal(query.get("min_cost", 0))]
    sort = query.get("sort", "total_cost")
    usual = "asc" if sort in ("organization_id", "organization_name") else "desc"
    rows.sort(key=lambda it: it["organization_id"])
    rows.sort(key=lambda it: it[sort], reverse=query.get("order", usual) == "desc")
    return rows


FIELDS = (
    *("organization_id", "organization_name", "users_count", "total_sms_sent"),
    *("total_sms_received", "total_mms_sent", "total_mms_received", "total_voice_calls"),
    *("total_voice_seconds", "api_requests_count", "api_storage_cost", "phone_rental_count"),
    *("phone_purchase_count", "brand_registration_count", "kb_count", "total_cost"),
)
QUERIES: list[Json] = [
    *(it for it in FILTERS if "user_id" not in it),
    *({"sort": field, "order": order} for field in FIELDS for order in ("asc", "desc")),
    {"search": "ORG_A"},
    {"sort": "kb_count", "country": "GB", "min_cost": "1"},
]


def days(start: date, end: date) -> Json:
    return {"start_date": start.isoformat(), "end_date": end.isoformat(), "currency": "USD"}


def test_a_tenant_without_organizations_has_slices_without_rows(either: Tenant) -> None:
    empty = Tenant(either.database, either.http)
    for query in [*QUERIES, {"group_by": "meter"}, {"group_by": "country", "country": "GB"}]:
        assert read(empty.get(PATH, params=query))["organizations"] == []
    answer = read(empty.get(PATH, params={"limit": 5, "include": "totals,meta"}))
    assert list(answer)[-3:] == ["totals", "meta", "next_cursor"]
    assert (answer["next_cursor"], set(answer["totals"].values())) == (None, {0})


def test_every_filter_and_order_gives_what_the_model_gives(either: Tenant, world: World) -> None:
    for start, end in PERIODS:
        for query in QUERIES:
            params = days(start, end) | query | {"include": "totals"}
            answer = read(either.get(PATH, world.key, params=params))
            expected = [
                it
                for it in slow_rows(world, query, start, end)
                if it["organization_id"] != "org_euro"
            ]
            assert answer["organizations"] == expected, query
            for name, total in answer["totals"].items():
                assert total == sum(it[name] for it in expected), query


@pytest.mark.parametrize("query", [{}, {"country": "GB"}, {"meter": f"{BRAND},kb.usage"}])
@pytest.mark.parametrize("group_by", ["meter", "country"])
def test_groups_are_the_parts_of_their_row(
    either: Tenant, world: World, group_by: str, query: Json
) -> None:
    for start, end in PERIODS:
        params = days(start, end) | query | {"group_by": group_by}
        counted = counting(world, query)
        for row in read(either.get(PATH, world.key, params=params))["organizations"]:
            held = charged(counted, row["organization_id"], start, end)
            keys = {it.event["type"] if group_by == "meter" else country_of(it) for it in held}
            slow = {
                key: sum(
                    it.sign
                    for it in held
                    if key == (it.event["type"] if group_by == "meter" else country_of(it))
                )
                for key in sorted(keys, key=TYPES.index if group_by == "meter" else None)
            }
            found = {it[group_by]: it["events"] for it in row["groups"]}
            assert list(found.items()) == [(key, n) for key, n in slow.items() if n]
            assert sum(it["cost"] for it in row["groups"]) == row["total_cost"]


def test_the_users_of_a_slice_and_what_is_no_users_are_their_organization(
    either: Tenant, world: World
) -> None:
    start, end = PERIODS[1]
    for query in ({"meter": "sms.outbound,kb.usage,brand.registration"}, {"country": "DE"}):
        for row in read(either.get(PATH, world.key, params=days(start, end) | query))[
            "organizations"
        ]:
            asked = {"organization_id": row["organization_id"], "include": "totals"}
            params = {**days(start, end), **asked, **query}
            params.pop("currency")
            users = read(either.get(USERS, world.key, params=params))
            both = users["totals"]["total_cost"] + users["organization_level"]["total_cost"]
            assert both == row["total_cost"]


def test_pages_are_the_whole_while_events_arrive(either: Tenant, world: World) -> None:
    asked = {**days(*PERIODS[0]), "include": "totals,meta"}
    whole = read(either.get(PATH, world.key, params=asked))
    rows, cursor, as_of = [], {}, set()
    while cursor != {"cursor": None}:
        answer = either.get(PATH, world.key, params={**asked, **cursor, "limit": 1})
        page = read(answer)
        rows += page["organizations"]
        as_of |= {answer.headers["x-as-of"], page["meta"]["as_of"]}
        assert page["totals"] == whole["totals"]
        cursor = {"cursor": page["next_cursor"]}
        more = event(id=f"more {len(rows)}", organization_id="org_b", cost=len(rows) * 1000)
        assert either.post("/v1/events", world.key, json=more).status_code == 200
    assert rows == whole["organizations"]
    assert len(as_of) == 1


def test_several_currencies_are_paged_and_not_added_up(either: Tenant) -> None:
    either.organization("org_euro", currency="EUR")
    first = either.get(PATH, params={"limit": 1})
    assert len(first.json()["organizations"]) == 1
    asked = {"limit": 1, "cursor": first.json()["next_cursor"], "include": "totals"}
    second = either.get(PATH, params=asked | {"include": "currency"}).json()["organizations"]
    assert [(it["organization_id"], it["currency"]) for it in second] == [("org_euro", "EUR")]
    either.send(event(organization_id="org_euro"))
    first = either.get(PATH, params={"limit": 1})
    assert "X-Other-Currencies" not in first.headers
    asked = {"limit": 1, "cursor": first.json()["next_cursor"], "include": "totals"}
    assert either.get(PATH, params=asked).json()["totals"]["currency"] == "USD"
    asked = {"limit": 1, "include": "totals", "min_cost": 1}
    assert problems(either.get(PATH, params=asked)) == [("currency", "currency_required")]


def test_a_key_of_an_organization_sees_it_alone_in_every_slice(either: Tenant) -> None:
    either.organization("org_2")
    key = either.key(organization="org_1")
    for query in ({"limit": 1}, {"sort": "total_cost"}, {"group_by": "country"}, {"search": "org"}):
        answer = read(either.get(PATH, key, params=query))
        assert [it["organization_id"] for it in answer["organizations"]] == ["org_1"]
