"""Random catalogs against an independent model: every question agrees, for two tenants at once."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.api.conftest import Site, Tenant
from tests.builders import event
from tests.conftest import ENGINES
from tollbook.domain.meters import Category

DAYS = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
UNITS = ("message", "second", "month", "GB-day", "token")
NANOS = 10**9


class World:
    """A tenant with a random catalog and random events, which state their costs in nanos."""

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
        self.events = [self._event(random, number) for number in range(60)]
        counts = tenant.post("/v1/events", json=self.events).json()["counts"]
        assert counts["accepted"] == len(self.events)
        for type_ in random.sample(list(self.categories), 4):
            tenant.patch(f"/v1/meters/{type_}", json={"retired": True})

    def _event(self, random: Random, number: int) -> dict[str, Any]:
        cost = random.randrange(1, 5 * NANOS)
        return event(
            id=f"event-{number}",
            type=random.choice([*self.categories, "voice.call", "sms.outbound"]),
            user_id=random.choice(["ann", "ben"]),
            time=f"2024-01-{random.randrange(1, 32):02}T12:00:00Z",
            quantity=random.randrange(1, 100),
            cost=f"{cost // NANOS}.{cost % NANOS:09}",
        )

    def costs(self, *names: str, **wanted: str) -> Counter[Any]:
        """Add up the costs of events in nanos by some of their fields."""
        found: Counter[Any] = Counter()
        for it in self.events:
            whole, _, rest = it["cost"].partition(".")
            category = self.categories.get(it["type"], Category.VOICE)
            if it["type"] == "sms.outbound":
                category = Category.MESSAGING
            is_level = category is Category.BRAND_REGISTRATION
            fields = {
                "type": it["type"],
                "user": "" if is_level else it["user_id"],
                "category": category.value,
            }
            if all(fields[name] == value for name, value in wanted.items()):
                found[tuple(fields[name] for name in names)] += int(whole + rest)
        return found

    def get(self, path: str, **query: Any) -> Any:
        answer = self.tenant.get(path, params={**DAYS, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()


def nanos(amount: str) -> int:
    whole, _, rest = amount.partition(".")
    return int(whole + rest.ljust(9, "0")[:9])


@pytest.fixture(params=ENGINES)
def worlds(request: pytest.FixtureRequest) -> list[World]:
    """Two tenants, whose meters have the same codes and other categories."""
    name = "site" if request.param == "sqlite" else "postgres_site"
    site: Site = request.getfixturevalue(name)
    return [World(site.tenant(), Random(seed)) for seed in (7, 8)]


def test_all_questions_agree_with_the_model(worlds: list[World]) -> None:
    for world in worlds:
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
        assert {it["key"]: nanos(it["total_cost"]) for it in series["series"]} == {
            type_: cost for (type_,), cost in world.costs("type").items()
        }
        for type_ in world.categories:
            some = world.get("/v1/analytics/users", **of_organization, meter=type_)
            found = sum(nanos(it["total_cost"]) for it in some["users"])
            level_of_type = world.costs(type=type_, user="")[()]
            assert found == world.costs(type=type_)[()] - level_of_type
    assert worlds[0].tenant.differences() == []
