"""The catalog of meters over HTTP, and the events, prices and keys that follow it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import Site, Tenant, problems, site_on
from tests.builders import correction, event, reversal
from tollbook.domain.meters import CATALOG
from tollbook.domain.ready_catalogs import READY_CATALOGS
from tollbook.store.meters import read_catalog

PATH = "/v1/meters"
WHATSAPP = {
    "type": "whatsapp.marketing",
    "unit": "message",
    "category": "messaging",
    "name": "WhatsApp marketing",
    "whole": True,
}
BOOK = """
name: Standard
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: whatsapp.marketing, per: message, graduated: [{up_to: 2, price: 0.5}, {price: 0.25}]}
  - {meter: voice.call, price: 0.01, per: minute}
"""


def whatsapp(identity: str = "wa-1", **given: Any) -> dict[str, Any]:
    return event(**{"id": identity, "type": "whatsapp.marketing", "quantity": 1, **given})


def add(tenant: Tenant, **given: Any) -> Any:
    return tenant.post(PATH, json={**WHATSAPP, **given})


def load(tenant: Tenant, book: str = BOOK) -> Any:
    return tenant.post(
        "/v1/price-books", content=book, headers={"Content-Type": "application/yaml"}
    )


def receipt(tenant: Tenant, sent: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    found = tenant.post("/v1/events", key, json=sent).json()["receipts"][0]
    assert isinstance(found, dict)
    return found


def acts(tenant: Tenant) -> list[tuple[str, str]]:
    found = tenant.get("/v1/audit-log").json()["acts"]
    return [(it["action"], it["object"]) for it in found if it["action"].startswith("meter.")]


def test_the_built_in_meters_come_first(tenant: Tenant) -> None:
    found = tenant.get(PATH).json()["meters"]
    assert [it["type"] for it in found] == [it.type for it in CATALOG]
    assert found[0] == {
        "type": "sms.outbound",
        "name": "SMS sent",
        "unit": "segment",
        "category": "messaging",
        "whole": True,
        "resource_required": False,
        "built_in": True,
        "retired_at": None,
        "has_events": None,
        "created_at": None,
    }


def test_a_meter_is_added_once(either: Tenant) -> None:
    answer = add(either)
    assert answer.status_code == 201
    meter = answer.json()["meter"]
    assert meter.pop("created_at")
    assert meter == {
        **WHATSAPP,
        "resource_required": False,
        "built_in": False,
        "retired_at": None,
        "has_events": False,
    }
    assert add(either).status_code == 200
    other = add(either, unit="session", whole=False)
    assert (other.status_code, other.json()["code"]) == (409, "meter_exists")
    assert "unit and whole" in other.json()["error"]
    assert acts(either) == [("meter.add", "meter whatsapp.marketing")]
    assert either.get(PATH).json()["meters"][-1]["type"] == "whatsapp.marketing"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**WHATSAPP, "type": "total"}, "type"),
        ({**WHATSAPP, "unit": "minutes"}, "unit"),
        ({**WHATSAPP, "category": "sms"}, "category"),
        ({**WHATSAPP, "name": ""}, "name"),
        ({**WHATSAPP, "code": 1}, "code"),
        ({"type": "a.b", "unit": "item"}, "category"),
        ({"catalog": "nothing"}, "catalog"),
        ({"catalog": "fax", "unit": "page"}, "unit"),
    ],
)
def test_a_wrong_meter_is_refused_by_its_field(
    tenant: Tenant, body: dict[str, Any], field: str
) -> None:
    answer = tenant.post(PATH, json=body)
    assert answer.status_code == 400
    assert [it["field"] for it in answer.json()["details"]] == [field]


def test_a_built_in_meter_never_changes(tenant: Tenant) -> None:
    answers = [add(tenant, type="sms.outbound"), tenant.patch(f"{PATH}/sms.outbound", json={})]
    assert [(it.status_code, it.json()["code"]) for it in answers] == [(409, "built_in_meter")] * 2


@pytest.mark.parametrize("name", READY_CATALOGS)
def test_a_ready_made_catalog_is_added_whole(tenant: Tenant, name: str) -> None:
    wanted = {it.type for it in READY_CATALOGS[name]}
    answer = tenant.post(PATH, json={"catalog": name})
    assert answer.status_code == 201
    assert {it["type"] for it in answer.json()["added"]} == wanted
    again = tenant.post(PATH, json={"catalog": name})
    assert (again.status_code, again.json()["added"]) == (200, [])
    assert {it["type"] for it in again.json()["unchanged"]} == wanted


def test_a_ready_made_catalog_is_added_whole_or_not_at_all(either: Tenant) -> None:
    add(either, type="fax.call", unit="page", category="voice")
    answer = either.post(PATH, json={"catalog": "fax"})
    assert (answer.status_code, answer.json()["code"]) == (409, "meter_exists")
    assert len(either.get(PATH).json()["meters"]) == len(CATALOG) + 1


def test_a_retired_meter_stays_retired_when_its_catalog_is_added(tenant: Tenant) -> None:
    tenant.post(PATH, json={"catalog": "fax"})
    tenant.patch(f"{PATH}/fax.call", json={"retired": True})
    tenant.post(PATH, json={"catalog": "fax"})
    retired = tenant.get(PATH, params={"retired": "true"}).json()["meters"]
    assert [it["type"] for it in retired] == ["fax.call"]
    active = tenant.get(PATH, params={"retired": "false"}).json()["meters"]
    assert len(active) == len(CATALOG) + 2


def test_the_ready_made_catalogs_are_listed(tenant: Tenant) -> None:
    found = tenant.get(PATH, params={"include": "catalogs"}).json()["catalogs"]
    assert [it["name"] for it in found] == list(READY_CATALOGS)
    assert found[0]["meters"][0] == {**WHATSAPP, "resource_required": False}


def test_a_tenant_has_a_limited_number_of_meters(site: Site) -> None:
    tenant = site.tenant()
    for number in range(400):
        assert add(tenant, type=f"a.m{number}").status_code == 201
    answer = add(tenant)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_meters")
    assert tenant.post(PATH, json={"catalog": "fax"}).json()["code"] == "too_many_meters"


def test_a_change_is_made_and_written_to_the_audit_log(either: Tenant) -> None:
    add(either)
    path = f"{PATH}/whatsapp.marketing"
    changed = {"name": "Marketing", "unit": "session", "category": "voice", "whole": False}
    answer = either.patch(path, json={**changed, "resource_required": True})
    assert answer.status_code == 200
    assert answer.json()["meter"].items() >= changed.items()
    assert either.patch(path, json={"name": "Marketing"}).status_code == 200
    retired = either.patch(path, json={"retired": True}).json()["meter"]
    assert retired["retired_at"]
    assert either.patch(path, json={"retired": True}).json()["meter"] == retired
    assert either.patch(path, json={"retired": False}).json()["meter"]["retired_at"] is None
    assert [action for action, _ in acts(either)] == [
        "meter.activate",
        "meter.retire",
        "meter.change",
        "meter.add",
    ]
    details = [it["details"] for it in either.get("/v1/audit-log").json()["acts"]][2]
    assert details["before"] == {
        **{name: WHATSAPP[name] for name in changed},
        "resource_required": False,
    }
    assert details["after"] == {**changed, "resource_required": True}


@pytest.mark.parametrize("change", [{"name": None}, {"type": "a.b"}, {"retired": "yes"}])
def test_a_change_to_null_or_of_an_unknown_field_is_refused(
    tenant: Tenant, change: dict[str, Any]
) -> None:
    add(tenant)
    assert tenant.patch(f"{PATH}/whatsapp.marketing", json=change).status_code == 400


def test_an_unknown_meter_cannot_change(tenant: Tenant) -> None:
    add(tenant)
    answer = tenant.patch(f"{PATH}/whatsapp.marketin", json={"retired": True})
    assert answer.status_code == 404
    assert "the nearest meter is whatsapp.marketing" in answer.json()["error"]


def test_only_a_key_of_the_whole_tenant_changes_the_catalog(tenant: Tenant) -> None:
    add(tenant)
    bound = tenant.key(organization="org_1")
    for answer in (
        tenant.post(PATH, bound, json=WHATSAPP),
        tenant.patch(f"{PATH}/whatsapp.marketing", bound, json={"retired": True}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    seen = tenant.get(PATH, bound).json()["meters"][-1]
    assert {"has_events", "created_at"}.isdisjoint(seen)


def test_a_key_sees_the_meters_that_it_is_limited_to(tenant: Tenant) -> None:
    add(tenant)
    created = {
        "name": "wa",
        "permissions": ["events:write"],
        "meters": ["whatsapp.marketing"],
        "id_prefix": "wa-",
    }
    answer = tenant.post("/v1/keys", json=created)
    assert answer.status_code == 201, answer.text
    key = answer.json()["api_key"]
    assert [it["type"] for it in tenant.get(PATH, key).json()["meters"]] == ["whatsapp.marketing"]
    assert receipt(tenant, whatsapp(), key)["status"] == "quarantined"
    refused = receipt(tenant, event(id="wa-2"), key)
    assert (refused["status"], refused["code"]) == ("rejected", "not_for_this_key")
    unknown = tenant.post("/v1/keys", json={**created, "meters": ["whatsapp.x"]})
    assert [it["field"] for it in unknown.json()["details"]] == ["meters"]


def test_an_event_of_an_own_meter_is_charged_by_its_tiers(either: Tenant) -> None:
    add(either)
    assert load(either).status_code == 201
    sent = [whatsapp(f"wa-{number}", quantity=2) for number in range(2)]
    answer = either.post("/v1/events", json=sent)
    assert answer.json()["counts"]["accepted"] == 2
    shown = [either.get(f"/v1/events/org_1/wa-{number}").json() for number in range(2)]
    assert [it["charge"]["cost"] for it in shown] == [1.0, 0.5]
    assert [it["charge"]["unit"] for it in shown] == ["message"] * 2
    assert shown[0]["charge"]["steps"][0] == "2 messages raw"
    assert shown[0]["event"]["type"] == "whatsapp.marketing"
    assert shown[0]["replay_mismatch"] is None
    estimate = either.post("/v1/rate", json=[whatsapp("wa-9", quantity=1)]).json()
    assert estimate["charges"][0]["charge"]["cost"] == 0.25
    assert either.get(PATH).json()["meters"][-1]["has_events"] is True


def test_an_event_of_an_own_meter_without_a_price_waits(either: Tenant) -> None:
    add(either)
    found = receipt(either, whatsapp())
    assert (found["status"], found["code"]) == ("quarantined", "no_price")
    assert either.get(PATH).json()["meters"][-1]["has_events"] is True
    load(either)
    assert either.replay_over_http(type="whatsapp.marketing") == (1, 0)


def test_an_unknown_type_is_rejected_with_the_nearest(either: Tenant) -> None:
    add(either)
    found = receipt(either, whatsapp(type="whatsapp.marketin"))
    assert (found["status"], found["code"], found["field"]) == ("rejected", "unknown_type", "type")
    assert found["error"].startswith("type is unknown; the nearest meter is whatsapp.marketing. ")
    assert "POST /v1/meters" in found["error"]
    far = receipt(either, whatsapp(type="zzz.qqq"))
    assert far["error"].startswith("type is unknown. ")


def test_a_retired_meter_accepts_what_is_stored_already_and_nothing_new(either: Tenant) -> None:
    add(either)
    load(either)
    assert receipt(either, whatsapp())["status"] == "accepted"
    either.patch(f"{PATH}/whatsapp.marketing", json={"retired": True})
    assert receipt(either, whatsapp())["status"] == "duplicate"
    assert receipt(either, whatsapp(quantity=7))["status"] == "conflict"
    found = receipt(either, whatsapp("wa-2"))
    assert (found["status"], found["code"]) == ("rejected", "meter_retired")
    estimate = either.post("/v1/rate", json=whatsapp("wa-2")).json()["charges"][0]
    assert (estimate["status"], estimate["code"]) == ("rejected", "meter_retired")
    corrected = either.post(
        "/v1/events/corrections", json=correction("wa-1", id="wa-3", quantity=2)
    ).json()["receipts"][0]
    assert corrected["status"] == "accepted"
    back = either.post("/v1/events/reversals", json=reversal("wa-3")).json()["receipts"][0]
    assert back["status"] == "accepted"
    either.patch(f"{PATH}/whatsapp.marketing", json={"retired": False})
    assert receipt(either, whatsapp("wa-2"))["status"] == "accepted"


def test_a_correction_may_change_the_type_to_an_active_meter(either: Tenant) -> None:
    either.post(PATH, json={"catalog": "whatsapp"})
    load(either)
    either.patch(f"{PATH}/whatsapp.utility", json={"retired": True})
    receipt(either, event(quantity=60))

    def corrected(identity: str, type_: str) -> dict[str, Any]:
        sent = correction("call-1", id=identity, type=type_, quantity=1)
        found = either.post("/v1/events/corrections", json=sent).json()["receipts"][0]
        assert isinstance(found, dict)
        return found

    assert corrected("c-1", "whatsapp.utility")["code"] == "meter_retired"
    unknown = corrected("c-2", "whatsapp.marketin")
    assert unknown["code"] == "unknown_type"
    assert "the nearest meter is whatsapp.marketing" in unknown["error"]
    assert corrected("c-3", "whatsapp.marketing")["status"] == "accepted"
    by_type = {it["type"]: it for it in either.get(PATH).json()["meters"]}
    assert by_type["whatsapp.marketing"]["has_events"] is True
    assert by_type["whatsapp.utility"]["has_events"] is False


def test_what_events_have_fixed_does_not_change(either: Tenant) -> None:
    add(either, whole=False)
    receipt(either, whatsapp(quantity=0.5))
    path = f"{PATH}/whatsapp.marketing"
    for change in ({"unit": "session"}, {"category": "voice"}, {"whole": True}):
        answer = either.patch(path, json={**change, "name": "Other"})
        assert (answer.status_code, answer.json()["code"]) == (409, "meter_in_use")
        assert f"its {next(iter(change))} cannot change" in answer.json()["error"]
    assert either.get(PATH).json()["meters"][-1]["name"] == "WhatsApp marketing"
    assert either.patch(path, json={"name": "Other"}).status_code == 200


def test_what_prices_have_fixed_does_not_change(either: Tenant) -> None:
    add(either)
    load(either)
    answer = either.patch(f"{PATH}/whatsapp.marketing", json={"unit": "session"})
    assert (answer.status_code, answer.json()["code"]) == (409, "meter_priced")
    assert "price book version 2 has a rate" in answer.json()["error"]
    moved = either.patch(f"{PATH}/whatsapp.marketing", json={"category": "voice"})
    assert moved.status_code == 200
    assert receipt(either, whatsapp())["status"] == "accepted"


def test_a_price_for_an_unknown_meter_is_refused_with_the_nearest(tenant: Tenant) -> None:
    add(tenant)
    answer = load(tenant, BOOK.replace("whatsapp.marketing", "whatsapp.marketin"))
    assert answer.status_code == 400
    problem = answer.json()["details"][0]
    assert (
        "'whatsapp.marketin' is unknown; the nearest meter is whatsapp.marketing"
        in (problem["error"])
    )


def test_a_price_for_a_retired_meter_loads_and_is_named(tenant: Tenant) -> None:
    add(tenant)
    assert "retired_meters" not in load(tenant).json()
    tenant.patch(f"{PATH}/whatsapp.marketing", json={"retired": True})
    answer = load(tenant)
    assert answer.status_code == 201
    assert answer.json()["retired_meters"] == ["whatsapp.marketing"]
    without = load(tenant, BOOK.replace("  - {meter: whatsapp", "  # - {meter: whatsapp"))
    assert without.json()["no_longer_priced"] == []


def test_a_deck_prices_an_own_meter(tenant: Tenant) -> None:
    tenant.post(PATH, json={"catalog": "ai"})
    terms = {
        "meter": "ai.agent",
        "per": "minute",
        "currency": "USD",
        "name": "deck",
        "effective_from": "2024-01-01",
        "source": "a test",
        "increments": "60/60",
    }
    answer = tenant.post(
        "/v1/price-books",
        params=terms,
        content="Prefix,Rate\n44,0.5\n",
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    sent = event(id="ai-1", type="ai.agent", quantity=61, attributes={"to": "+442071838750"})
    assert receipt(tenant, sent)["status"] == "accepted"
    assert tenant.get("/v1/events/org_1/ai-1").json()["charge"]["cost"] == 1.0
    missing = receipt(tenant, event(id="ai-2", type="ai.agent", quantity=None))
    assert (missing["status"], missing["field"]) == ("rejected", "quantity")


def test_the_other_end_of_an_own_meter_has_the_country(tenant: Tenant) -> None:
    tenant.post(PATH, json={"catalog": "whatsapp"})
    load(tenant, BOOK + "  - {meter: whatsapp.inbound, price: 0.1, per: message}\n")
    ends = {"to": "+442071838750", "from": "+4930123456"}
    sent = [
        whatsapp("wa-1", attributes=ends),
        whatsapp("wa-2", attributes={**ends, "direction": "inbound"}),
        whatsapp("wa-3", type="whatsapp.inbound", attributes={**ends, "body": "hello " * 100}),
    ]
    assert tenant.post("/v1/events", json=sent).json()["counts"]["accepted"] == 3
    number = tenant.number("org_1")
    rows = tenant.rows(
        "SELECT id_text(id), country, quantity, attributes FROM events "
        "WHERE organization_id = :number ORDER BY id",
        number=number,
    )
    assert [row[1] for row in rows] == ["GB", "DE", "DE"]
    assert rows[2][2] == 1_000_000
    assert "hello" not in rows[2][3]


def test_two_tenants_have_meters_of_their_own_with_the_same_codes(site: Site) -> None:
    one, other = site.tenant(), site.tenant()
    add(one)
    add(other, type="telegram.message")
    with site.database.reading() as snapshot:
        catalogs = [read_catalog(snapshot, it.tenant) for it in (one, other)]
    assert [it.own[0].code for it in catalogs] == [1000, 1000]
    assert one.get(PATH).json()["meters"][-1]["type"] == "whatsapp.marketing"
    assert other.get(PATH).json()["meters"][-1]["type"] == "telegram.message"


def test_no_document_names_a_meter_of_a_tenant(tenant: Tenant) -> None:
    own = {**WHATSAPP, "type": "secret.product"}
    add(tenant, **own)
    receipt(tenant, whatsapp(type=own["type"]))
    for path in ("/openapi.json", "/metrics"):
        answer = tenant.get(path)
        assert answer.status_code == 200
        assert own["type"] not in answer.text


@pytest.fixture(scope="module")
def two_servers(postgres_site: Site) -> Iterator[tuple[Site, Site]]:
    """Two servers on one database."""
    for second in site_on(postgres_site.server.database_url):
        yield postgres_site, second


def test_a_change_through_one_server_holds_at_once_on_the_other(
    two_servers: tuple[Site, Site],
) -> None:
    first, second = two_servers
    tenant = first.tenant()
    tenant.organization()
    twin = Tenant.__new__(Tenant)
    twin.__dict__ = {**tenant.__dict__, "http": second.http}
    assert receipt(twin, whatsapp())["code"] == "unknown_type"
    add(tenant)
    assert receipt(twin, whatsapp())["code"] == "no_price"
    load(twin)
    assert receipt(tenant, whatsapp("wa-2"))["status"] == "accepted"
    tenant.patch(f"{PATH}/whatsapp.marketing", json={"retired": True})
    assert receipt(twin, whatsapp("wa-3"))["code"] == "meter_retired"
    twin.patch(f"{PATH}/whatsapp.marketing", json={"retired": False})
    assert receipt(tenant, whatsapp("wa-3"))["status"] == "accepted"
    tenant.patch(f"{PATH}/whatsapp.marketing", json={"resource_required": True})
    missing = receipt(twin, whatsapp("wa-4"))
    assert (missing["status"], missing["field"]) == ("rejected", "resource_id")
    assert receipt(tenant, whatsapp("wa-4", resource_id="x"))["status"] == "accepted"
    assert problems(twin.get("/v1/events", params={"organization_id": "org_1", "meter": "a.b"}))
