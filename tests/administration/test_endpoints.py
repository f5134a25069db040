"""Endpoints are added, changed, rotated, tested and removed; each act is checked and logged."""

import json
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from tests.administration.office import AT, Office
from tests.alerts.builders import SEALER, notify
from tests.alerts.builders import notification as made_notification
from tollbook.administration import endpoints as administration
from tollbook.administration.endpoints import (
    EndpointChange,
    NewEndpoint,
    Protection,
    add_endpoint,
    change_endpoint,
    remove_endpoint,
    resend,
    rotate_secret,
    send_test,
)
from tollbook.administration.unsubscribing import find_subscription, unsubscribe
from tollbook.domain.endpoint_errors import (
    EndpointDisabled,
    MailNotConfigured,
    SecretKeyMissing,
    TooManyEndpoints,
)
from tollbook.domain.endpoints import AlertEndpoint, EndpointKind, EndpointStatus
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.sealing import Sealer
from tollbook.domain.unsubscribing import Unsubscriber
from tollbook.domain.viewers import NO_SECRET_KEYS, SecretKeys
from tollbook.store import mail
from tollbook.store.database import open_database
from tollbook.store.endpoints import find_endpoint, list_endpoints

HOOK = "https://hooks.example.com/tollbook?a=1"
SAFE = Protection(SEALER, (), has_mail=True)
MAIL, SLACK = EndpointKind.MAIL, EndpointKind.SLACK
SECOND = 1_000_000


@pytest.fixture
def office(sqlite_url_in_memory: str) -> Iterator[Office]:
    database = open_database(sqlite_url_in_memory)
    office = Office(database)
    office.organization()
    yield office
    database.close()


def new(url: str | None = HOOK, **given: Any) -> NewEndpoint:
    return NewEndpoint(**{"name": "Billing", "url": url, **given})


def add(office: Office, *given: Any, protection: Protection = SAFE, **more: Any) -> AlertEndpoint:
    endpoint, _ = office.act(add_endpoint, new(*given, **more), None, protection)
    return endpoint  # type: ignore[no-any-return]


def change(office: Office, endpoint: AlertEndpoint, **given: Any) -> AlertEndpoint:
    changed = office.act(change_endpoint, endpoint, EndpointChange(**given), SAFE)
    assert stored(office, endpoint) == changed
    return changed  # type: ignore[no-any-return]


def stored(office: Office, endpoint: AlertEndpoint) -> AlertEndpoint | None:
    with office.database.reading() as snapshot:
        return find_endpoint(snapshot, office.tenant, endpoint.id)


def secrets_of(endpoint: AlertEndpoint | None) -> list[Any]:
    """Return the secrets, each with the instant until which it signs."""
    assert endpoint is not None
    assert endpoint.secrets is not None
    return list(json.loads(SEALER.open(endpoint.secrets, endpoint.id)))


def test_a_webhook_has_a_secret_that_is_encrypted_for_it(office: Office) -> None:
    endpoint, secret = office.act(add_endpoint, new(types=["trigger.reached"]), None, SAFE)
    assert stored(office, endpoint) == endpoint
    assert [it[0] for it in secrets_of(endpoint)] == [secret]
    assert secret not in repr(endpoint)
    assert SEALER.open(endpoint.url, endpoint.id) == HOOK
    assert endpoint.shown_url == "https://hooks.example.com/tollbook"
    assert (endpoint.status, endpoint.types) == (EndpointStatus.ENABLED, ("trigger.reached",))
    assert office.log()[-1] == (
        "endpoint.create",
        f"endpoint {endpoint.id}",
        {"kind": "webhook", "types": ["trigger.reached"], "enabled": True},
    )


def test_a_chat_shows_its_origin_only_and_has_no_secret(office: Office) -> None:
    endpoint, secret = office.act(add_endpoint, new(kind=SLACK), None, SAFE)
    assert (secret, endpoint.secrets) == (None, None)
    assert endpoint.shown_url == "https://hooks.example.com"
    with pytest.raises(InvalidRequest, match="kind slack has no secret"):
        office.act(rotate_secret, endpoint, 0, SAFE)


def test_mails_have_addresses_and_need_a_server(office: Office) -> None:
    endpoint = add(office, None, kind=MAIL, to=["a@example.com", "b@example.com"])
    assert (endpoint.url, endpoint.shown_url) == (None, None)
    assert endpoint.addresses == ("a@example.com", "b@example.com")
    with pytest.raises(MailNotConfigured, match="TOLLBOOK_SMTP_URL"):
        add(office, None, kind=MAIL, to=["a@example.com"], protection=Protection(SEALER, ()))


def test_without_a_secret_key_there_are_no_endpoints(office: Office) -> None:
    with pytest.raises(SecretKeyMissing, match="TOLLBOOK_SECRET_KEY"):
        add(office, protection=Protection(Sealer(NO_SECRET_KEYS), ()))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": ""}, [("name", "empty")]),
        ({"name": "x" * 101}, [("name", "too_long")]),
        ({"url": None}, [("url", "invalid_url")]),
        ({"url": "http://example.com/"}, [("url", "invalid_url")]),
        ({"url": "https://a:b@example.com/"}, [("url", "invalid_url")]),
        ({"url": "https://10.0.0.1/"}, [("url", "address_not_allowed")]),
        ({"url": "https://[::1]/"}, [("url", "address_not_allowed")]),
        ({"to": ["a@example.com"]}, [("to", "not_for_kind")]),
        ({"url": "x", "to": ["a@b.c"]}, [("to", "not_for_kind"), ("url", "invalid_url")]),
        ({"kind": MAIL, "to": ["a@example.com"]}, [("url", "not_for_kind")]),
    ],
)
def test_every_problem_is_listed(
    office: Office, given: Any, expected: list[tuple[str, str]]
) -> None:
    assert office.problems(add_endpoint, new(**given), None, SAFE) == expected


def test_the_operator_allows_other_networks(office: Office) -> None:
    allowed = Protection(SEALER, (ip_network("10.0.0.0/8"),))
    assert add(office, "http://10.0.0.1/", protection=allowed).shown_url == "http://10.0.0.1/"
    with pytest.raises(InvalidRequest):
        add(office, "https://192.168.0.1/", protection=allowed)


def test_a_tenant_and_an_organization_have_a_limited_number(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration, "MOST_OF_ORGANIZATION", 1)
    monkeypatch.setattr(administration, "MOST_OF_TENANT", 3)
    office.act(add_endpoint, new(), office.row(), SAFE)
    with pytest.raises(TooManyEndpoints, match="an organization may have at most 1"):
        office.act(add_endpoint, new(), office.row(), SAFE)
    add(office)
    add(office)
    with pytest.raises(TooManyEndpoints, match="a tenant may have at most 3"):
        add(office)


def test_a_change_names_its_fields_in_the_log_and_leaves_the_others(office: Office) -> None:
    endpoint = add(office, types=["trigger.reached"])
    renamed = change(office, endpoint, name="Sales")
    assert (renamed.name, renamed.url, renamed.types) == ("Sales", endpoint.url, endpoint.types)
    moved = change(office, renamed, url="https://other.example.com/", types=[])
    assert (moved.shown_url, moved.types) == ("https://other.example.com/", ())
    assert moved.secrets == endpoint.secrets
    change(office, moved, skip_pending=True)
    details = [it for _, _, it in office.log()[-3:]]
    assert details == [
        {"changed": ["name"], "enabled": True},
        {"changed": ["types", "url"], "enabled": True},
        {"changed": [], "enabled": True, "skip_pending": True},
    ]
    for given, problem in (
        ({"name": " "}, ("name", "empty")),
        ({"url": "https://127.0.0.1/"}, ("url", "address_not_allowed")),
        ({"to": ["a@example.com"]}, ("to", "not_for_kind")),
        ({"types": ["x"]}, ("types", "invalid_type")),
    ):
        found = office.problems(change_endpoint, moved, EndpointChange(**given), SAFE)
        assert found[0] == problem


def test_an_endpoint_that_was_disabled_skips_what_was_written_meanwhile(office: Office) -> None:
    endpoint = add(office)
    notify(office.database, made_notification("one"))
    same = change(office, endpoint, enabled=True)
    assert same.after_number == endpoint.after_number
    disabled = change(office, same, enabled=False)
    assert disabled.status is EndpointStatus.DISABLED
    notify(office.database, made_notification("two"))
    enabled = change(office, disabled, enabled=True)
    assert enabled.status is EndpointStatus.ENABLED
    assert enabled.after_number > endpoint.after_number


def test_the_old_secret_also_signs_for_an_overlap(office: Office) -> None:
    endpoint, first = office.act(add_endpoint, new(), None, SAFE)
    changed, second = office.act(rotate_secret, endpoint, 60, SAFE)
    found = {it[0]: it[1:] for it in secrets_of(stored(office, changed))}
    assert found[first] == [office.at + 60 * SECOND]
    assert found[second] in ([], [None])  # it has no end
    assert office.log()[-1][2] == {"overlap_seconds": 60}


def test_a_secret_that_no_key_opens_is_replaced(office: Office) -> None:
    endpoint, first = office.act(add_endpoint, new(), None, SAFE)
    other = Sealer(SecretKeys(("o" * 32,)))
    changed, second = office.act(rotate_secret, endpoint, 60, Protection(other, ()))
    found = other.open(changed.secrets, endpoint.id)
    assert second in found
    assert first not in found


def test_a_disabled_endpoint_gets_no_tests_and_nothing_again(office: Office) -> None:
    endpoint = add(office)
    identity = office.act(send_test, endpoint)
    assert office.log()[-1] == ("endpoint.test", f"endpoint {endpoint.id}", {})
    assert identity
    with pytest.raises(NotFound, match="never for this endpoint"):
        office.act(resend, endpoint, "ntf_unknown")
    disabled = change(office, endpoint, enabled=False)
    for act, given in ((send_test, ()), (resend, (identity,))):
        with pytest.raises(EndpointDisabled, match="enable it first"):
            office.act(act, disabled, *given)


def test_what_others_have_removed_meanwhile_is_not_changed(office: Office) -> None:
    endpoint = add(office)
    office.act(remove_endpoint, endpoint)
    assert office.log()[-1][0] == "endpoint.remove"
    with office.database.reading() as snapshot:
        assert list_endpoints(snapshot, office.tenant) == []
    for act, given in ((change_endpoint, (EndpointChange(), SAFE)), (rotate_secret, (0, SAFE))):
        with pytest.raises(NotFound, match="Endpoint not found"):
            office.act(act, endpoint, *given)


LINKS = Unsubscriber(SecretKeys(("k" * 32,)), "https://usage.example.com")


def code(endpoint: AlertEndpoint, address: str) -> str:
    url = LINKS.url(endpoint.tenant, endpoint.id, address)
    assert url is not None
    return url.rpartition("/")[2]


def follow(office: Office, identity: str, link: str, tenant: str | None = None) -> None:
    with office.database.writing() as transaction:
        unsubscribe(transaction, LINKS, tenant or office.tenant, identity, link, AT)


def unsubscribed(office: Office, endpoint: AlertEndpoint) -> Sequence[str]:
    with office.database.reading() as snapshot:
        return sorted(mail.list_unsubscribed(snapshot, office.tenant, endpoint.id))


def test_a_link_ends_the_mails_to_its_address_once(office: Office) -> None:
    endpoint = add(office, None, kind=MAIL, to=["a@example.com", "b@example.com"])
    link = code(endpoint, "b@example.com")
    with office.database.reading() as snapshot:
        found = find_subscription(snapshot, LINKS, office.tenant, endpoint.id, link)
    assert found == (endpoint, "b@example.com")
    for _ in range(2):
        follow(office, endpoint.id, link)
        assert unsubscribed(office, endpoint) == ["b@example.com"]
    assert [it for it, _, _ in office.log()].count("endpoint.unsubscribe") == 1
    change(office, endpoint, resubscribe=True)
    assert unsubscribed(office, endpoint) == []
    assert office.log()[-1][2]["resubscribe"] is True


def test_any_other_link_is_not_valid(office: Office) -> None:
    endpoint = add(office, None, kind=MAIL, to=["a@example.com"])
    link = code(endpoint, "a@example.com")
    for identity, given, tenant in (
        (endpoint.id, link[:-1] + ("0" if link[-1] != "0" else "1"), None),
        (endpoint.id, "", None),
        (endpoint.id, "é", None),
        (endpoint.id, code(endpoint, "b@example.com"), None),
        ("end_unknown", link, None),
        (endpoint.id, link, "another"),
    ):
        with pytest.raises(NotFound, match="this link is not valid"):
            follow(office, identity, given, tenant)
    change(office, endpoint, to=["c@example.com"])
    with pytest.raises(NotFound):
        follow(office, endpoint.id, link)
    assert unsubscribed(office, endpoint) == []
