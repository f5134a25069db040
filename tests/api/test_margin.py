"""Margins: what each answer adds with `include=margin`, and who may ask for it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event, reversal
from tollbook.domain.keys import Permission

BOOK = """
name: Bought
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: voice.call, price: "0.01", per: second, buy: {price: "0.004", per: second}}
  - {meter: sms.outbound, price: "0.02", per: segment, buy: {price: "0.03", per: segment}}
  - {meter: sms.inbound, price: "0.01", per: segment, buy: {price: "0", per: segment}}
  - {meter: api.request, price: "0.001", per: request}
"""
DAYS = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
MARGIN = {"include": "margin"}
ORGANIZATIONS, USERS = "/v1/analytics/organizations", "/v1/analytics/users"
OVERVIEW, SERIES = "/v1/analytics/overview", "/v1/analytics/series"
CHANGES, EVENTS = "/v1/analytics/changes", "/v1/events"
FIELDS = ("buy_cost", "margin", "buy_known_share")


def sms(identity: str, **given: Any) -> Json:
    return event(**{"id": identity, "type": "sms.outbound", "quantity": 1, **given})


@pytest.fixture
def sold(either: Tenant) -> Tenant:
    """A tenant with calls at a profit, messages at a loss, and requests of unknown cost."""
    either.load(BOOK)
    for name in ("org_1", "org_2", "org_3"):
        either.organization(name)
    either.send(
        event(id="call", quantity=100),
        event(id="back", quantity=50),
        sms("lost", user_id="user_2"),
        sms("free", type="sms.inbound", user_id="user_4"),
        sms("request", type="api.request", user_id="user_3"),
        sms("other", organization_id="org_2", user_id="user_2"),
        sms("own", organization_id="org_2", user_id="user_2", cost="1.5"),
    )
    either.reversed(reversal("back"))
    return either


def margins(rows: list[Json], name: str) -> dict[str, tuple[Any, ...]]:
    return {row[name]: tuple(row[field] for field in FIELDS) for row in rows}


def read(tenant: Tenant, path: str, **query: str) -> Json:
    answer = tenant.get(path, params={**DAYS, **MARGIN, **query})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_rows_and_totals_have_what_is_known(sold: Tenant) -> None:
    found = read(sold, USERS, organization_id="org_1", include="totals,margin")
    assert margins(found["users"], "user_id") == {
        "user_1": (0.4, 0.6, 1),
        "user_2": (0.03, -0.01, 1),
        "user_3": (None, None, 0),
        "user_4": (0, 0.01, 1),
    }
    assert [found["totals"][field] for field in FIELDS] == [0.43, 0.6, 0.999030]
    level = [found["organization_level"][field] for field in FIELDS]
    assert level == [0, 0, None]


def test_organizations_and_the_overview_add_up(sold: Tenant) -> None:
    found = read(sold, ORGANIZATIONS, include="totals,margin")
    assert margins(found["organizations"], "organization_id") == {
        "org_1": (0.43, 0.6, 0.999030),
        "org_2": (1.53, -0.01, 1),
        "org_3": (0, 0, None),
    }
    whole = [1.96, 0.59, 0.999608]
    assert [found["totals"][field] for field in FIELDS] == whole
    overview = read(sold, OVERVIEW)
    assert [overview[field] for field in FIELDS] == whole
    assert list(overview)[-3:] == list(FIELDS)


@pytest.mark.parametrize("group_by", ["meter", "country"])
def test_groups_have_their_margin(sold: Tenant, group_by: str) -> None:
    found = read(sold, USERS, organization_id="org_1", group_by=group_by)
    (group,) = next(it for it in found["users"] if it["user_id"] == "user_2")["groups"]
    assert [group[field] for field in FIELDS] == [0.03, -0.01, 1]
    file = read_file(sold, USERS, organization_id="org_1", group_by=group_by)
    row = next(it for it in file[1:] if it.startswith("user_2"))
    assert row.endswith(",0.03,-0.01,1.0")


def read_file(tenant: Tenant, path: str, **query: str) -> list[str]:
    answer = tenant.get(path, params={**DAYS, **MARGIN, "format": "csv", **query})
    assert answer.status_code == 200, answer.text
    return answer.text.splitlines()


def test_files_have_the_margin_as_last_columns(sold: Tenant) -> None:
    header, *rows = read_file(sold, USERS, organization_id="org_1", include="totals,margin")
    assert header.endswith(",currency,buy_cost,margin,buy_known_share")
    assert rows[0].endswith(",USD,0.40,0.60,1.0")
    assert next(it for it in rows if it.startswith("user_3")).endswith(",USD,,,0.0")
    assert rows[-1].endswith(",USD,0.43,0.60,0.99903")
    header, row = read_file(sold, OVERVIEW)
    assert header.endswith(",buy_known_share")
    assert row.endswith(",1.96,0.59,0.999608")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("asc", ["user_2", "user_4", "user_1", "user_3"]),
        ("desc", ["user_1", "user_4", "user_2", "user_3"]),
    ],
)
def test_rows_are_sorted_by_margin_and_unknown_ones_are_last(
    sold: Tenant, order: str, expected: list[str]
) -> None:
    found = read(sold, USERS, organization_id="org_1", sort="margin", order=order)
    assert [it["user_id"] for it in found["users"]] == expected
    page = read(sold, USERS, organization_id="org_1", sort="margin", order=order, limit="2")
    rest = read(
        sold,
        USERS,
        organization_id="org_1",
        sort="margin",
        order=order,
        limit="2",
        cursor=page["next_cursor"],
    )
    assert [it["user_id"] for it in page["users"] + rest["users"]] == expected
    assert "margin" in rest["users"][0]


def test_a_cursor_without_margins_is_of_another_question(sold: Tenant) -> None:
    first = sold.get(USERS, params={**DAYS, "organization_id": "org_1", "limit": "1"}).json()
    cursor = {"cursor": first["next_cursor"], "limit": "1", "organization_id": "org_1"}
    assert sold.get(USERS, params={**DAYS, **MARGIN, **cursor}).status_code == 400


def test_an_order_by_margin_requires_margins(sold: Tenant) -> None:
    for path, query in ((USERS, {"organization_id": "org_1"}), (SERIES, {})):
        answer = sold.get(path, params={**DAYS, **query, "sort": "margin"})
        assert problems(answer) == [("sort", "margin_required")]


def test_series_have_margins_by_bucket_and_the_lowest_first(sold: Tenant) -> None:
    found = read(sold, SERIES, bucket="month", split_by="organization", sort="margin")
    assert [it["key"] for it in found["series"]] == ["org_2", "org_1"]
    first = found["series"][0]
    assert (first["buy_costs"], first["margins"], first["buy_known_shares"]) == (
        [1.53],
        [-0.01],
        [1],
    )
    assert (first["total_buy_cost"], first["total_margin"]) == (1.53, -0.01)
    assert (found["total_margin"], found["total_buy_known_share"]) == (0.59, 0.999608)
    for split in ("meter", "country", "category", "organization"):
        for bucket in ("day", "month"):
            one = read(sold, SERIES, bucket=bucket, split_by=split)
            assert Decimal(str(one["total_margin"])) == Decimal("0.59")
            known = [it["total_margin"] for it in one["series"] if it["total_margin"] is not None]
            assert sum(map(Decimal, map(str, known))) == Decimal("0.59")


@pytest.mark.parametrize("bucket", ["hour", "day"])
def test_series_of_users_have_margins(sold: Tenant, bucket: str) -> None:
    days = {"start_date": "2024-01-15", "end_date": "2024-01-16"}
    of = {"organization_id": "org_1", "bucket": bucket, "top": "1", "sort": "margin", **days}
    found = read(sold, SERIES, split_by="user", compare="previous_period", **of)
    assert [it["key"] for it in found["series"]] == ["user_2", "other"]
    assert found["series"][0]["total_margin"] == -0.01
    assert found["series"][1]["total_margin"] == 0.61
    assert found["comparison"]["total_margin"] == 0
    assert found["comparison"]["total_buy_known_share"] is None
    lines = read_file(sold, SERIES, split_by="user", compare="previous_period", **of)
    assert lines[0].endswith(
        ",rest,buy_cost,margin,buy_known_share,"
        "previous_buy_cost,previous_margin,previous_buy_known_share"
    )
    assert any(it.endswith(",0.03,-0.01,1.0,0.00,0.00,") for it in lines)


def test_changes_have_margins_of_both_periods(sold: Tenant) -> None:
    sold.send(sms("late", time="2024-02-10T00:00:00Z"))
    given = {"start_date": "2024-02-01", "end_date": "2024-02-29", "compare": "previous_period"}
    found = read(sold, CHANGES, organization_id="org_1", **given)
    first = next(it for it in found["top"] if it["user_id"] == "user_1")
    assert (first["buy_cost"], first["margin"], first["previous_margin"]) == (0.03, -0.01, 0.6)
    assert (found["margin"], found["previous_margin"]) == (-0.01, 0.6)
    assert found["organization_level"]["previous_buy_known_share"] is None
    lines = read_file(sold, CHANGES, include="totals,margin", **given)
    assert lines[0].endswith(",previous_buy_cost,previous_margin,previous_buy_known_share")
    assert lines[-1].endswith(",0.03,-0.01,1.0,1.96,0.59,0.999608")


def test_events_have_their_buy_cost_and_margin(sold: Tenant) -> None:
    found = read(sold, EVENTS, organization_id="org_1")
    listed = {it["id"]: (it["buy_cost"], it["margin"]) for it in found["events"]}
    assert listed == {
        "call": (0.4, 0.6),
        "back": (0.2, 0.3),
        "back back": (-0.2, -0.3),
        "lost": (0.03, -0.01),
        "free": (0, 0.01),
        "request": (None, None),
    }
    header, *rows = read_file(sold, EVENTS, organization_id="org_1")
    assert header.endswith(",corrects,corrected_by,buy_cost,margin")
    assert next(it for it in rows if it.startswith("lost,")).endswith(",0.03,-0.01")


def test_without_the_parameter_no_answer_has_a_margin(sold: Tenant) -> None:
    for path in (USERS, ORGANIZATIONS, OVERVIEW, SERIES, CHANGES, EVENTS):
        of = {} if path in (ORGANIZATIONS, OVERVIEW) else {"organization_id": "org_1"}
        for kind in ("json", "csv"):
            text = sold.get(path, params={**DAYS, **of, "format": kind}).text
            assert "margin" not in text, path
            assert "buy" not in text, path


def test_only_keys_of_the_whole_tenant_may_ask(sold: Tenant) -> None:
    keys = [
        sold.key(Permission.READ_ANALYTICS, organization="org_1"),
        sold.key(organization="org_1"),
        sold.key(Permission.READ_ANALYTICS, organization="org_1", user="user_1"),
    ]
    body = {"organization_id": "org_1"}
    keys.append(sold.post("/v1/viewer-tokens", json=body).json()["token"])
    of = {"organization_id": "org_1"}
    asked = [(path, MARGIN) for path in (USERS, ORGANIZATIONS, OVERVIEW, SERIES, CHANGES, EVENTS)]
    asked += [(USERS, {"sort": "margin"}), (SERIES, {"sort": "margin"})]
    for path, query in asked:
        given = query if path in (ORGANIZATIONS, OVERVIEW) else {**of, **query}
        for key in keys:
            answer = sold.get(path, key, params={**DAYS, **given})
            assert answer.status_code == 403, (path, answer.text)
            assert answer.json()["code"] == "permission_missing"
