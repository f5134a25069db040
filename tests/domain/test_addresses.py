"""Addresses: who is behind a proxy, as far as the proxy is believed."""

import pytest

from tollbook.domain.addresses import (
    address_of,
    is_in,
    network_problem,
    networks_of,
    parsed,
    within,
)

PROXIES = networks_of(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        (None, None, None),
        ("192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # anybody can write a header
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # the first one is made up
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, unknown", None),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", None),
        ("testclient", "198.51.100.1", None),
        ("10.0.0.1", "1" * 10_000, None),
    ],
)
def test_an_address_is_the_last_one_that_somebody_trusted_saw(
    peer: str | None, forwarded: str | None, found: str | None
) -> None:
    assert address_of(peer, forwarded, PROXIES) == found


def test_an_unknown_address_is_in_no_network() -> None:
    everywhere = networks_of(["0.0.0.0/0", "::/0"])
    assert not is_in(None, everywhere)
    assert is_in(parsed("192.0.2.7"), everywhere)
    assert not is_in(parsed("192.0.2.7"), networks_of(["::/0", "192.0.2.8"]))


def test_networks_within_others() -> None:
    outer = networks_of(["192.0.2.0/24", "2001:db8::/32"])
    assert within(networks_of(["192.0.2.128/25", "2001:db8::7"]), outer)
    assert not within(networks_of(["192.0.2.0/23"]), outer)
    assert not within(networks_of(["2001:db9::/32"]), outer)


@pytest.mark.parametrize("text", ["", "x", "192.0.2.7/33", "192.0.2.7/24", "::1/129", "1.2.3"])
def test_what_is_no_network_is_named(text: str) -> None:
    assert network_problem("f", text) is not None
