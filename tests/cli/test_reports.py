"""tollbook reports: reports are added to endpoints of mails, listed and removed."""

import pytest

from tests.cli.conftest import Tollbook
from tests.servers import SECRET_KEY


@pytest.fixture
def office(tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch) -> Tollbook:
    monkeypatch.setenv("TOLLBOOK_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("TOLLBOOK_SMTP_URL", "smtp://127.0.0.1:2525")
    monkeypatch.setenv("TOLLBOOK_MAIL_FROM", "Billing <billing@example.com>")
    monkeypatch.setenv("TOLLBOOK_PUBLIC_URL", "https://usage.example.com")
    tollbook("organizations", "create", "org_1")
    tollbook("users", "create", "org_1", "ann")
    return tollbook


def endpoint(office: Tollbook, *options: str) -> str:
    added = office.json(
        "endpoints", "add", "a@example.com,b@example.com", "--kind", "mail", *options
    )
    return str(added["endpoint"]["id"])


def test_at_first_there_are_none(office: Tollbook) -> None:
    assert office("reports", "list").out == "there are no reports yet\n"
    assert office.json("reports", "list") == []


def test_a_report_is_added_listed_and_removed(office: Tollbook) -> None:
    to = endpoint(office)
    whole = office.json("reports", "add", to, "--schedule", "daily")
    assert (whole["schedule"], whole["endpoint_id"], whole["organization_id"]) == (
        "daily",
        to,
        None,
    )
    given = ("--schedule", "monthly", "--hour", "9", "--organization", "org_1", "--user", "ann")
    said = office("reports", "add", to, *given)
    assert said.code == 0, said.err
    identity = said.out.split()[1]
    assert said.out == f"report {identity} added\n"
    listed = {it["id"]: it for it in office.json("reports", "list")}
    found = listed[identity]
    assert (found["organization_id"], found["user_id"], found["hour"]) == ("org_1", "ann", 9)
    (line,) = [it for it in office("reports", "list").out.splitlines() if identity in it]
    assert line.split() == [identity, "org_1", "ann", "monthly", "09:00", to]
    assert office("reports", "remove", identity).out == f"report {identity} removed\n"
    assert [it["id"] for it in office.json("reports", "list")] == [whole["id"]]
    assert office.json("reports", "remove", whole["id"])["id"] == whole["id"]
    actions = [it["action"] for it in office.json("audit")]
    assert (actions.count("report.add"), actions.count("report.remove")) == (2, 2)


def test_what_a_report_names_must_be_there(office: Tollbook) -> None:
    to = endpoint(office)
    of_organization = ("--schedule", "weekly", "--organization", "org_1")
    for given, sentence in (
        ((to, "--schedule", "daily", "--organization", "org_9"), "no organization org_9"),
        ((to, *of_organization, "--user", "bob"), "org_1 has no user bob"),
        ((to, "--schedule", "daily", "--user", "ann"), "user_id requires organization_id"),
        (("end_unknown", "--schedule", "daily"), "an endpoint of the kind mail"),
    ):
        assert sentence in office.refusal("reports", "add", *given)
    assert "no report rep_x" in office.refusal("reports", "remove", "rep_x")
    assert office.json("reports", "list") == []


def test_an_endpoint_of_one_organization_gets_reports_on_it_only(office: Tollbook) -> None:
    office("organizations", "create", "org_2")
    own = endpoint(office, "--organization", "org_1")
    for subject in ((), ("--organization", "org_2")):
        said = office.refusal("reports", "add", own, "--schedule", "daily", *subject)
        assert "of the same owner" in said
    office.json("reports", "add", own, "--schedule", "daily", "--organization", "org_1")
    office("tenants", "create", "t")
    said = office.refusal("reports", "add", own, "--schedule", "daily", "--tenant", "t")
    assert "of the same owner" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("x",),
        ("x", "--schedule", "yearly"),
        ("x", "--schedule", "daily", "--hour", "24"),
        ("x", "--schedule", "daily", "--hour", "-1"),
    ],
)
def test_what_is_not_understood_is_exit_code_2(
    tollbook: Tollbook, arguments: tuple[str, ...]
) -> None:
    assert tollbook("reports", "add", *arguments).code == 2
