"""The forms of mails: rows of values, digests, links, and the mail of a report."""

import json
from typing import Any

import pytest

from tests.domain.test_report_texts import REPORT
from tollbook.domain.mail_texts import mail_text, report_data, subject_of
from tollbook.domain.payloads import StoredNotification, line_of
from tollbook.domain.report_texts import report_body

NOON = 1_705_320_000_000_000


def stored(kind: str = "usage.silent", data: str | None = None, **given: Any) -> StoredNotification:
    return StoredNotification("demo", 1, "ntf_a", kind, NOON, data or json.dumps(given))


def rows(data: str | None = None, **given: Any) -> list[str]:
    """Return the lines about the values, between those that each mail has."""
    lines = mail_text([stored("usage.silent", data, **given)]).text.splitlines()
    assert lines[:5] == [
        "No usage for longer than usual",
        "",
        "Type: usage.silent",
        "Time: 2024-01-15T12:00:00.000Z",
        "Tenant: demo",
    ]
    assert lines[-1] == "Notification: ntf_a"
    return lines[5:-1]


@pytest.mark.parametrize(
    ("kind", "data", "subject"),
    [
        ("trigger.reached", {}, "Figure threshold reached"),
        ("trigger.reached", {"figure": "cost"}, "Cost threshold reached"),
        ("trigger.reached", {"figure": "margin"}, "Figure threshold reached"),
        (
            "trigger.reached",
            {"period": {"kind": "all"}, "figure": "quantity"},
            "Total quantity threshold reached",
        ),
        (
            "trigger.cleared",
            {"period": {"kind": "day"}, "figure": "cost"},
            "Daily cost threshold no longer reached",
        ),
        (
            "trigger.cleared",
            {"figure": "cost", "threshold": {"kind": "deviation"}},
            "Unusual cost no longer reached",
        ),
        ("budget.reached", {}, "Part of a budget reached"),
        ("budget.reached", {"period": {"kind": "week"}}, "Part of a weekly budget reached"),
        ("budget.reached", {"threshold": {"fraction": 1.0}}, "100% of a budget reached"),
        ("budget.reached", {"threshold": {"fraction": 0.0001}}, "0.01% of a budget reached"),
        ("report.ready", {"schedule": "weekly"}, "Weekly report"),
        ("key.expiring", {"name": "mine"}, "An API key expires soon"),
        ("endpoint.test", {}, "A test of notifications"),
    ],
)
def test_a_subject_has_the_kind_and_no_more(kind: str, data: dict[str, Any], subject: str) -> None:
    assert subject_of(stored(kind, json.dumps(data))).strip() == subject


def test_an_unknown_kind_is_a_defect() -> None:
    with pytest.raises(ValueError, match=r"no\.such"):
        subject_of(stored("no.such"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, []),
        ({"value": 12}, ["Value: 12"]),
        ({"user_id": None, "since": None}, []),
        ({"is_open": True, "is_late": False}, ["Is open: yes", "Is late: no"]),
        ({"meters": ["a", "b"], "none": []}, ["Meters: a, b", "None: "]),
        ({"period": {"kind": "day", "end": None}}, ["Period kind: day"]),
        ({"a": {"b": {"c_d": 1}}, "e": 2}, ["A b c d: 1", "E: 2"]),
        ({"name": "Zoë & <b>"}, ["Name: Zoë & <b>"]),
    ],
)
def test_each_value_is_a_row_under_its_name(data: dict[str, Any], expected: list[str]) -> None:
    assert rows(json.dumps(data)) == expected


@pytest.mark.parametrize(
    "number", ["12.30", "0.000000001", "123456789012345678901234567890", "1e5", "-0.10"]
)
def test_numbers_keep_their_digits(number: str) -> None:
    assert rows(f'{{"value":{number}}}') == [f"Value: {number}"]
    assert report_data(stored(data=f'{{"cost":{number}}}')) == {"cost": number}


LINKS = ("https://ledger.example.com", "https://ledger.example.com/u/1?a&b")


@pytest.mark.parametrize("link", [None, LINKS[0]])
@pytest.mark.parametrize("unsubscribe", [None, LINKS[1]])
@pytest.mark.parametrize("count", [1, 2])
def test_a_mail_ends_with_the_links_that_there_are(
    link: str | None, unsubscribe: str | None, count: int
) -> None:
    found = mail_text([stored(value=1)] * count, link, unsubscribe)
    ends = [f"Open Tollbook: {link}"] if link else []
    ends += [f"Unsubscribe: {unsubscribe}"] if unsubscribe else []
    lines = found.text.splitlines()
    assert lines[len(lines) - len(ends) :] == ends
    assert found.text.endswith("\n")
    assert (lines[-len(ends) - 1] == "") is bool(ends)
    assert found.html.count("<a href=") == len(ends)
    assert ("/u/1?a&amp;b" in found.html) is bool(unsubscribe)


@pytest.mark.parametrize(
    ("count", "more"), [(2, None), (100, None), (101, "and 1 more"), (250, "and 150 more")]
)
def test_a_digest_has_a_line_for_each_of_the_first_hundred(count: int, more: str | None) -> None:
    found = [stored(number=it) for it in range(count)]
    content = mail_text(found)
    lines = content.text.splitlines()
    assert content.subject == lines[0] == f"{count} notifications"
    assert lines[2:102] == list(map(line_of, found[:100]))
    assert lines[102:] == ([more] if more else [])
    assert content.html.count("<li>") == min(count, 100) + bool(more)


def test_a_page_is_a_whole_document_titled_by_its_subject() -> None:
    html = mail_text([stored(name="</td><script>")]).html
    assert html.startswith('<!doctype html><html lang="en">')
    assert html.endswith("</body></html>\n")
    assert "<title>No usage for longer than usual</title>" in html
    assert "<script>" not in html


def test_the_mail_of_a_report_is_its_body_with_the_links() -> None:
    found = mail_text([stored("report.ready", json.dumps({"schedule": "daily", **REPORT}))], *LINKS)
    body = report_body(REPORT)
    assert found.subject == "Daily report"
    assert found.text.splitlines()[2:-3] == body.lines
    assert body.html in found.html
    assert "ntf_a" not in found.text


def test_a_report_among_others_is_a_line() -> None:
    found = mail_text([stored("report.ready", schedule="daily"), stored(value=1)])
    assert found.subject == "2 notifications"
    assert "report.ready at 2024-01-15T12:00:00.000Z: schedule daily" in found.text
