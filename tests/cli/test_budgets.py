"""tollbook budgets, and tollbook report changes, forecast and budgets."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import event
from tests.cli.conftest import Tollbook
from tests.rerating.builders import CALLS, book

JANUARY = ("--start", "2024-01-01", "--end", "2024-01-31")


@pytest.fixture
def platform(tollbook: Tollbook) -> Tollbook:
    """An organization whose users cost 1 and 3 on each of the last 30 days, and 5 in 2024."""
    tollbook("organizations", "create", "org_1", "--name", "Acme")
    tollbook("users", "create", "org_1", "idle", "--name", "=Idle")
    today = datetime.now(UTC)
    sent = [event(id="old", cost="5"), event(id="older", time="2023-12-31T00:00:00Z", cost="2")]
    for back in range(1, 31):
        time = (today - timedelta(days=back)).isoformat()
        sent.append(event(id=f"a{back}", time=time, cost="1"))
        sent.append(event(id=f"b{back}", time=time, cost="3", user_id="user_2"))
    path = tollbook.write("events.ndjson", "\n".join(json.dumps(it) for it in sent))
    assert tollbook("import", path).code == 0
    return tollbook


def test_at_first_there_are_no_budgets(tollbook: Tollbook) -> None:
    assert tollbook("budgets", "list").out == "there are no budgets yet\n"
    assert tollbook.json("budgets", "list")["budgets"] == []


def test_a_budget_is_set_listed_and_removed(platform: Tollbook) -> None:
    ran = platform("budgets", "set", "org_1", "250.5", "--alert-at", "0.9", "--alert-at", "0.4")
    assert (ran.code, ran.out) == (0, "organization org_1 has a budget of 250.50 USD a month\n")
    ran = platform("budgets", "set", "org_1", "0.5", "--user", "user_1")
    assert ran.out == "user user_1 of org_1 has a budget of 0.50 USD a month\n"
    found = platform.json("budgets", "list", "org_1")["budgets"]
    assert [(it.get("user_id"), it["monthly"]) for it in found] == [(None, 250.5), ("user_1", 0.5)]
    assert found[0]["alert_at"] == [0.4, 0.9]
    assert platform.json("report", "budgets") == platform.json("budgets", "list")
    shown = platform("report", "budgets").out
    assert all(it in shown for it in ("Acme", "user_1", "250.50", "within"))
    rows = list(csv.DictReader(platform("report", "budgets", "--csv").out.splitlines()))
    assert [(it["organization_id"], it["user_id"], it["monthly"]) for it in rows] == [
        ("org_1", "", "250.50"),
        ("org_1", "user_1", "0.50"),
    ]
    assert platform("budgets", "remove", "org_1").code == 0
    assert "has no budget" in platform.refusal("budgets", "remove", "org_1")
    removed = platform.json("budgets", "remove", "org_1", "--user", "user_1")
    assert (removed["monthly"], removed["user_id"]) == (0.5, "user_1")


def test_a_budget_that_makes_no_sense_is_refused(platform: Tollbook) -> None:
    assert "alert_at must be" in platform.refusal("budgets", "set", "org_1", "1", "--alert-at", "0")
    for option in (("none",), ("0",), ("1e99",), ("1", "--alert-at", "half")):
        assert platform("budgets", "set", "org_1", *option).code == 2
    assert "monthly must be an amount above 0" in platform("budgets", "set", "org_1", "none").err
    said = platform.refusal("budgets", "set", "org_1", "1", "--user", "nobody")
    assert said == "tollbook: organization org_1 has no user nobody\n"


def test_changes_are_told_in_a_sentence_and_lists(platform: Tollbook) -> None:
    ran = platform("report", "changes", "org_1", *JANUARY)
    assert ran.code == 0
    assert ran.out.startswith(
        "2024-01-01 to 2024-01-31: 5.00 USD, +3.00 against 2023-12-01 to 2023-12-31; 1 users with "
        "usage, 2 without\n"
    )
    assert "Shrank: none" in ran.out
    answer = platform.json("report", "changes", "org_1", *JANUARY)
    assert [it["user_id"] for it in answer["grew"]] == ["user_1"]
    rows = list(
        csv.reader(platform("report", "changes", "org_1", *JANUARY, "--csv").out.splitlines())
    )
    assert rows[0] == [
        *("user_id", "user_name", "events", "cost", "previous_cost", "difference", "change"),
        *("share", "tenant_id", "organization_id", "organization_name", "period_start"),
        *("period_end", "previous_period_start", "previous_period_end", "currency"),
    ]
    same = ["default", "org_1", "Acme", "2024-01-01", "2024-01-31", "2023-12-01", "2023-12-31"]
    assert rows[1][:8] == ["user_1", "user_1", "1", "5.00", "2.00", "3.00", "1.5", "1.0"]
    assert rows[2][:8] == ["idle", "'=Idle", "0", "0.00", "0.00", "0.00", "", "0.0"]
    assert [row[8:] for row in rows[1:3]] == [[*same, "USD"]] * 2


def test_changes_show_the_margins_of_both_periods(platform: Tollbook) -> None:
    lines = platform("report", "changes", "org_1", *JANUARY, "--margin").out.splitlines()
    assert lines[1] == "Margin: 0.00, buy price known for 100.0% of the cost; before: 0.00"
    head = next(it for it in lines if it.split()[:1] == ["Grew"])
    assert head.split()[-4:] == ["Share", "Margin", "Margin", "before"]
    assert next(it for it in lines if it.split()[:1] == ["user_1"]).split()[-2:] == ["0.00", "0.00"]
    assert platform("prices", "load", platform.write("book.yaml", book(CALLS))).code == 0
    call = json.dumps(event(id="call", user_id="user_3"))
    assert platform("import", platform.write("call.ndjson", call)).code == 0
    lines = platform("report", "changes", "org_1", *JANUARY, "--margin").out.splitlines()
    assert lines[1].startswith("Margin: 0.00, buy price known for 9")
    assert next(it for it in lines if it.split()[:1] == ["user_3"]).split()[-2:] == [
        "unknown",
        "0.00",
    ]


def test_changes_of_the_tenant_are_by_organization(platform: Tollbook) -> None:
    answer = platform.json("report", "changes", *JANUARY)
    assert [it["organization_id"] for it in answer["top"]] == ["org_1"]
    year = platform.json("report", "changes", *JANUARY, "--compare", "previous_year")
    assert year["previous_period"]["start"] == "2023-01-01"
    week = ("--start", "2024-01-15", "--end", "2024-01-21", "--compare", "previous_year")
    for report in ("changes", "series"):
        assert "against 2023-01-16 to 2023-01-22" in platform("report", report, *week).out


def test_a_start_after_the_end_is_a_sentence(platform: Tollbook) -> None:
    said = platform.refusal("report", "changes", "--start", "2024-02-01", "--end", "2024-01-01")
    assert said == "tollbook: --start must not be after --end\n"


def test_a_forecast_names_its_method(platform: Tollbook) -> None:
    ran = platform("report", "forecast", "org_1")
    assert "weekday_mean: " in ran.out
    assert "USD spent" in ran.out
    answer = platform.json("report", "forecast", "org_1", "--user", "user_2")
    assert (answer["user_id"], answer["based_on_days"]) == ("user_2", 30)
    whole = platform.json("report", "forecast")
    assert whole["forecast"] * 3 == answer["forecast"] * 4
    (row,) = csv.DictReader(platform("report", "forecast", "org_1", "--csv").out.splitlines())
    assert row["method"] == "weekday_mean"


def test_a_month_that_is_over_is_what_it_cost(platform: Tollbook) -> None:
    ran = platform("report", "forecast", "org_1", "--month", "2024-01")
    assert ran.out.startswith("2024-01: 5.00 USD spent\nclosed: ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--month", "9999-01"), "--month must not be in the future"),
        (("--user", "user_1"), "--user needs an organization"),
    ],
)
def test_what_cannot_be_forecast_is_a_sentence(
    platform: Tollbook, given: tuple[str, ...], said: str
) -> None:
    assert platform.refusal("report", "forecast", *given) == f"tollbook: {said}\n"
