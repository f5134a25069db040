"""Margins on the page, which keys of the whole tenant get."""

from playwright.sync_api import expect

from tests.dashboard.conftest import JANUARY, Demo, Look, table

MAY = "start=2018-05-01&end=2018-05-31"
BOOK = """
name: Sold below
currency: USD
effective_from: 2018-01-01
source: a test
rates:
  - {meter: sms.outbound, price: "0.02", per: segment, buy: "0.03"}
  - {meter: api.request, price: "1", per: request}
  - {meter: brand.registration, price: "4", per: registration, buy: "3"}
"""


def test_the_overview_shows_margins_and_what_is_sold_below_its_buy_price(
    look: Look, demo: Demo
) -> None:
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "sold_below", "name": "Sold Below"})
        yaml = {"Content-Type": "application/yaml"}
        query = {"organization_id": "sold_below"}
        loaded = client.post("/v1/price-books", params=query, content=BOOK, headers=yaml)
        assert loaded.json()["below_buy_count"] == 1
        sent = {"organization_id": "sold_below", "time": "2018-05-10T12:00:00Z", "quantity": 100}
        sms = {"id": "sms", "type": "sms.outbound", "attributes": {"to": "+442071838750"}}
        june = {"time": "2018-06-10T12:00:00Z"}
        later = {"id": "later", "type": "api.request", "quantity": 12, **june}
        brand = {"id": "brand", "type": "brand.registration", "quantity": 1, **june}
        for one in (sms, {"id": "request", "type": "api.request"}, later, brand):
            (receipt,) = client.post("/v1/events", json=sent | one).json()["receipts"]
            assert receipt["status"] == "accepted"
    page = look("tenant", f"#/?{MAY}")
    expect(page.get_by_text("buy price known for 2.0% of cost")).to_be_visible()
    row = next(it for it in table(page) if it[0] == "Sold Below")
    assert row[-2:] == ["-$1.00", "$102.00"]
    losses = page.locator("section.losses")
    expect(losses.get_by_role("link", name="Sold Below")).to_be_visible()
    expect(losses.get_by_role("listitem")).to_have_text(["Sold Below -$1.00", "GB -$1.00"])

    # The tile of an organization adds what belongs to none of its users.
    page = look("tenant", "#/organizations/sold_below?start=2018-06-01&end=2018-06-30")
    expect(page.locator(".tile", has_text="Margin")).to_contain_text(
        "$1.00buy price known for 25.0% of cost"
    )


def test_other_keys_see_no_margin(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    expect(page.get_by_role("heading", name="Acme Corp")).to_be_visible()
    expect(page.get_by_text("Margin")).to_have_count(0)
