"""Random catalogs and buy prices against an independent model: every question agrees.

Two tenants have meters with the same codes and other categories.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Site, Tenant, site_of
from tests.builders import event, reversal
from tests.conftest import ENGINES
from tests.properties.profile import examples
from tests.rerating.builders import book
from tollbook.domain.meters import Category

DAYS = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
UNITS = ("message", "second", "month", "GB-day", "token")
NANOS = 10**9
MICROS = 10**6


class Charged(NamedTuple):
    """An event as the model charges it; `buy` is None where its rate has no buy price."""

    id: str
    type: str
    user: str
    category: str
    cost: int
    buy: int | None


class World:
    """A tenant with a random catalog, book and events, of which some state their costs."""

    def __init__(self, tenant: Tenant, random: Random) -> None:
        self.tenant = tenant
        tenant.organization()
        self.categories = {
            f"own.meter_{number}": random.choice(list(Category)) for number in range(12)
        }
        self.units = {type_: random.choice(UNITS) for type_ in self.categories}
        for type_, category in self.categories.items():
            body = {"type": type_, "unit": self.units[type_], "category": category.value}
            assert tenant.post("/v1/meters", json=body).status_code == 201
        self.prices = {type_: random.randrange(1, MICROS) for type_ in self.categories}
        self.buys = {type_: self._buy(random, type_) for type_ in self.categories}
        tenant.load(book(*map(self._rate, self.categories)))
        made = [self._event(random, number) for number in range(60)]
        counts = tenant.post("/v1/events", json=[sent for sent, _ in made]).json()["counts"]
        assert counts["accepted"] == len(made)
        taken_back = {it.id for _, it in random.sample(made, 6)}
        answer = tenant.post("/v1/events/reversals", json=[reversal(it) for it in taken_back])
        assert answer.status_code == 200, answer.text
        self.events = [it for _, it in made if it.id not in taken_back]
        for type_ in random.sample(list(self.categories), 4):
            tenant.patch(f"/v1/meters/{type_}", json={"retired": True})

    def _buy(self, random: Random, type_: str) -> int | None:
        """Return a buy price in micros: none, 0, below the price or above it."""
        price = self.prices[type_]
        return random.choice([None, 0, random.randrange(price), price + random.randrange(MICROS)])

    def _rate(self, type_: str) -> str:
        buy = self.buys[type_]
        bought = "" if buy is None else f", buy: {buy / MICROS:.6f}"
        price = f"{self.prices[type_] / MICROS:.6f}"
        return f"{{meter: {type_}, price: {price}, per: {self.units[type_]}{bought}}}"

    def _event(self, random: Random, number: int) -> tuple[dict[str, Any], Charged]:
        """Return an event, and how it is charged: by its own cost, which is its buy price too."""
        type_ = random.choice([*self.categories, "voice.call", "sms.outbound"])
        quantity, user = random.randrange(1, 100), random.choice(["ann", "ben"])
        sent = event(
            id=f"event-{number}",
            type=type_,
            user_id=user,
            time=f"2024-01-{random.randrange(1, 32):02}T12:00:00Z",
            quantity=quantity,
        )
        category = self.categories.get(
            type_, Category.MESSAGING if type_ == "sms.outbound" else Category.VOICE
        )
        cost = buy = random.randrange(1, 5 * NANOS)
        if type_ in self.categories and random.random() < 0.7:
            rate = self.buys[type_]
            cost = self.prices[type_] * quantity * 1_000
            buy = None if rate is None else rate * quantity * 1_000
        else:
            sent["cost"] = f"{cost // NANOS}.{cost % NANOS:09}"
        billed_user = "" if category is Category.BRAND_REGISTRATION else user
        return sent, Charged(sent["id"], type_, billed_user, category.value, cost, buy)

    def select(self, **wanted: str) -> Iterator[Charged]:
        """Yield the events that have some values in their fields."""
        for it in self.events:
            if all(getattr(it, name) == value for name, value in wanted.items()):
                yield it

    def costs(self, *names: str, **wanted: str) -> Counter[Any]:
        """Add up the costs of events in nanos by some of their fields."""
        found: Counter[Any] = Counter()
        for it in self.select(**wanted):
            found[tuple(getattr(it, name) for name in names)] += it.cost
        return found

    def margin(self, **wanted: str) -> tuple[int | None, int | None, float | None]:
        """Return the buy cost and the margin in nanos, and the share of the cost that is known."""
        events = list(self.select(**wanted))
        known = [it for it in events if it.buy is not None]
        if not events or not known:
            return (None, None, 0.0) if events else (0, 0, None)
        buy, bought_cost = sum(it.buy or 0 for it in known), sum(it.cost for it in known)
        if len(known) == len(events):
            return buy, bought_cost - buy, 1.0
        share = bought_cost / sum(it.cost for it in events)
        return buy, bought_cost - buy, min(max(share, 0.000_001), 0.999_999)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.tenant.get(path, params={**DAYS, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()


def nanos(amount: str) -> int:
    whole, _, rest = amount.lstrip("-").partition(".")
    return int(whole + rest.ljust(9, "0")[:9]) * (-1 if amount.startswith("-") else 1)


def require_margin(row: dict[str, Any], expected: tuple[int | None, int | None, Any]) -> None:
    amounts = [row[name] and nanos(row[name]) for name in ("buy_cost", "margin")]
    assert amounts == list(expected[:2])
    share, known = row["buy_known_share"], expected[2]
    assert share == known if known in (None, 0, 1) else abs(share - known) <= 0.000_001


@pytest.fixture(params=ENGINES)
def any_site(request: pytest.FixtureRequest) -> Site:
    return site_of(request)


@given(random=st.randoms(use_true_random=False))
@examples(3)
def test_all_questions_agree_with_the_model(any_site: Site, random: Random) -> None:
    worlds = [World(any_site.tenant(), random) for _ in range(2)]
    for world in worlds:
        agree_on_costs(world)
        agree_on_margins(world)
    assert worlds[0].tenant.differences() == []


def agree_on_margins(world: World) -> None:
    asked = {"amounts": "string", "include": "totals,margin"}
    report = world.get("/v1/analytics/users", organization_id="org_1", **asked)
    for row in report["users"]:
        require_margin(row, world.margin(user=row["user_id"]))
    require_margin(report["organization_level"], world.margin(user=""))
    overview = world.get("/v1/analytics/overview", amounts="string", include="margin")
    require_margin(overview, world.margin())
    (row,) = world.get("/v1/analytics/organizations", **asked)["organizations"]
    require_margin(row, world.margin())


def agree_on_costs(world: World) -> None:
    of_organization = {"organization_id": "org_1", "amounts": "string"}
    report = world.get("/v1/analytics/users", **of_organization, include="totals,meters")
    by_user = world.costs("user", "category")
    for row in report["users"]:
        costs = row["cost_breakdown"]
        for category in Category:
            name = f"{category.value}_cost"
            if name in costs:
                assert nanos(costs[name]) == by_user[row["user_id"], category.value], name
        assert nanos(row["total_cost"]) == world.costs(user=row["user_id"])[()]
        by_meter = world.costs("type", user=row["user_id"])
        assert {it["meter"]: nanos(it["cost"]) for it in row["meters"] if it["count"]} == {
            type_: cost for (type_,), cost in by_meter.items()
        }
    level = world.costs(category="brand_registration")
    assert nanos(report["organization_level"]["total_cost"]) == level[()]
    overview = world.get("/v1/analytics/overview", amounts="string")
    assert nanos(overview["total_cost"]) == world.costs()[()]
    (row,) = world.get("/v1/analytics/organizations", amounts="string")["organizations"]
    assert nanos(row["total_cost"]) == world.costs()[()]
    series = world.get("/v1/analytics/series", **of_organization, split_by="meter", top=20)
    found = {it["key"]: nanos(it["total_cost"]) for it in series["series"]}
    assert {type_: cost for type_, cost in found.items() if cost} == {
        type_: cost for (type_,), cost in world.costs("type").items()
    }
    for type_ in world.categories:
        some = world.get("/v1/analytics/users", **of_organization, meter=type_)
        sums = sum(nanos(it["total_cost"]) for it in some["users"])
        level_of_type = world.costs(type=type_, user="")[()]
        assert sums == world.costs(type=type_)[()] - level_of_type
