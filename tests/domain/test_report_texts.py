"""The mail of a report: exact amounts, and only the facts that there are."""

from decimal import Decimal
from typing import Any

import pytest

from tollbook.domain.report_texts import CHART_ID, chart_text, money, report_body

REPORT: dict[str, Any] = {
    "organization_id": "org_1",
    "user_id": None,
    "period": {"start": "2024-01-01", "end": "2024-01-31", "timezone": "Europe/Berlin"},
    "currency": "EUR",
    "cost": "1500.50",
    "previous_cost": "1200.40",
    "events": "12000",
    "quarantined_share": None,
    "other_currencies": [],
    "as_of": "2024-02-01T06:00:00.000Z",
    "days": [
        {"day": "2024-01-01", "cost": "9"},
        {"day": "2024-01-02", "cost": "10.5"},
        {"day": "2024-01-03", "cost": "10.50"},
    ],
    "categories": [
        {"category": "voice", "cost": "1000", "previous_cost": "0"},
        {"category": "messaging", "cost": "500.505", "previous_cost": "1000"},
        {"category": "kb", "cost": "0", "previous_cost": "0"},
    ],
    "rows": [{"user_id": "<ann>", "cost": "1500.5"}],
}


def lines(**given: Any) -> list[str]:
    return report_body({**REPORT, **given}).lines


def fact(label: str, **given: Any) -> str | None:
    """Return what the lines of a report state under a label."""
    found = [it for it in lines(**given) if it.startswith(f"{label}: ")]
    assert len(found) <= 1
    return found[0].partition(": ")[2] if found else None


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00"),
        ("0.05", "0.05"),
        ("0.049", "0.049"),
        ("0.000000001", "0.000000001"),
        ("0.0100", "0.01"),
        ("-0.0400", "-0.04"),
        ("-0.05", "-0.05"),
        ("0.055", "0.06"),
        ("0.065", "0.06"),
        ("1234567.891", "1,234,567.89"),
        ("-1234.5", "-1,234.50"),
        ("2.675", "2.68"),
        ("2.665", "2.66"),
    ],
)
def test_an_amount_has_two_decimals_or_all_if_it_is_small(amount: str, text: str) -> None:
    assert money(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("cost", "before", "change"),
    [
        ("1500.50", "1200.40", "+25.0% (before: 1,200.40 EUR)"),
        ("1", "3", "-66.7% (before: 3.00 EUR)"),
        ("3", "3.00", "+0.0% (before: 3.00 EUR)"),
        ("0", "3", "-100.0% (before: 3.00 EUR)"),
        ("3", "0", "new (before: 0.00 EUR)"),
        ("0", "0.00", "none (before: 0.00 EUR)"),
    ],
)
def test_a_change_is_a_part_of_the_cost_before(cost: str, before: str, change: str) -> None:
    assert fact("Change", cost=cost, previous_cost=before) == change


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2024-01-01", "2024-01-31", "2024-01-01 to 2024-01-31 (Europe/Berlin)"),
        ("2024-01-01", "2024-01-01", "2024-01-01 (Europe/Berlin)"),
    ],
)
def test_a_period_of_one_day_is_named_once(start: str, end: str, text: str) -> None:
    period = {"start": start, "end": end, "timezone": "Europe/Berlin"}
    assert fact("Period", period=period) == text


@pytest.mark.parametrize(
    ("organization", "user"), [("org_1", None), ("org_1", "ann"), (None, None)]
)
def test_a_report_names_its_subject(organization: str | None, user: str | None) -> None:
    given = {"organization_id": organization, "user_id": user}
    assert fact("Organization", **given) == organization
    assert fact("User", **given) == user


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, None),
        ("0.25", "25%"),
        ("0.000001", "0.0001%"),
        ("0.1", "10%"),
        ("1.0", "100%"),
    ],
)
def test_what_is_in_quarantine_is_a_share_of_the_events(
    share: str | None, text: str | None
) -> None:
    found = fact("In quarantine", quarantined_share=share)
    assert found == (text and f"{text} of the events, which are not in the cost")


def test_what_is_not_included_is_named() -> None:
    assert fact("Not included") is None
    found = fact("Not included", other_currencies=["JPY", "USD"])
    assert found == "organizations with JPY, USD"


def test_the_chart_is_described_by_its_highest_day_the_first_of_several() -> None:
    assert chart_text(REPORT) == (
        "Cost of each day from 2024-01-01 to 2024-01-03: highest 10.50 EUR on 2024-01-02"
    )


def test_days_are_compared_as_numbers() -> None:
    days = [{"day": "2024-01-01", "cost": "9"}, {"day": "2024-01-02", "cost": "1E+1"}]
    assert "highest 10.00 EUR on 2024-01-02" in chart_text({**REPORT, "days": days})


def test_the_tables_follow_the_description_of_the_chart() -> None:
    found = lines()
    at = found.index(chart_text(REPORT))
    assert found[at - 1] == ""
    assert found[at + 1 :] == [
        "",
        "Cost by category",
        "Category  Cost  Change",
        "voice  1,000.00  new",
        "messaging  500.50  -49.9%",
        "kb  0.00  none",
        "",
        "Highest costs by user",
        "User  Cost",
        "<ann>  1,500.50",
    ]


def test_a_report_on_a_tenant_ranks_organizations() -> None:
    found = lines(organization_id=None, rows=[{"organization_id": "org_9", "cost": "1"}])
    assert found[-3:] == ["Highest costs by organization", "Organization  Cost", "org_9  1.00"]


def test_a_table_without_rows_is_left_out() -> None:
    assert lines(categories=[], rows=[])[-1] == chart_text(REPORT)
    assert "<h2>" not in report_body({**REPORT, "categories": [], "rows": []}).html


def test_the_page_has_the_same_facts_and_tables() -> None:
    found = report_body(REPORT)
    for label, _, value in (it.partition(": ") for it in found.lines[: found.lines.index("")]):
        assert f'<td align="left"><b>{label}</b></td><td align="left">{value}</td>' in found.html
    assert f'src="cid:{CHART_ID}"' in found.html
    assert found.html.count("<table") == found.html.count("</table>") == 3


def test_values_are_escaped_in_the_page() -> None:
    html = report_body({**REPORT, "organization_id": '<i>"&'}).html
    assert "&lt;ann&gt;" in html
    assert "&lt;i&gt;&quot;&amp;" in html
    assert "<ann>" not in html
    assert "<i>" not in html
