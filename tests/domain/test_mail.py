"""Which servers and addresses mails have, and what they say."""

import json
from typing import Any

import pytest

from tollbook.domain.mail import (
    Encryption,
    InvalidMailUrl,
    MailServer,
    address_problems,
    is_address,
    is_public_url,
    parse_mail_url,
)
from tollbook.domain.mail_texts import mail_text, subject_of
from tollbook.domain.notifications import NotificationType
from tollbook.domain.payloads import StoredNotification

_AT = 1_705_314_600_123_000
SECRET = "Secret <b>name</b>"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (
            "smtp://user:p%40ss@mail.example.com",
            MailServer("mail.example.com", 587, Encryption.STARTTLS, "user", "p@ss"),
        ),
        ("smtps://mail.example.com", MailServer("mail.example.com", 465, Encryption.TLS)),
        (
            "smtp://mail.example.com:25/",
            MailServer("mail.example.com", 25, Encryption.STARTTLS),
        ),
        (
            "smtp://127.0.0.1:25?starttls=off",
            MailServer("127.0.0.1", 25, Encryption.NONE),
        ),
        ("smtp://[::1]:25?starttls=off", MailServer("::1", 25, Encryption.NONE)),
    ],
)
def test_a_mail_server_is_a_url(url: str, server: MailServer) -> None:
    assert parse_mail_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:99999",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?starttls=on",
        "smtp://mail.example.com?starttls=off",
        "smtp://127.0.0.1.example.com?starttls=off",
        "smtps://localhost?starttls=off",
        "smtp://user%0d%0a@mail.example.com",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidMailUrl):
        parse_mail_url(url)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a@", "@b.com", "a@b.com\r\nBcc: c@d.com", "a b@c.com", "A <a@b.com>"),
        *("a@b.com, c@d.com", "ä@b.com", "a@bücher.de", f"{'a' * 250}@b.com"),
    ],
)
def test_other_texts_are_no_addresses(text: str) -> None:
    assert not is_address(text)


def test_addresses_are_few_and_different() -> None:
    assert address_problems("to", ["a@b.com", "a.b+c@d.example.com"]) == [None, None]
    for wrong in ([], ["a@b.com"] * 2, ["a@b.com", "A@B.com"], [f"{i}@b.com" for i in range(11)]):
        (problem,) = address_problems("to", wrong)
        assert problem is not None
        assert (problem.field, problem.code) == ("to", "invalid_address")


@pytest.mark.parametrize(
    ("url", "is_valid"),
    [
        ("https://ledger.example.com/tollbook", True),
        ("http://127.0.0.1:8080", True),
        ("ledger.example.com", False),
        ("https://", False),
        ("https://a.com?b", False),
        ("https://a.com/>", False),
        ("https://[", False),
    ],
)
def test_links_begin_with_a_url(url: str, *, is_valid: bool) -> None:
    assert is_public_url(url) is is_valid


def stored(kind: str, identity: str = "ntf_a", **data: Any) -> StoredNotification:
    return StoredNotification("demo", 1, identity, kind, _AT, json.dumps(data))


@pytest.mark.parametrize(
    ("kind", "data", "subject"),
    [
        (
            "budget.reached",
            {"period": {"kind": "month"}, "threshold": {"fraction": 0.8, "value": 1280}},
            "80% of a monthly budget reached",
        ),
        (
            "budget.cleared",
            {"period": {"kind": "day"}, "threshold": {"fraction": 1.255}},
            "125.5% of a daily budget no longer reached",
        ),
        (
            "trigger.reached",
            {"period": {"kind": "hour"}, "figure": "cost", "threshold": {"kind": "value"}},
            "Hourly cost threshold reached",
        ),
        (
            "trigger.reached",
            {"period": {"kind": "week"}, "figure": "count", "threshold": {"kind": "deviation"}},
            "Unusual weekly count reached",
        ),
    ],
)
def test_a_subject_names_the_kind(kind: str, data: dict[str, Any], subject: str) -> None:
    assert subject_of(stored(kind, **data)) == subject


@pytest.mark.parametrize("kind", NotificationType)
def test_no_subject_has_an_id_a_name_or_an_amount(kind: NotificationType) -> None:
    threshold = {"kind": "value", "value": 4321, "fraction": 0.5}
    data = {"name": SECRET, "organization_id": SECRET, "value": 4321, "threshold": threshold}
    subject = subject_of(stored(kind, **data))
    assert subject
    assert SECRET not in subject
    assert "4321" not in subject


def test_a_body_has_the_figures_in_both_forms() -> None:
    it = stored(
        "trigger.reached",
        name=SECRET,
        period={"name": "2024-01-15", "from": "2024-01-15T00:00:00+01:00", "ended": False},
        value=51.27,
        meter=None,
    )
    content = mail_text([it], "https://ledger.example.com", "https://ledger.example.com/u?a&b")
    lines = content.text.splitlines()
    assert "Value: 51.27" in lines
    assert "Period from: 2024-01-15T00:00:00+01:00" in lines
    assert "Period ended: no" in lines
    assert f"Name: {SECRET}" in lines
    assert "Open Tollbook: https://ledger.example.com" in lines
    assert not any(line.startswith("Meter") for line in lines)
    assert "Secret &lt;b&gt;name&lt;/b&gt;" in content.html
    assert '<a href="https://ledger.example.com/u?a&amp;b">Unsubscribe</a>' in content.html


def test_without_a_public_url_there_are_no_links() -> None:
    content = mail_text([stored("endpoint.test", message="This is a test.")])
    assert "http" not in content.text + content.html


def test_a_digest_has_a_hundred_lines_and_a_count() -> None:
    content = mail_text([stored("trigger.reached", f"ntf_{i}", name=SECRET) for i in range(103)])
    assert content.subject == "103 notifications"
    assert content.text.count("trigger.reached") == content.html.count("<li>trigger") == 100
    assert "and 3 more" in content.text
    assert SECRET not in content.html
