"""No request goes to an address that is not public, however it is written."""

from ipaddress import ip_address, ip_network

import pytest

from tollbook.domain.destinations import InvalidUrl, are_allowed, is_allowed, parse_url

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1"),
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
def test_an_address_that_is_not_public_is_forbidden(address: str) -> None:
    assert not is_allowed(ip_address(address), ())


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(ip_address(address), ())


def test_networks_add_addresses() -> None:
    assert is_allowed(ip_address("127.0.0.1"), LOOPBACK)
    assert not is_allowed(ip_address("10.0.0.1"), LOOPBACK)


def test_a_wide_network_does_not_add_link_local_addresses() -> None:
    address, everything = ip_address("169.254.169.254"), ip_network("0.0.0.0/0")
    assert not is_allowed(address, (everything,))
    assert is_allowed(address, (everything, ip_network("169.254.169.254/32")))


def test_one_forbidden_address_forbids_the_name() -> None:
    assert are_allowed([ip_address("8.8.8.8")], ())
    assert not are_allowed([ip_address("8.8.8.8"), ip_address("10.0.0.1")], ())
    assert not are_allowed([], ())


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://example.com/", "must begin with https://"),
        ("ftp://example.com/", "must begin with https://"),
        ("https://user:secret@example.com/", "must not contain a user or a password"),
        ("https://example.com/#part", "must not contain a fragment"),
        ("https://example.com:22/", "must have port 80 or 443"),
        ("https://example.com:99999/", "must be a URL"),
        ("https:///path", "must have the name or address of a host"),
        ("https://exa mple.com/", "must not contain spaces"),
        ("https://example.com\\@10.0.0.1/", "must not contain spaces"),
        ("https://example.com/ü", "must have an escaped path and query"),
        ("https://" + "a" * 2_000, "must have up to 2000 characters"),
    ],
)
def test_a_url_is_refused_with_the_reason(url: str, problem: str) -> None:
    with pytest.raises(InvalidUrl, match=problem):
        parse_url(url)


def test_a_url_is_taken_apart() -> None:
    found = parse_url("https://Bücher.example:8443/hook?a=1")
    assert (found.host, found.port, found.target) == ("xn--bcher-kva.example", 8443, "/hook?a=1")
    assert (found.origin, found.path) == ("https://xn--bcher-kva.example:8443", "/hook")
    assert parse_url("https://[2606:4700::1]").url == "https://[2606:4700::1]/"
    assert parse_url("http://127.0.0.1:8080/", LOOPBACK).port == 8080
