"""Links that end mails: only those that this server made, for this address."""

import re
from urllib.parse import urlsplit

import pytest

from tollbook.domain.unsubscribing import NO_LINKS, Unsubscriber
from tollbook.domain.viewers import SecretKeys

OLD, NEW = "o" * 32, "n" * 32
HOST = "https://ledger.example.com/tollbook"
ADDRESSES = ("a@b.com", "c@d.com")


def unsubscriber(*secrets: str, url: str = HOST) -> Unsubscriber:
    return Unsubscriber(SecretKeys(secrets), url)


def code_of(
    by: Unsubscriber, address: str = "a@b.com", tenant: str = "demo", endpoint: str = "end_1"
) -> str:
    url = by.url(tenant, endpoint, address)
    assert url is not None
    return url.rpartition("/")[2]


def test_a_link_has_tenant_and_endpoint_and_no_address() -> None:
    url = unsubscriber(NEW).url("demo", "end_1", "a@b.com")
    assert url is not None
    assert url.startswith(f"{HOST}/unsubscribe/demo/end_1/")
    assert re.fullmatch("[0-9a-f]{64}", url.rpartition("/")[2])
    assert "@" not in urlsplit(url).path
    assert urlsplit(url).query == ""


@pytest.mark.parametrize(
    "by", [NO_LINKS, unsubscriber(NEW, url=""), unsubscriber(), unsubscriber(url="")]
)
def test_without_a_url_or_a_secret_there_are_no_links(by: Unsubscriber) -> None:
    assert by.url("demo", "end_1", "a@b.com") is None


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_link_leads_to_its_address(address: str) -> None:
    by = unsubscriber(NEW)
    assert by.address_of("demo", "end_1", ADDRESSES, code_of(by, address)) == address


def test_a_link_to_an_address_that_was_removed_leads_nowhere() -> None:
    by = unsubscriber(NEW)
    assert by.address_of("demo", "end_1", ["c@d.com"], code_of(by)) is None
    assert by.address_of("demo", "end_1", [], code_of(by)) is None


@pytest.mark.parametrize(
    ("tenant", "endpoint"), [("other", "end_1"), ("demo", "end_2"), ("demo/end_1", "")]
)
def test_a_link_is_of_one_endpoint_of_one_tenant(tenant: str, endpoint: str) -> None:
    by = unsubscriber(NEW)
    assert by.address_of(tenant, endpoint, ADDRESSES, code_of(by)) is None


def test_a_change_of_the_secret_keeps_the_links_of_the_one_before() -> None:
    code = code_of(unsubscriber(OLD))
    both = unsubscriber(NEW, OLD)
    assert both.address_of("demo", "end_1", ADDRESSES, code) == "a@b.com"
    assert code_of(both) == code_of(unsubscriber(NEW)) != code
    assert unsubscriber(NEW).address_of("demo", "end_1", ADDRESSES, code) is None


@pytest.mark.parametrize(
    "change", [str.upper, lambda it: it[:-1], lambda it: it + "0", lambda _: "é"]
)
def test_a_changed_code_leads_nowhere(change: object) -> None:
    by = unsubscriber(NEW)
    code = change(code_of(by))  # type: ignore[operator]
    assert by.address_of("demo", "end_1", ADDRESSES, code) is None
    assert by.address_of("demo", "end_1", ADDRESSES, "") is None


def test_a_server_without_a_public_url_still_accepts_links() -> None:
    code = code_of(unsubscriber(NEW))
    assert unsubscriber(NEW, url="").address_of("demo", "end_1", ADDRESSES, code) == "a@b.com"


def test_texts_are_not_joined_so_that_parts_can_move() -> None:
    by = unsubscriber(NEW)
    codes = {
        code_of(by, "a@b.com", "demo", "end_1"),
        code_of(by, "a@b.com", "demoend_1", ""),
        code_of(by, "1a@b.com", "demo", "end_"),
    }
    assert len(codes) == 3
