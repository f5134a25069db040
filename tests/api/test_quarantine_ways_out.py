"""The ways out of quarantine: named for every code, selected, and tried before they are taken."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import tollbook.ingest.accept
from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tests.waiting import run_over_quarantine
from tollbook.domain.keys import Permission
from tollbook.domain.quarantine import CODES, WAYS_OUT, WayOut
from tollbook.quarantine.replay import INVALID

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "events.md").read_text()
PATH = "/v1/quarantine"
REPLAY = f"{PATH}/replay"
NOT_IN_QUARANTINE = {
    "month_unknown": "only an explanation has no month",
    "rate_missing": "only a reversal needs the rate of another event",
}
PENDING = "cost_pending"
SOURCES = [
    path
    for folder in ("rating", "ingest")
    for path in sorted((ROOT / "src" / "tollbook" / folder).rglob("*.py"))
]


def constants_of(path: Path) -> dict[str, str]:
    """Return the texts that a module names."""
    return {
        target.id: node.value.value
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def produced() -> set[str]:
    """Return every code that rating and ingest give an event without a charge."""
    found = set()
    for path in SOURCES:
        names = constants_of(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Unpriced"
            ):
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    found.add(code.value)
                elif isinstance(code, ast.Name) and code.id in names:
                    found.add(names[code.id])
    return found


def test_the_table_has_every_code_that_an_event_can_get() -> None:
    can_get = produced() - set(NOT_IN_QUARANTINE) | {INVALID, PENDING}
    assert can_get == set(CODES)
    assert "Unpriced(" in inspect.getsource(tollbook.ingest.accept)


def test_every_event_can_be_discarded_and_no_pending_one_is_replayed() -> None:
    assert all(WayOut.DISCARD in ways for ways in WAYS_OUT.values())
    assert WAYS_OUT[PENDING] == (WayOut.CORRECT, WayOut.DISCARD)


def test_the_page_lists_the_ways_out_of_each_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([a-z, ]+) \| [^|]+ \|$", PAGE, re.MULTILINE)
    listed = {code: tuple(map(WayOut, ways.split(", "))) for code, ways in rows}
    assert listed == WAYS_OUT
    assert [code for code, _ in rows] == list(CODES)


def receipts(tenant: Tenant, path: str, *events: Json) -> list[Json]:
    found: list[Json] = tenant.post(path, json=list(events)).json()["receipts"]
    return found


def test_receipts_of_quarantined_events_carry_the_ways_out(either: Tenant) -> None:
    either.organization("euro", currency="EUR")
    lost, euro = event(organization_id="lost"), event(organization_id="euro")
    for _ in range(2):
        first, second = receipts(either, "/v1/events", lost, euro)
        assert first["ways_out"] == ["replay", "discard"]
        assert second["ways_out"] == ["replay", "correct", "discard"]
    (stored,) = receipts(either, "/v1/events", event(id="good"))
    assert "ways_out" not in stored
    (refused,) = receipts(either, "/v1/events?atomic=true", event(id="n", organization_id="lost"))
    assert refused["status"] == "rejected"
    assert "ways_out" not in refused


def test_an_event_that_could_be_charged_now_needs_a_replay(either: Tenant) -> None:
    lost = event(organization_id="lost")
    receipts(either, "/v1/events", lost)
    either.organization("lost")
    (receipt,) = receipts(either, "/v1/events", lost)
    assert (receipt["code"], receipt["ways_out"]) == ("in_quarantine", ["replay", "discard"])


@pytest.fixture
def waiting(either: Tenant) -> Tenant:
    """Three events of an organization that exists by now, one of them without a price."""
    either.send(
        *(event(id=it, organization_id="late") for it in ("a,b", "c\\", "d")),
        event(id="e", organization_id="other"),
    )
    either.organization("late")
    return either


def left(tenant: Tenant) -> list[str]:
    return [it["id"] for it in tenant.get(PATH).json()["quarantine"]]


def test_a_body_selects_as_the_parameters_do(waiting: Tenant) -> None:
    selection = {"organization_id": "late", "ids": ["a,b", "c\\"]}
    same = "organization_id=late&ids=a\\,b,c\\\\&dry_run=true"
    tried = waiting.post(REPLAY, json={**selection, "dry_run": True})
    assert tried.status_code == 200
    assert tried.json() == waiting.post(f"{REPLAY}?{same}").json()
    assert [it["id"] for it in tried.json()["dry_run"]["charges"]] == ["a,b", "c\\"]
    assert len(left(waiting)) == 4
    assert waiting.get("/v1/quarantine-runs").json()["runs"] == []
    run = run_over_quarantine(waiting.get, waiting.post(REPLAY, json=selection))
    assert (run["ids"], run["ids_count"], run["released"]) == (["a,b", "c\\"], 2, 2)
    assert left(waiting) == ["d", "e"]


def test_a_dry_run_reports_counts_sums_and_charges(waiting: Tenant) -> None:
    answer = waiting.post(REPLAY, json={"dry_run": True}).json()["dry_run"]
    assert (answer["events"], answer["released"], answer["remaining"]) == (4, 3, 1)
    assert answer["codes"] == [{"code": "unknown_organization", "events": 4, "released": 3}]
    assert answer["remaining_codes"] == [
        {"code": "unknown_organization", "events": 1, "ways_out": ["replay", "discard"]}
    ]
    assert answer["totals"] == [{"currency": "USD", "events": 3, "cost": 0.366}]
    assert answer["sums"] == [
        {
            "currency": "USD",
            "organization_id": "late",
            "meter": "voice.call",
            "events": 3,
            "cost": 0.366,
        }
    ]
    assert answer["sums_count"] == 1
    assert answer["charges"][2] == {
        "organization_id": "late",
        "id": "d",
        "user_id": "user_1",
        "meter": "voice.call",
        "day": "2024-01-15",
        "quantity": 61,
        "billed": 61,
        "currency": "USD",
        "cost": 0.122,
    }


def test_a_discard_selects_by_codes_and_ids(waiting: Tenant) -> None:
    query = {"organization_id": "late", "ids": "d,e", "codes": "unknown_organization,no_price"}
    run = run_over_quarantine(waiting.get, waiting.delete(PATH, params=query))
    assert (run["codes"], run["discarded"]) == (["unknown_organization", "no_price"], 1)
    assert left(waiting) == ["a,b", "c\\", "e"]


def test_a_key_of_an_organization_tries_and_selects_its_own_only(waiting: Tenant) -> None:
    admin = waiting.key(Permission.ADMIN, organization="late")
    tried = waiting.post(REPLAY, admin, json={"ids": ["d", "e"], "dry_run": True})
    assert tried.json()["dry_run"]["events"] == 1
    other = {"organization_id": "other", "ids": ["e"], "dry_run": True}
    assert waiting.post(REPLAY, admin, json=other).status_code == 404


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"ids": ["a"]}, [("organization_id", "missing_parameter")]),
        ({"organization_id": "late", "ids": []}, [("ids", "invalid_field")]),
        ({"organization_id": None}, [("organization_id", "invalid_field")]),
        ({"organization_id": "late", "ids": [""]}, [("ids", "missing_parameter")]),
        ({"organization_id": "late", "ids": ["x"] * 1001}, [("ids", "invalid_field")]),
        ({"codes": ["no_such_code"]}, [("codes", "invalid_choice")]),
        ({"codes": []}, [("codes", "invalid_field")]),
        ({"code": "no_price"}, [("code", "unknown_field")]),
        ({"dry_run": "true"}, [("dry_run", "invalid_field")]),
        ({"start_date": "yesterday"}, [("start_date", "invalid_time")]),
    ],
)
def test_a_body_that_selects_nothing_sensible_is_refused(
    tenant: Tenant, body: Json, found: list
) -> None:
    answer = tenant.post(REPLAY, json=body)
    assert (answer.status_code, problems(answer)) == (400, found)


def test_a_parameter_comes_once(tenant: Tenant) -> None:
    answer = tenant.post(f"{REPLAY}?dry_run=true", json={"dry_run": False})
    assert (answer.status_code, problems(answer)) == (400, [("dry_run", "repeated_parameter")])


def test_days_are_those_of_the_organization(either: Tenant) -> None:
    """The same instant is 1 January in Kiritimati and 31 December in UTC."""
    either.organization("east", timezone="Pacific/Kiritimati", currency="CHF")
    either.send(event(organization_id="east", time="2023-12-31T10:30:00Z"))

    def listed(**query: str) -> int:
        return len(either.get(PATH, params=query).json()["quarantine"])

    for first, last, own, all_ in (
        ("2024-01-01", "2024-01-31", 1, 0),
        ("2023-12-01", "2023-12-31", 0, 1),
    ):
        days = {"start_date": first, "end_date": last}
        assert listed(organization_id="east", **days) == own
        assert listed(**days) == all_
