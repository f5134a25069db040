"""A meter is one entry of the catalog: every question shows its usage, and the sums add up."""

import csv
import io
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.builders import Platform, event
from tests.more_meters import MORE
from tests.servers import Server
from tollbook.analytics.figures import FIGURES, AnswerKind, figures_of, is_cost, require_every_cost
from tollbook.domain.meters import CATALOG, Category, Meter
from tollbook.wiring import open_database

BOOK = """
name: More
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: sms.outbound, price: 0.01, per: segment}
  - {meter: fax.outbound, price: 0.10, per: page}
  - {meter: campaign.registration, price: 5, per: item}
"""
DAYS = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
FAX, CAMPAIGN = MORE


@pytest.fixture
def client(database_url: str) -> Iterator[httpx.Client]:
    platform = Platform(open_database(database_url))
    platform.organization()
    key = platform.key()
    platform.database.close()
    server = Server(database_url)
    server.module = "tests.more_meters"
    with server, server.client(key) as client:
        book = {"content": BOOK, "headers": {"Content-Type": "application/yaml"}}
        loaded = client.post("/v1/price-books", **book)
        assert loaded.status_code == 201, loaded.text
        sent = [
            event(id="sms", user_id="ann", type="sms.outbound", quantity=1),
            event(id="fax", user_id="ann", type=FAX.type, quantity=3),
            event(id="fax-2", user_id="bob", type=FAX.type, quantity=1),
            event(id="campaign", user_id="ann", type=CAMPAIGN.type, quantity=2),
        ]
        answer = client.post("/v1/events", json=sent)
        assert answer.json()["counts"]["accepted"] == 4, answer.text
        yield client


def test_every_question_shows_meters_that_were_added(client: httpx.Client) -> None:
    def ask(path: str, **query: Any) -> Any:
        answer = client.get(f"/v1/{path}", params={**DAYS, **query})
        assert answer.status_code == 200, answer.text
        return answer.json(parse_float=Decimal)

    of_one = {"organization_id": "org_1"}
    users = ask("analytics/users", include="totals", group_by="meter", **of_one)
    ann, bob = users["users"]
    assert (ann["total_cost"], bob["total_cost"]) == (Decimal("0.31"), Decimal("0.10"))
    for user in (ann, bob, users["totals"]):
        costs = [value for name, value in user["cost_breakdown"].items() if name.endswith("_cost")]
        assert sum(costs) == user["total_cost"]
    assert [it["meter"] for it in ann["groups"]] == ["sms.outbound", FAX.type]
    own = users["organization_level"]
    assert own["total_cost"] == own["brand_registration_cost"] == 10
    everything = own["total_cost"] + users["totals"]["total_cost"]

    (organization,) = ask("analytics/organizations")["organizations"]
    overview = ask("analytics/overview")
    assert organization["total_cost"] == overview["total_cost"] == everything
    names = [it.name for it in figures_of(AnswerKind.OVERVIEW) if is_cost(it)]
    assert sum(overview["cost_breakdown"][name] for name in names) == everything
    assert overview["cost_breakdown"]["messaging_cost"] == Decimal("0.41")

    by_meter = ask("analytics/series", split_by="meter", bucket="month", **of_one)["series"]
    assert {it["key"]: it["total_cost"] for it in by_meter} == {
        CAMPAIGN.type: 10,
        FAX.type: Decimal("0.40"),
        "sms.outbound": Decimal("0.01"),
    }
    by_category = ask("analytics/series", split_by="category", bucket="month")["series"]
    assert sum(it["total_cost"] for it in by_category) == everything
    assert ask("analytics/changes")["total_cost"] == everything
    only = ask("analytics/users", meter=FAX.type, **of_one)["users"]
    assert [it["total_cost"] for it in only] == [Decimal("0.30"), Decimal("0.10")]
    events = ask("events", meter=CAMPAIGN.type, **of_one)["events"]
    assert [(it["id"], it["unit"]) for it in events] == [("campaign", "item")]


def test_files_terminal_and_explanations_know_them(client: httpx.Client) -> None:
    text = client.get(
        "/v1/analytics/users", params={**DAYS, "organization_id": "org_1", "format": "csv"}
    ).text
    *users, level = csv.DictReader(io.StringIO(text))
    costs = [Decimal(row["messaging_cost"]) for row in users]
    assert costs == [Decimal("0.31"), Decimal("0.1")]
    assert level["user_name"] == "organization level"
    explained = client.get("/v1/events/org_1/fax").json()
    assert explained["event"]["type"] == FAX.type
    estimate = client.post("/v1/rate", json=event(type=FAX.type, quantity=2)).json(
        parse_float=Decimal
    )
    assert estimate["charges"][0]["charge"]["cost"] == Decimal("0.20")


def test_a_category_that_no_breakdown_shows_fails_at_import() -> None:
    code = (
        "from tests import more_meters; from tollbook.domain.meters import Meter; "
        "more_meters.add(Meter('fax.outbound', 13, 'fax', 'page')); import tollbook.analytics.users"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert child.returncode != 0
    assert "no figure shows fax_cost of fax.outbound in USER, fax_cost" in child.stderr


@pytest.mark.parametrize("category", list(Category))
def test_a_cost_that_is_taken_out_of_the_table_is_missed(category: Category) -> None:
    figures = [it for it in FIGURES if not (is_cost(it) and it.meters is category)]
    with pytest.raises(AssertionError, match=f"{category}_cost"):
        require_every_cost(figures, CATALOG)


def test_a_cost_of_organizations_alone_is_not_asked_of_users() -> None:
    own = Meter("brand.vetting", 15, Category.BRAND_REGISTRATION, "item", organization_level=True)
    require_every_cost(FIGURES, [*CATALOG, own])
    with pytest.raises(AssertionError, match=r"brand_registration_cost of brand\.vetting in USER"):
        require_every_cost(
            FIGURES, [Meter("brand.vetting", 15, Category.BRAND_REGISTRATION, "item")]
        )
