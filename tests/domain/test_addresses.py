"""Addresses: who is behind a proxy, as far as the proxy is believed."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.addresses import (
    Address,
    Network,
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
def test_an_invalid_network_is_named(text: str) -> None:
    assert network_problem("f", text) is not None


IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address)
IPV6 = st.integers(0, 2**128 - 1).map(IPv6Address)


@examples(100)
@given(IPV4 | IPV6)
def test_an_address_is_parsed_from_its_text(address: Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert parsed(str(address)) == (mapped or address)


@examples(100)
@given(IPV4)
def test_a_mapped_address_is_the_one_inside(address: IPv4Address) -> None:
    assert parsed(f"::ffff:{address}") == address


@pytest.mark.parametrize("text", [None, "", " ", "192.0.2", "192.0.2.07", "x", "1" * 46])
def test_other_texts_are_not_addresses(text: str | None) -> None:
    assert parsed(text) is None


SMALL = st.tuples(st.integers(0, 255), st.integers(24, 32)).map(
    lambda it: ip_network((f"192.0.2.{it[0]}", it[1]), strict=False)
)


@examples(200)
@given(st.lists(SMALL, max_size=3), st.lists(SMALL, max_size=3))
def test_networks_are_within_others_if_each_is_part_of_one(
    inner: list[Network], outer: list[Network]
) -> None:
    parts = [any(set(one) <= set(other) for other in outer) for one in inner]
    assert within(inner, outer) == all(parts)


def test_networks_of_two_families_are_never_within_each_other() -> None:
    everywhere = networks_of(["0.0.0.0/0"]), networks_of(["::/0"])
    assert not within(*everywhere)
    assert not within(*reversed(everywhere))


def test_only_the_last_hops_are_read() -> None:
    hops = ["198.51.100.1", *(["10.0.0.2"] * 19)]
    assert address_of("10.0.0.1", ",".join(hops), PROXIES) == "198.51.100.1"
    longer = ["203.0.113.9", *(["10.0.0.2"] * 20)]
    assert address_of("10.0.0.1", ",".join(longer), PROXIES) == "10.0.0.2"


def test_a_problem_names_its_field() -> None:
    problem = network_problem("allowed_addresses", "192.0.2.7/24")
    assert problem is not None
    assert (problem.field, problem.code) == ("allowed_addresses", "invalid_network")
    assert problem.error.startswith("allowed_addresses must ")
    assert network_problem("allowed_addresses", "2001:db8::/32") is None
