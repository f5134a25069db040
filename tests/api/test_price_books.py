"""Price books over HTTP: load as YAML or CSV, draft and publish, list and read, who may."""

import io
from typing import Any

import httpx
import openpyxl
import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import event
from tollbook.api.endpoints.price_book_bodies import XLSX
from tollbook.domain.keys import Permission
from tollbook.domain.meters import CATALOG

PATH = "/v1/price-books"
BOOK = """\
name: Mine
currency: USD
effective_from: 2024-01-01
source: a contract
rates:
  - {meter: voice.call, price: 7, per: second, buy: 3}
  - {meter: voice.call, to: 44, price: 9, per: second, increments: 60/6}
"""
DECK = "Prefix,Rate,Increments\n4420,0.012,60/6\n4470-4472,0.09,60/60\n"
TERMS = {
    "meter": "voice.call",
    "per": "minute",
    "currency": "USD",
    "name": "Carrier A",
    "effective_from": "2024-02-01",
    "source": "deck 7",
}


def load(
    tenant: Tenant, body: str = BOOK, key: str | None = None, kind: str = "yaml", **query: Any
) -> httpx.Response:
    media_type = {"yaml": "application/yaml", "csv": "text/csv"}.get(kind, kind)
    headers = {"Content-Type": media_type}
    return tenant.post(PATH, key, content=body.encode(), headers=headers, params=query)


def version(answer: httpx.Response) -> int:
    assert answer.status_code == 201, answer.text
    return int(answer.json()["price_book"]["version"])


def call_cost(tenant: Tenant, identity: str, **given: Any) -> int:
    """Return what a call of one second costs, in whole units of currency."""
    sent = tenant.post(
        "/v1/events",
        json=event(id=identity, quantity=1, **{"attributes": {"to": "+4930123456"}, **given}),
    )
    assert sent.status_code == 200, sent.text
    ((nanos,),) = tenant.rows(
        "SELECT cost FROM events WHERE id_text(id) = :id AND organization_id = :number",
        id=identity,
        number=tenant.number("org_1"),
    )
    return nanos // 10**9


def test_the_example_prices_are_the_first_book(either: Tenant) -> None:
    (book,) = either.get(PATH).json()["price_books"]
    assert (book["version"], book["status"], book["rates"]) == (1, "published", 12)


def test_a_book_in_yaml_is_published_at_once(either: Tenant) -> None:
    assert call_cost(either, "before") == 0
    book = load(either).json()["price_book"]
    assert {**book, "created_at": "", "published_at": ""} == {
        "version": 2,
        "organization_id": None,
        "name": "Mine",
        "currency": "USD",
        "status": "published",
        "effective_from": "2024-01-01",
        "effective_until": None,
        "source": "a contract",
        "rates": 2,
        "created_at": "",
        "published_at": "",
        "rules": 2,
    }
    assert call_cost(either, "after") == 7
    first = either.get(f"{PATH}/1").json()["price_book"]
    assert (first["status"], first["effective_until"]) == ("superseded", "2023-12-31")


def test_rates_that_no_event_can_reach_are_reported(either: Tenant) -> None:
    country = "  - {meter: voice.call, when: {to.country: GB}, price: 1, per: second}\n"
    answer = load(either, BOOK + country).json()
    first = either.get(f"{PATH}/{answer['price_book']['version']}").json()["rates"][0]["rate_id"]
    reported = {
        "rate_id": first + 2,
        "rate": "voice.call; to.country GB",
        "covered_by": "prefixes_of_country",
    }
    assert (answer["unreachable_rates"], answer["unreachable_rates_count"]) == ([reported], 1)
    answer = load(either).json()
    assert (answer["unreachable_rates"], answer["unreachable_rates_count"]) == ([], 0)


def test_a_deck_in_csv_is_a_book(either: Tenant) -> None:
    answer = either.get(f"{PATH}/{version(load(either, DECK, kind='csv', **TERMS))}").json()
    assert answer["price_book"]["name"] == "Carrier A"
    assert [(it["to"], it["price"], it["increments"]) for it in answer["rates"]] == [
        ("4420", "0.012", "60/6"),
        ("4470", "0.09", "60/60"),
        ("4471", "0.09", "60/60"),
        ("4472", "0.09", "60/60"),
    ]


def test_columns_are_named_in_the_query(tenant: Tenant) -> None:
    deck = "Vorwahl;Preis;Alt\n49;0,012;1\n"
    query = {
        **TERMS,
        "columns": '{"prefix": "Vorwahl", "price": "Preis"}',
        "ignore": '["Alt"]',
        "when": '{"route": "direct"}',
        "decimal_comma": "true",
        "increments": "1/1",
    }
    (rate,) = tenant.get(f"{PATH}/{version(load(tenant, deck, kind='csv', **query))}").json()[
        "rates"
    ]
    assert {**rate, "rate_id": 0} == {
        "rate_id": 0,
        "meter": "voice.call",
        "price": "0.012",
        "per": "minute",
        "to": "49",
        "when": {"route": "direct"},
        "increments": "1/1",
    }


def test_a_draft_prices_nothing_until_it_is_published(either: Tenant) -> None:
    draft = version(load(either, draft="true"))
    assert call_cost(either, "1") == 0
    answer = either.post(f"{PATH}/{draft}/publish", params={"effective_from": "2024-01-02"})
    book = answer.json()["price_book"]
    assert (book["status"], book["effective_from"]) == ("published", "2024-01-02")
    assert call_cost(either, "2") == 7


def test_a_book_tells_which_meters_have_no_price_any_longer(either: Tenant) -> None:
    every = [it.type for it in CATALOG]
    lost = [it for it in every if it != "voice.call"]
    draft = load(either, draft="true")
    assert draft.json()["no_longer_priced"] == lost
    answer = either.post(f"{PATH}/{version(draft)}/publish")
    assert answer.json()["no_longer_priced"] == lost
    again = either.post(f"{PATH}/{version(draft)}/publish")
    assert again.json()["no_longer_priced"] == lost
    # What had no price before is not lost once more.
    assert load(either).json()["no_longer_priced"] == []
    rate = "{meter: sms.outbound, price: 1, per: segment}"
    texts = f"{BOOK.partition('rates:')[0]}rates:\n  - {rate}\n"
    assert load(either, texts).json()["no_longer_priced"] == ["voice.call"]


def test_an_organizations_own_book_takes_no_price_away(either: Tenant) -> None:
    assert load(either, organization_id="org_1").json()["no_longer_priced"] == []


@pytest.mark.parametrize(
    ("days", "lost"),
    [
        ("", []),
        ("valid_until: 2024-02-01", []),
        ("valid_from: 2024-02-01", []),
        ("valid_from: 2024-02-02", ["voice.call"]),
    ],
)
def test_a_rate_that_begins_later_than_its_book_leaves_days_without_a_price(
    either: Tenant, days: str, lost: list[str]
) -> None:
    load(either)
    rate = f"{{meter: voice.call, price: 7, per: second{days and ', '}{days}}}"
    later = BOOK.replace("2024-01-01", "2024-02-01").partition("rates:")[0]
    answer = load(either, f"{later}rates:\n  - {rate}\n")
    assert (answer.status_code, answer.json().get("no_longer_priced")) == (201, lost)


def test_a_published_book_is_published_again_from_no_other_day(either: Tenant) -> None:
    path = f"{PATH}/{version(load(either))}/publish"
    first = either.post(path)
    again = either.post(path, params={"effective_from": "2024-01-01"})
    assert (first.status_code, again.json()) == (200, first.json())
    other = either.post(path, params={"effective_from": "2024-01-02"})
    assert (other.status_code, other.json()["code"]) == (409, "already_published")
    assert "from 2024-01-01 on and cannot change" in other.json()["error"]


def test_an_organizations_own_book_overrides_rate_by_rate(either: Tenant) -> None:
    load(either)
    own = BOOK.replace("price: 9", "price: 1").replace("voice.call, price: 7", "kb.usage, price: 5")
    book = load(either, own, organization_id="org_1").json()["price_book"]
    assert book["organization_id"] == "org_1"
    assert call_cost(either, "1", attributes={"to": "+442071838750"}) == 60
    assert call_cost(either, "2", attributes={"to": "+33123456789"}) == 7
    listed = either.get(PATH, params={"organization_id": "org_1"}).json()["price_books"]
    assert [it["version"] for it in listed] == [book["version"]]


def test_an_own_book_in_another_currency_is_refused(either: Tenant) -> None:
    answer = load(either, BOOK.replace("USD", "EUR"), organization_id="org_1")
    assert (answer.status_code, answer.json()["code"]) == (400, "price_book_refused")
    assert problems(answer) == [("currency", "currency_mismatch")]
    assert load(either, BOOK.replace("USD", "EUR")).status_code == 201


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        ("yaml", BOOK.replace("price: 9", "price: x"), [("rates[1].price", "invalid_price")]),
        (
            "csv",
            DECK + "4420,1,60/6\n4471,x,60/6\n",
            [("Rate", "invalid_price"), ("prefix", "overlapping_rows")],
        ),
    ],
)
def test_a_wrong_book_is_refused_whole_with_every_error(
    either: Tenant, kind: str, body: str, found: list
) -> None:
    answer = load(either, body, kind=kind, **(TERMS if kind == "csv" else {}))
    assert (answer.status_code, answer.json()["code"]) == (400, "price_book_refused")
    assert problems(answer) == found
    assert "line " in answer.json()["details"][0]["error"]
    assert len(either.get(PATH).json()["price_books"]) == 1


def test_decks_beside_a_book_are_out_of_reach_over_http(tenant: Tenant) -> None:
    body = BOOK + "decks:\n  - {file: /etc/passwd, meter: voice.call, per: minute}\n"
    assert problems(load(tenant, body)) == [("decks", "decks_out_of_reach")]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_another_kind_of_body_is_refused(tenant: Tenant, kind: str) -> None:
    answer = load(tenant, kind=kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_body")


def test_what_a_deck_needs_is_listed_at_once(tenant: Tenant) -> None:
    answer = load(tenant, DECK, kind="csv", columns="[]")
    names = ("meter", "per", "currency", "name", "effective_from", "source")
    missing = [(name, "missing_parameter") for name in names]
    assert problems(answer) == [*missing, ("columns", "invalid_columns")]


def test_a_yaml_book_says_itself_what_a_deck_does_not(tenant: Tenant) -> None:
    answer = load(tenant, meter="voice.call", inbound="true")
    assert problems(answer) == [("meter", "not_for_yaml"), ("inbound", "not_for_yaml")]


def test_a_body_that_is_not_utf8_is_refused(tenant: Tenant) -> None:
    headers = {"Content-Type": "application/yaml"}
    answer = tenant.post(PATH, content=b"name: \xff\xfe", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "price_book_refused")


@pytest.mark.parametrize(
    "line",
    [
        'name: "a\\0b"',
        'source: "a\\ud800"',
        "name: " + "x" * 201,
        'rates: [{meter: voice.call, price: 1, per: second, when: {a: "\\ud83d"}}]',
        "rates: &r [*r]",
    ],
)
def test_what_no_database_holds_is_refused(either: Tenant, line: str) -> None:
    field = line.partition(":")[0]
    kept = BOOK.partition("rates:")[0] if field == "rates" else BOOK
    lines = [it for it in kept.splitlines() if not it.startswith(f"{field}:")]
    answer = load(either, "\n".join([*lines, line]))
    assert (answer.status_code, answer.json()["code"]) == (400, "price_book_refused")


def test_an_alias_cannot_stand_for_more_rates_than_a_book_has(tenant: Tenant) -> None:
    many = ", ".join(str(n) for n in range(1000, 3000))
    body = BOOK + f"  - &r {{meter: kb.usage, to: [{many}], price: 1, per: second}}\n"
    answer = load(tenant, body + "  - *r\n" * 60)
    assert ("rates", "too_many_rates") in problems(answer)


@pytest.mark.parametrize(("kind", "mebibytes"), [("yaml", 1), ("csv", 32)])
def test_a_book_has_a_most_size(tenant: Tenant, kind: str, mebibytes: int) -> None:
    answer = load(tenant, " " * (mebibytes * 1024 * 1024 + 1), kind=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_rates_are_read_a_page_at_a_time(either: Tenant) -> None:
    path = f"{PATH}/{version(load(either, DECK, kind='csv', **TERMS))}"
    seen: list[str] = []
    after = 0
    while after is not None:
        answer = either.get(path, params={"limit": 3, "after": after}).json()
        seen += [it["to"] for it in answer["rates"]]
        after = answer["next_after"]
    assert seen == ["4420", "4470", "4471", "4472"]


@pytest.mark.parametrize(
    ("to", "found"),
    [
        ("+4420", ["4420"]),
        ("0044 20-7183 8750", ["4420"]),
        ("447", ["4470", "4471", "4472"]),
        ("+4471", ["4471"]),
        ("+4", ["4420", "4470", "4471", "4472"]),
        ("+49", []),
    ],
)
def test_rates_are_found_by_a_number_or_its_beginning(
    either: Tenant, to: str, found: list[str]
) -> None:
    path = f"{PATH}/{version(load(either, DECK, kind='csv', **TERMS))}"
    answer = either.get(path, params={"to": to}).json()
    assert [it["to"] for it in answer["rates"]] == found


def test_a_rate_without_a_prefix_is_for_any_number(either: Tenant) -> None:
    path = f"{PATH}/{version(load(either))}"
    every = either.get(path).json()["rates"]
    assert every
    assert either.get(path, params={"to": "+49"}).json()["rates"] == [
        it for it in every if "to" not in it or "49".startswith(it["to"])
    ]
    assert problems(either.get(path, params={"to": "Berlin"})) == [("to", "invalid_number")]


@pytest.mark.parametrize("text", ["9", "0", "x", "-1", "%00", "1" * 300, "²"])
def test_an_unknown_book_is_404(either: Tenant, text: str) -> None:
    for answer in (either.get(f"{PATH}/{text}"), either.post(f"{PATH}/{text}/publish")):
        assert (answer.status_code, answer.json()["error"]) == (404, "Price book not found")


def test_a_stranger_sees_and_publishes_nothing(either: Tenant) -> None:
    draft = version(load(either, draft="true"))
    stranger = Tenant(either.database, either.http)
    assert stranger.get(f"{PATH}/{draft}").status_code == 404
    assert stranger.post(f"{PATH}/{draft}/publish").status_code == 404
    assert load(stranger, organization_id="org_1").status_code == 404
    assert either.get(f"{PATH}/{draft}").json()["price_book"]["status"] == "draft"


def test_a_key_of_an_organization_sees_its_own_and_the_tenants_and_writes_neither(
    either: Tenant,
) -> None:
    either.organization("org_2")
    common, draft = version(load(either)), version(load(either, draft="true"))
    own = version(load(either, organization_id="org_1"))
    others = version(load(either, organization_id="org_2"))
    admin = either.key(Permission.ADMIN, organization="org_1")
    seen = [it["version"] for it in either.get(PATH, admin).json()["price_books"]]
    assert seen == [1, common, own]
    assert either.get(f"{PATH}/{own}", admin).status_code == 200
    for hidden in (draft, others):
        assert either.get(f"{PATH}/{hidden}", admin).status_code == 404
    for answer in (
        load(either, key=admin),
        load(either, key=admin, organization_id="org_1"),
        either.post(f"{PATH}/{own}/publish", admin),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


def test_what_the_platform_buys_for_is_not_shown_to_its_customers(either: Tenant) -> None:
    path = f"{PATH}/{version(load(either))}"
    assert either.get(path).json()["rates"][0]["buy"]["price"] == "3"
    admin = either.key(Permission.ADMIN, organization="org_1")
    assert "buy" not in either.get(path, admin).json()["rates"][0]


def test_a_key_of_one_user_sees_no_prices(either: Tenant) -> None:
    admin = either.key(Permission.ADMIN, organization="org_1", user="ann")
    for answer in (either.get(PATH, admin), either.get(f"{PATH}/1", admin)):
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


def test_a_list_is_read_by_a_format_and_terms_in_the_query(tenant: Tenant) -> None:
    deck = "Code,Destination,Per Minute Cost,Peak,Status\n0044,UK,0.1,0.2,Active\n0045,DK,1,,Old\n"
    terms = {name: value for name, value in TERMS.items() if name not in ("meter", "per")}
    query = {
        **terms,
        "deck_format": "astpp",
        "access_codes": '["00"]',
        "hours": '{"Peak": "mon-fri 08:00-20:00"}',
        "skip": '{"Destination": "DK"}',
        "only": '{"Status": ["Active", "Old"]}',
    }
    rates = tenant.get(f"{PATH}/{version(load(tenant, deck, kind='csv', **query))}").json()["rates"]
    assert [(it["to"], it["destination"], it["price"]) for it in rates] == [
        ("44", "UK", "0.1"),
        ("44", "UK", "0.2"),
    ]
    assert rates[1]["hours"][0] == "mon 08:00 to mon 20:00"


@pytest.mark.parametrize("name", ["skip", "only", "hours", "prices", "access_codes", "zero"])
def test_a_term_that_is_no_json_is_refused(tenant: Tenant, name: str) -> None:
    answer = load(tenant, DECK, kind="csv", **{**TERMS, name: "x"})
    assert problems(answer) == [(name, f"invalid_{name}")]


def test_a_workbook_is_a_body_and_its_errors_name_cells(tenant: Tenant) -> None:
    book = openpyxl.Workbook()
    for row in (("Destination", "Prefix", "Rate"), ("UK", 44, 1), ("UK mobile", 4477, "=1+1")):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    headers = {"Content-Type": XLSX}
    answer = tenant.post(PATH, content=content.getvalue(), headers=headers, params=TERMS)
    assert problems(answer) == [("Rate", "invalid_cell")]
    assert answer.json()["details"][0]["error"].startswith("Sheet!C3: Rate is a formula without")
    book.active["C3"] = 2
    content = io.BytesIO()
    book.save(content)
    answer = tenant.post(PATH, content=content.getvalue(), headers=headers, params=TERMS)
    (one, other) = tenant.get(f"{PATH}/{version(answer)}").json()["rates"]
    assert (one["destination"], other["price"]) == ("UK", "2")


def test_the_destination_is_shown_with_an_event_and_an_estimate(tenant: Tenant) -> None:
    deck = "Destination,Prefix,Rate\nGermany,49,6\n"
    version(load(tenant, deck, kind="csv", **{**TERMS, "effective_from": "2024-01-01"}))
    sent = event(id="named", quantity=60, attributes={"to": "+4930123456"})
    assert tenant.post("/v1/events", json=sent).status_code == 200
    shown = tenant.get("/v1/events/org_1/named").json()["charge"]["rate"]
    assert (shown["to"], shown["destination"]) == ("49", "Germany")
    assert shown["matched"] == "voice.call; to 49 (Germany)"
    rated = tenant.post("/v1/rate", json={**sent, "id": "estimate"}).json()
    assert "Germany" in str(rated)


def test_prefixes_that_start_later_are_reported(tenant: Tenant) -> None:
    deck = "Prefix,Rate,Start\n44,1,\n4477,2,2030-01-01\n"
    answer = load(tenant, deck, kind="csv", **TERMS).json()
    assert answer["starts_later_count"] == 1
    assert answer["starts_later"] == [
        {
            "meter": "voice.call",
            "to": "4477",
            "from": "",
            "valid_from": "2030-01-01",
            "until_then": "44",
        }
    ]
