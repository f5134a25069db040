"""tollbook report series: a bar for each bucket, series below, CSV and JSON."""

import csv
import json

import pytest

from tests.builders import event
from tests.cli.conftest import Tollbook

pytestmark = pytest.mark.usefixtures("example_prices")

CONSTANTS = {
    "tenant_id": "default",
    "organization_id": "org_1",
    "organization_name": "Acme",
    "user_id": "",
    "user_name": "",
    "period_start": "2024-01-15",
    "period_end": "2024-01-16",
    "timezone": "UTC",
    "currency": "USD",
}
TWO_DAYS = ("--start", "2024-01-15", "--end", "2024-01-16")
RICH = {"other": "2", "bob": "1"}


@pytest.fixture
def platform(tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch) -> Tollbook:
    monkeypatch.setenv("COLUMNS", "80")
    tollbook("organizations", "create", "org_1", "--name", "Acme")
    tollbook("users", "create", "org_1", "user_1", "--name", "=ann@acme.com")
    sent = [
        event(id="1", quantity=90),
        event(id="2", type="sms.outbound", quantity=2, time="2024-01-16T08:00:00Z"),
    ]
    path = tollbook.write("events.ndjson", "\n".join(json.dumps(it) for it in sent))
    assert tollbook("import", path).code == 0
    return tollbook


def lines(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines() if line.strip()]


def test_an_empty_tenant_has_buckets_without_bars(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    ran = tollbook("report", "series", "--split", "meter", *TWO_DAYS)
    assert ran.code == 0
    assert ["2024-01-15", "0", "0.00"] in lines(ran.out)
    assert "Series" not in ran.out


def test_a_bar_is_as_long_as_its_cost(platform: Tollbook) -> None:
    ran = platform("report", "series", "org_1", *TWO_DAYS)
    assert ran.out.startswith("Acme (org_1), 2024-01-15 to 2024-01-16, UTC, USD")
    assert max(map(len, ran.out.splitlines())) <= 80
    rows = {row[0]: row for row in lines(ran.out)}
    assert rows["2024-01-15"][1:3] == ["1", "0.18"]
    long, short = rows["2024-01-15"][3], rows["2024-01-16"][3]
    assert len(short) == pytest.approx(len(long) / 3, abs=1)
    assert rows["Total"] == ["Total", "2", "0.24"]


def test_series_are_listed_with_their_units(platform: Tollbook) -> None:
    ran = platform("report", "series", "org_1", "--split", "meter", *TWO_DAYS)
    assert ["voice.call", "1", "90", "seconds", "0.18"] in [row[:5] for row in lines(ran.out)]


def test_the_other_period_stands_beside(platform: Tollbook) -> None:
    day = ("--start", "2024-01-16", "--end", "2024-01-16")
    ran = platform("report", "series", "org_1", *day, "--compare", "previous_period")
    assert ["Total", "1", "0.06", "0.18", "(-66.7%)"] in lines(ran.out)


def test_csv_has_a_row_for_each_bucket_and_series_and_no_formula(platform: Tollbook) -> None:
    ran = platform("report", "series", "org_1", "--split", "user", "--csv", *TWO_DAYS)
    assert list(csv.reader(ran.out.splitlines())) == [
        ["bucket", "key", "name", "events", "cost", *CONSTANTS, "rest"],
        ["2024-01-15", "user_1", "'=ann@acme.com", "1", "0.18", *CONSTANTS.values(), ""],
        ["2024-01-16", "user_1", "'=ann@acme.com", "1", "0.06", *CONSTANTS.values(), ""],
    ]
    ran = platform("report", "series", "org_1", "--split", "meter", "--csv", *TWO_DAYS)
    assert ran.out.splitlines()[1].startswith(
        "2024-01-15,voice.call,voice.call,1,90,0.18,second,default,org_1,Acme,,,2024-01-15,"
    )


def test_the_rest_is_told_from_a_user_with_its_key(platform: Tollbook) -> None:
    sent = [event(id=f"to {user}", user_id=user, cost=cost) for user, cost in RICH.items()]
    platform("import", platform.write("more.ndjson", "\n".join(map(json.dumps, sent))))
    ran = platform("report", "series", "org_1", "--split", "user", "--top", "1", *TWO_DAYS)
    names = [row[:2] for row in lines(ran.out)]
    assert ["other", "1"] in names
    assert ["(others)", "3"] in names


def test_json_is_the_answer_of_the_api(platform: Tollbook) -> None:
    answer = platform.json("report", "series", "org_1", "--user", "user_1", *TWO_DAYS)
    assert (answer["user_id"], answer["total_cost"]) == ("user_1", 0.24)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "tenant default has no organization nobody"),
        (("org_1", "--user", "nobody"), "organization org_1 has no user nobody"),
        (("--user", "user_1"), "--user needs an organization"),
        (("--split", "user"), "split_by=user requires organization_id"),
        (("org_1", "--start", "2024-02-01", "--end", "2024-01-01"), "--start must not be after"),
        (("org_1", "--by", "hour", "--start", "2024-01-01"), "bucket=hour allows at most 31 days"),
    ],
)
def test_what_cannot_be_told_is_a_sentence(
    platform: Tollbook, arguments: tuple[str, ...], said: str
) -> None:
    assert said in platform.refusal("report", "series", *arguments)
