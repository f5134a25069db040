"""Rerating over HTTP: dry runs, runs, and what is refused."""

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tests.rerating.builders import CALLS, Past, book
from tests.waiting import wait_for

JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}


@pytest.fixture
def platform(either: Tenant) -> Tenant:
    """A tenant with a call and a message, and a book that prices calls only."""
    either.send(event(), event(id="sms-1", type="sms.outbound", quantity=1))
    either.load(book(CALLS))
    return either


def finished(tenant: Tenant, run: int, status: str = "done") -> Json:
    def found() -> Json | None:
        answer: Json = tenant.get(f"/v1/rerating/{run}").json()
        return answer if answer["run"]["status"] == status else None

    return wait_for(found)


def test_a_dry_run_answers_with_sums_rows_and_what_has_no_price(platform: Tenant) -> None:
    answer = platform.post("/v1/rerating", json=JANUARY)
    (version,) = platform.rows(
        "SELECT MAX(version) FROM price_books WHERE tenant_id = :tenant", tenant=platform.tenant
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "dry_run": {
            "events": 2,
            "changed": 1,
            "unpriced": 1,
            "totals": [
                {
                    "currency": "USD",
                    "old_cost": 0.152,
                    "new_cost": 0.213,
                    "difference": 0.061,
                    "old_buy_cost": None,
                    "new_buy_cost": None,
                    "old_margin": None,
                    "new_margin": None,
                }
            ],
            "differing_rows": 1,
            "rows": [
                {
                    "organization_id": "org_1",
                    "user_id": "user_1",
                    "meter": "voice.call",
                    "day": "2024-01-15",
                    "events": 1,
                    "old_cost": 0.122,
                    "new_cost": 0.183,
                    "difference": 0.061,
                }
            ],
            "lost_prices": [
                {
                    "currency": "USD",
                    "meters": ["sms.outbound"],
                    "organizations": ["org_1"],
                    "organizations_count": 1,
                }
            ],
            "unpriced_events": [
                {
                    "organization_id": "org_1",
                    "id": "sms-1",
                    "day": "2024-01-15",
                    "code": "no_price",
                    "reason": f"price book version {version[0]} has no price for this sms.outbound",
                }
            ],
            "buy_changed": 0,
            "below_buy": [],
            "below_buy_count": 0,
            "without_buy_count": 0,
        },
    }
    assert platform.get("/v1/rerating").json() == {"success": True, "runs": []}


def test_a_run_is_applied_read_listed_and_reverted(platform: Tenant) -> None:
    answer = platform.post("/v1/rerating", json={**JANUARY, "apply": True})
    assert answer.status_code == 202
    assert answer.json()["run"]["created_by"].startswith("tb_")
    done = finished(platform, 1)
    assert (done["run"]["changed"], done["run"]["unpriced"]) == (1, 1)
    assert [it["id"] for it in done["unpriced_events"]] == ["sms-1"]
    assert platform.get("/v1/rerating").json()["runs"] == [done["run"]]
    assert platform.users()["users"][0]["total_cost"] == 0.213
    assert platform.post("/v1/rerating/1/revert").status_code == 202
    assert finished(platform, 1, "reverted")["run"]["restored"] == 1
    assert platform.users()["users"][0]["total_cost"] == 0.152
    acts = Past(platform).acts()
    assert [it.action for it in acts] == ["rerating.apply", "rerating.done", "rerating.revert"]
    assert acts[0].key_prefix == acts[1].key_prefix != "cli"


def test_the_explanation_of_an_event_is_true_after_a_run(platform: Tenant) -> None:
    platform.post("/v1/rerating", json={**JANUARY, "apply": True})
    finished(platform, 1)
    explained = platform.get("/v1/events/org_1/call-1").json()
    assert "0.183" in str(explained)
    assert "differ" not in str(explained)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("start_date", "missing_field"), ("end_date", "missing_field")]),
        ({**JANUARY, "start_date": "2024-02-01"}, [("start_date", "invalid_period")]),
        ({**JANUARY, "start_date": "20240201"}, [("start_date", "invalid_field")]),
        ({**JANUARY, "version": 0}, [("version", "invalid_field")]),
        ({**JANUARY, "version": 2**31}, [("version", "invalid_field")]),
        ({**JANUARY, "limit": 1_001}, [("limit", "invalid_field")]),
        ({**JANUARY, "apply": "yes"}, [("apply", "invalid_field")]),
        ({**JANUARY, "dry": True}, [("dry", "unknown_field")]),
    ],
)
def test_what_is_wrong_with_a_request_is_named(
    tenant: Tenant, body: Json, found: list[tuple[str, str]]
) -> None:
    answer = tenant.post("/v1/rerating", json=body)
    assert answer.status_code == 400
    assert problems(answer) == found


@pytest.mark.parametrize("apply", [False, True])
@pytest.mark.parametrize("given", [{"organization_id": "nobody"}, {"version": 999}])
def test_what_is_not_there_is_404(tenant: Tenant, given: Json, apply: bool) -> None:
    answer = tenant.post("/v1/rerating", json={**JANUARY, **given, "apply": apply})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("run", ["7", "x", "-1", "99999999999999999999"])
def test_a_run_that_is_not_there_is_404(tenant: Tenant, run: str) -> None:
    assert tenant.get(f"/v1/rerating/{run}").status_code == 404
    for act in ("stop", "resume", "revert"):
        assert tenant.post(f"/v1/rerating/{run}/{act}").status_code == 404


def test_a_run_in_the_way_of_another_is_409(platform: Tenant) -> None:
    Past(platform).begin()
    answer = platform.post("/v1/rerating", json={**JANUARY, "apply": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "run_conflict")
    assert "run 1 (all organizations, 2024-01-01 to 2024-01-31) is running" in answer.text


def test_a_dry_run_reports_the_losing_rates_of_every_book_in_force(platform: Tenant) -> None:
    dear = "{meter: voice.call, price: 0.003, per: second, buy: 0.004}"
    dearer = "{meter: sms.outbound, price: 0.02, per: segment, buy: 0.05}"
    platform.load(book(dear, since="2024-01-01"))
    platform.load(book(dearer, dear, since="2024-01-15"))
    platform.load(book(dearer, since="2024-03-01"))
    dry = platform.post("/v1/rerating", json=JANUARY).json()["dry_run"]
    assert dry["below_buy_count"] == 3
    losses = [it["buy_cost"] - it["cost"] for it in dry["below_buy"]]
    assert losses == sorted(losses, reverse=True)
    assert {it["meter"] for it in dry["below_buy"]} == {"voice.call", "sms.outbound"}
