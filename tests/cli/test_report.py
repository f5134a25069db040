"""tollbook report users and tollbook verify."""

import csv
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tests.builders import event
from tests.cli.conftest import Tollbook
from tests.inside import serving
from tollbook.analytics.users import USER_ROW
from tollbook.store.database import Database

pytestmark = pytest.mark.usefixtures("example_prices")

JANUARY = ("org_1", "--start", "2024-01-01", "--end", "2024-01-31")
COLUMNS = [
    *(column.name for column in USER_ROW.columns[:-1]),
    *("events", "brand_registration_count", "brand_registration_cost", "total_cost"),
    *("organization_id", "organization_name", "period_start", "period_end", "currency"),
]


@pytest.fixture
def platform(tollbook: Tollbook) -> Tollbook:
    tollbook("organizations", "create", "org_1", "--name", "Acme")
    tollbook("users", "create", "org_1", "user_1", "--name", "ann@acme.com")
    tollbook("users", "create", "org_1", "user_2", "--name", "bob@acme.com")
    sent = [
        event(id="1", quantity=90),
        event(id="2", type="sms.outbound", quantity=2_000_000),
        event(id="3", type="api.request", quantity=1_234_567, user_id="user_2"),
        event(id="4", type="kb.usage", quantity=100, resource_id="kb", user_id="user_2"),
        event(id="5", type="brand.registration", quantity=1),
    ]
    path = tollbook.write("events.ndjson", "\n".join(json.dumps(it) for it in sent))
    assert tollbook("import", path).code == 0
    return tollbook


def test_the_table_has_the_documented_columns_and_a_total(platform: Tollbook) -> None:
    ran = platform("report", "users", *JANUARY)
    assert ran.code == 0
    assert ran.out.startswith("Acme (org_1), 2024-01-01 to 2024-01-31, UTC, USD")
    rows = [line.split() for line in ran.out.splitlines()]
    ann = ["ann@acme.com", "1", "0", "0", "0", "1", "1.5", "0", "0.00", "0", "0", "0", "0.0"]
    bob = ["bob@acme.com", "0", "0", "0", "0", "0", "0.0", "1,234,567", "0.00", "0", "0", "1"]
    total = ["Total", "1", "0", "0", "0", "1", "1.5", "1,234,567", "0.00", "0", "0", "1", "1.7"]
    assert [*ann, "60000.18"] in rows
    assert [*bob, "1.7", "49.55"] in rows
    assert [*total, "60049.73"] in rows
    exact = [
        line.split() for line in platform("report", "users", *JANUARY, "--exact").out.splitlines()
    ]
    assert [*bob, "1.7", "49.549346667"] in exact
    assert [*total, "60049.729346667"] in exact


def test_csv_is_exact_and_that_of_the_api(platform: Tollbook, ledger: Database) -> None:
    ran = platform("report", "users", *JANUARY, "--csv")
    rows = list(csv.DictReader(ran.out.splitlines()))
    assert list(rows[0]) == COLUMNS
    users = ["ann@acme.com", "bob@acme.com"]
    assert [it["user_name"] for it in rows] == [*users, "organization level"]
    assert rows[0]["total_voice_seconds"] == "90"
    assert (rows[1]["kb_minutes"], rows[1]["total_cost"]) == ("1.666666667", "49.549346667")
    key = platform("keys", "create", "--permission", "admin").out.strip()
    with serving(ledger) as http:
        of_api = http.get(
            "/v1/analytics/users",
            headers={"X-API-Key": key},
            params={
                "organization_id": "org_1",
                "start_date": "2024-01-01",
                "end_date": "2024-01-31",
                "format": "csv",
            },
        )
    assert of_api.text.splitlines() == ran.out.splitlines()


def test_json_is_the_answer_of_the_api(platform: Tollbook) -> None:
    answer = platform.json("report", "users", *JANUARY)
    assert list(answer) == ["success", "organization_id", "organization_name", "period", "users"]
    assert [it["total_cost"] for it in answer["users"]] == [60000.18, 49.549346667]


@pytest.mark.parametrize("name", ["=1+1", "+1+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_csv_never_gives_a_spreadsheet_a_formula(tollbook: Tollbook, name: str) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook("users", "create", "org_1", "user_1", f"--name={name}")
    ran = tollbook("report", "users", *JANUARY, "--csv")
    assert list(csv.reader(ran.out.splitlines()))[1][1] == f"'{name}"
    ran = tollbook("report", "users", *JANUARY, "--csv", "--no-escape-formulas")
    assert list(csv.reader(ran.out.splitlines()))[1][1] == name


@pytest.mark.parametrize("name", ['a "quoted" name', "a, comma", "a;b", "Ünï", "+4915112345678"])
def test_csv_quotes_what_needs_it(tollbook: Tollbook, name: str) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook("users", "create", "org_1", "user_1", "--name", name)
    ran = tollbook("report", "users", *JANUARY, "--csv")
    assert list(csv.reader(ran.out.splitlines()))[1][1] == name


def test_an_organization_without_users_has_a_total_of_nothing(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    ran = tollbook("report", "users", "org_1")
    assert ran.code == 0
    assert "Total" in ran.out
    assert tollbook("report", "users", "org_1", "--csv").out == f"{','.join(COLUMNS)}\n"


def test_an_unknown_organization_is_a_sentence(tollbook: Tollbook) -> None:
    said = tollbook.refusal("report", "users", "nobody")
    assert said == "tollbook: tenant default has no organization nobody\n"


def test_a_start_after_the_end_is_a_sentence(platform: Tollbook) -> None:
    said = platform.refusal(
        "report", "users", "org_1", "--start", "2024-02-01", "--end", "2024-01-01"
    )
    assert said == "tollbook: --start must not be after --end\n"


@pytest.mark.parametrize("day", ["2024-02-30", "20240101", "2024-W01-1", "2024-1-1", "today", ""])
@pytest.mark.parametrize("option", ["--start", "--end"])
def test_only_yyyy_mm_dd_is_a_day(platform: Tollbook, option: str, day: str) -> None:
    ran = platform("report", "users", "org_1", option, day)
    assert ran.code == 2
    assert "is not a date such as 2024-01-31" in ran.err


def test_a_sound_ledger_verifies(platform: Tollbook) -> None:
    ran = platform("verify")
    assert (ran.code, ran.out.startswith("5 events against ")) == (0, True)
    assert ran.out.endswith(": all agree\n")
    assert platform.json("verify") == {
        "events": 5,
        "archived": 0,
        "differences": [],
        "local_timezones": [],
    }


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE usage_daily SET cost = cost + 1 WHERE meter = 5",
        "UPDATE usage_monthly SET count = count + 1 WHERE meter = 5",
        "DELETE FROM usage_monthly WHERE meter = 6",
        "DELETE FROM resources_daily",
        "UPDATE organization_resources SET days = 2",
        "DELETE FROM event_keys WHERE id = x'31'",
        "DELETE FROM events WHERE id = x'31'",
        "UPDATE events SET cost = 0 WHERE id = x'32'",
    ],
)
def test_a_damaged_ledger_is_exit_code_1_and_a_list(
    platform: Tollbook, sqlite_url: str, damage: str
) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as vandal:
        vandal.execute(damage)
        vandal.commit()
    ran = platform("verify")
    assert ran.code == 1
    assert " differences\n" in ran.out
    assert platform.json("verify", code=1)["differences"]


def test_the_events_behind_a_figure_are_reported(platform: Tollbook) -> None:
    empty = platform("report", "events", "org_1", "--start", "2020-01-01", "--end", "2020-01-31")
    assert (empty.code, empty.out) == (0, "no events\n")
    table = platform("report", "events", *JANUARY, "--limit", "1")
    assert "More than 1 events match" in table.out
    of_user = ("report", "events", *JANUARY, "--user", "user_2", "--meter", "api.request")
    (found,) = platform.json(*of_user)["events"]
    assert (found["id"], found["quantity"]) == ("3", 1_234_567)
    everything = list(csv.DictReader(platform("report", "events", *JANUARY, "--csv").out.split()))
    page = platform("report", "events", *JANUARY, "--csv", "--limit", "2").out
    assert len(everything) > len(page.split()) - 1 == 2
    assert "not a number" in platform("report", "events", "org_1", "--limit", "0").err


def test_events_are_reported_by_instant_resource_and_country(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    sent = [
        event(id="1", time="2024-01-15T10:00:00Z", resource_id="line 1"),
        event(id="2", time="2024-01-15T10:30:00Z", attributes={"to": "+80012345678"}),
        event(id="3", time="2024-01-15T11:00:00Z", attributes={"to": "+442071838750"}),
    ]
    tollbook("import", tollbook.write("1.ndjson", "\n".join(json.dumps(it) for it in sent)))

    def ids(*options: str, days: tuple[str, ...] = JANUARY) -> list[str]:
        ask = ("report", "events", *days, *options)
        listed = [it["id"] for it in tollbook.json(*ask)["events"]]
        assert len(tollbook(*ask, "--csv").out.splitlines()) == len(listed) + 1
        return listed

    assert ids("--resource", "line 1") == ["1"]
    assert (ids("--country", "none"), ids("--country", "001")) == (["1"], ["2"])
    instants = ("org_1", "--start", "2024-01-15T10:30:00Z", "--end", "2024-01-15T12:00:00+01:00")
    assert ids(days=instants) == ["2"]
    assert ids("--start", "2024-01-15T10:00:01Z", "--end", "2024-01-15", days=("org_1",)) == [
        "3",
        "2",
    ]
    assert (
        "such as GB, 001 or none" in tollbook("report", "events", *JANUARY, "--country", "gb").err
    )
    series = tollbook.json("report", "series", *JANUARY, "--country", "none", "--split", "country")
    assert [(it["key"], it["total_events"]) for it in series["series"]] == [("", 1)]


def test_a_knowledge_base_of_two_users_counts_once_in_the_total(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    sent = [event(id=it, user_id=it, type="kb.usage", resource_id="kb") for it in ("ann", "bob")]
    tollbook("import", tollbook.write("1.ndjson", "\n".join(json.dumps(it) for it in sent)))
    lines = tollbook("report", "users", *JANUARY).out.splitlines()
    counts = {words[0]: words[-3] for words in map(str.split, lines) if len(words) > 10}
    assert [counts[it] for it in ("ann", "bob", "Total")] == ["1", "1", "1"]


def test_usage_not_attributed_to_a_user_is_reported_below_the_table(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    of_user = tollbook.write("1.ndjson", json.dumps(event(id="1")))
    tollbook("import", of_user)
    assert tollbook("report", "users", *JANUARY).out.count("Not attributed") == 0
    own = [event(id=str(n), cost="1.25", user_id=None) for n in (2, 3)]
    tollbook("import", tollbook.write("2.ndjson", "\n".join(json.dumps(it) for it in own)))
    ran = tollbook("report", "users", *JANUARY)
    assert ran.out.splitlines()[-1] == "Not attributed to a user: 2 events, 2.50 USD"
    assert [line.split()[-1] for line in ran.out.splitlines() if "Total" in line] == ["0.12"]
    *_, last = csv.DictReader(tollbook("report", "users", *JANUARY, "--csv").out.splitlines())
    assert (last["user_id"], last["user_name"]) == ("", "organization level")
    assert (last["events"], last["total_cost"], last["currency"]) == ("2", "2.50", "USD")


def test_archived_events_are_listed_or_refused(
    platform: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = ((), ("--limit", "2"), ("--csv",), ("--csv", "--limit", "2"), ("--json",))
    every = [("report", "events", *JANUARY, *form) for form in forms]
    before = [platform(*verb).out for verb in every]
    shown = platform("events", "show", "org_1", "1").out
    platform("archive", "--older-than", "1", "--to", str(platform.folder / "archive"))
    assert [platform(*verb).out for verb in every] == before
    assert platform("events", "show", "org_1", "1").out == shown
    moved = (platform.folder / "archive").rename(platform.folder / "moved")
    for verb in (*every, ("events", "show", "org_1", "1")):
        said = platform.refusal(*verb)
        assert "events of 2024-01 are archived, and their files cannot be read here" in said
        assert "set TOLLBOOK_ARCHIVE_FOLDER" in said
    assert platform("report", "events", *JANUARY, "--user", "nobody").out == "no events\n"
    monkeypatch.setenv("TOLLBOOK_ARCHIVE_FOLDER", str(moved))
    assert [platform(*verb).out for verb in every] == before


def test_organizations_of_several_currencies_are_listed_by_one(platform: Tollbook) -> None:
    period = JANUARY[1:]
    platform("organizations", "create", "org_2", "--currency", "EUR", "--name", "Euro")
    for form in ((), ("--csv",)):
        ask = ("report", "organizations", *period, *form)
        assert "EUR" in platform(*ask).out
        said = platform(*ask, "--currency", "EUR")
        assert ("Euro" in said.out, "Acme" in said.out) == (True, False)
    assert ", EUR" in platform("report", "organizations", *period, "--currency", "EUR").out
    answer = platform.json("report", "organizations", *period)
    assert [it["organization_id"] for it in answer["organizations"]] == ["org_1", "org_2"]


def test_the_days_of_a_report_have_a_name(platform: Tollbook) -> None:
    for question in ("users", "events", "series", "changes", "usage"):
        ran = platform("report", question, "org_1", "--period", "2024-01")
        assert ran.code == 0
        if question != "events":
            assert "2024-01-01 to 2024-01-31" in " ".join(ran.out.split())
    ran = platform("report", "users", "org_1", "--period", "today", "--start", "2024-01-01")
    assert ran.code == 1
    assert "--period must not be given together with --start" in ran.err
    assert platform("report", "users", "org_1", "--period", "fortnight").code == 2


def test_a_report_shows_the_days_it_compares_with(platform: Tollbook) -> None:
    changes = platform("report", "changes", "org_1", "--period", "this_month")
    compared = ("--period", "this_month", "--compare", "previous_period")
    series = platform("report", "series", "org_1", *compared)
    found = json.loads(platform("report", "changes", "org_1", *compared, "--json").out)
    first, last = found["previous_period"]["start"], found["previous_period"]["end"]
    assert f"against {first} to {last}" in changes.out
    assert f"against {first} to {last}" in series.out
    assert int(last[-2:]) <= datetime.now(UTC).day


def test_a_start_in_the_future_is_refused_as_that(platform: Tollbook) -> None:
    ran = platform("report", "users", "org_1", "--start", "2999-01-01")
    assert ran.code == 1
    assert "--start must not be in the future without --end" in ran.err


@pytest.fixture
def filtered(tollbook: Tollbook) -> Tollbook:
    """Two users with usage, one without, and usage of the organization."""
    tollbook("organizations", "create", "org_1", "--name", "Acme")
    tollbook("users", "create", "org_1", "idle")
    assert tollbook("users", "change", "org_1", "idle", "--status", "inactive").code == 0
    gb = {"to": "+442071838750"}
    sent = [
        event(id="1", user_id="ann", cost="5", attributes=gb),
        event(id="2", user_id="ann", type="sms.outbound", cost="1"),
        event(id="3", user_id="bob", cost="0.004", attributes=gb),
        event(id="4", user_id=None, cost="2"),
    ]
    path = tollbook.write("events.ndjson", "\n".join(json.dumps(it) for it in sent))
    assert tollbook("import", path).code == 0
    return tollbook


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        ((), ["ann", "bob", "idle"]),
        (("--active",), ["ann", "bob"]),
        (("--inactive",), ["idle"]),
        (("--country", "GB"), ["ann", "bob", "idle"]),
        (("--country", "GB", "--active"), ["ann", "bob"]),
        (("--meter", "sms.outbound", "--meter", "sms.outbound", "--active"), ["ann"]),
        (("--status", "inactive"), ["idle"]),
        (("--min-cost", "0.004"), ["ann", "bob"]),
        (("--search", "B"), ["bob"]),
        (("--sort", "user_id", "--order", "desc"), ["idle", "bob", "ann"]),
        (("--limit", "1"), ["ann"]),
        (("--user", "bob"), ["bob"]),
        (("--group-by", "meter"), ["ann", "bob", "idle"]),
    ],
)
def test_users_are_filtered_as_in_the_api(
    filtered: Tollbook, options: tuple[str, ...], listed: list[str]
) -> None:
    asked = ("report", "users", *JANUARY, *options)
    assert [it["user_id"] for it in filtered.json(*asked)["users"]] == listed
    lines = csv.DictReader(filtered(*asked, "--csv").out.splitlines())
    shown = dict.fromkeys(it["user_id"] for it in lines if it["user_id"])
    assert list(shown) == [it for it in listed if "--group-by" not in options or it != "idle"]
    text = filtered(*asked).out
    assert [it for it in ("ann", "bob", "idle") if f"  {it} " in text] == sorted(shown)


def test_organizations_are_filtered_as_in_the_api(filtered: Tollbook) -> None:
    filtered("organizations", "create", "org_2", "--name", "Second")
    asked = ("report", "organizations", *JANUARY[1:])

    def ids(*options: str) -> list[str]:
        listed = filtered.json(*asked, *options)["organizations"]
        assert filtered(*asked, *options).code == 0
        return [it["organization_id"] for it in listed]

    assert ids() == ["org_1", "org_2"]
    assert (ids("--active"), ids("--inactive")) == (["org_1"], ["org_2"])
    assert (ids("--min-cost", "8.004"), ids("--min-cost", "8.0041")) == (["org_1"], [])
    assert ids("--sort", "organization_id", "--order", "desc") == ["org_2", "org_1"]
    groups = filtered.json(*asked, "--group-by", "country", "--limit", "1")["organizations"]
    countries = [(it["country"], it["cost"]) for it in groups[0]["groups"]]
    assert countries == [("", 3.0), ("GB", 5.004)]
    assert "GB" in filtered(*asked, "--group-by", "country").out
    filtered("organizations", "create", "org_3", "--currency", "EUR")
    assert "currency is required with --min-cost" in filtered.refusal(*asked, "--min-cost", "1")
    assert ids("--min-cost", "0", "--currency", "EUR") == ["org_3"]


def test_totals_and_meta_are_included_when_asked_for(filtered: Tollbook) -> None:
    for question, last in (("users", "organization level"), ("organizations", "Total")):
        asked = ("report", question, *(JANUARY if question == "users" else JANUARY[1:]))
        answer = filtered.json(*asked, "--include", "totals", "--include", "meta")
        assert "totals" in answer
        assert answer["meta"]["period_state"] == "closed"
        plain = filtered(*asked, "--csv").out
        assert ",Total," not in plain
        with_totals = filtered(*asked, "--csv", "--include", "totals").out.splitlines()
        assert f",{last}," in with_totals[-1]
        assert any(",Total," in it for it in with_totals)
    for question in ("series", "changes"):
        asked = ("report", question, *JANUARY)
        assert "meta" in filtered.json(*asked, "--include", "meta")
        assert "Total," not in filtered(*asked, "--csv").out
        assert "Total," in filtered(*asked, "--csv", "--include", "totals").out
    for arguments in (("overview",), ("usage", "org_1"), ("forecast",), ("budgets",)):
        assert "meta" in filtered.json("report", *arguments, "--include", "meta")
    named = filtered.json("report", "organizations", "--include", "currency")
    assert named["organizations"][0]["currency"] == "USD"


def test_events_without_a_user_are_listed(filtered: Tollbook) -> None:
    own = ("report", "events", *JANUARY, "--organization-level")
    assert [it["id"] for it in filtered.json(*own)["events"]] == ["4"]
    ran = filtered(*own, "--user", "ann")
    assert (ran.code, "--organization-level excludes --user" in ran.err) == (2, True)
    twice = ("report", "events", *JANUARY, "--meter", "sms.outbound", "--meter", "sms.outbound")
    assert [it["id"] for it in filtered.json(*twice)["events"]] == ["2"]


AMOUNTS = [
    ("USD", "1.005", "1.00", "1.005"),
    ("USD", "1.015", "1.02", "1.015"),
    ("USD", "0.005", "<0.01", "0.005"),
    ("USD", "0.000000001", "<0.01", "0.000000001"),
    ("USD", "0.0051", "0.01", "0.0051"),
    ("USD", "0", "0.00", "0.00"),
    ("JPY", "2.5", "2", "2.50"),
    ("JPY", "0.4", "<1", "0.40"),
    ("KWD", "1.0005", "1.000", "1.0005"),
    ("KWD", "0.0001", "<0.001", "0.0001"),
]


@pytest.mark.parametrize(("currency", "cost", "shown", "exact"), AMOUNTS)
def test_amounts_have_the_decimals_of_their_currency(
    tollbook: Tollbook, currency: str, cost: str, shown: str, exact: str
) -> None:
    tollbook("tenants", "change", "default", "--currency", currency)
    tollbook("organizations", "create", "org_1", "--currency", currency)
    tollbook("import", tollbook.write("1.ndjson", json.dumps(event(cost=cost))))
    tollbook("budgets", "set", "org_1", "1")
    asked = {
        "users": JANUARY,
        "organizations": JANUARY[1:],
        "overview": JANUARY[1:],
        "series": JANUARY,
        "changes": JANUARY,
        "forecast": ("org_1", "--month", "2024-01"),
    }
    for question, arguments in asked.items():
        words = tollbook("report", question, *arguments).out.split()
        assert shown in words or f"+{shown}" in words, question
        words = tollbook("report", question, *arguments, "--exact").out.split()
        assert exact in words, question
        for form in ("--csv", "--json"):
            assert exact in tollbook("report", question, *arguments, form).out
    assert exact in tollbook("report", "events", *JANUARY).out.split()
    assert "<" not in tollbook("report", "budgets", "--exact").out
    listed = tollbook("budgets", "list").out
    assert {"JPY": " 1 ", "USD": " 1.00 ", "KWD": " 1.000 "}[currency] in listed


def test_a_fall_below_the_smallest_amount_keeps_its_sign(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    before = event(cost="0.001", time="2023-12-31T00:00:00Z")
    tollbook("import", tollbook.write("1.ndjson", json.dumps(before)))
    assert "0.00 USD, -<0.01 against" in tollbook("report", "changes", *JANUARY).out
