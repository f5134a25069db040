"""Client addresses, networks, and trusted proxies."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from tollbook.domain.errors import Problem

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_LONGEST = 45
"""The length of the longest IPv6 address."""
_MOST_HOPS = 20
_PREFIX = re.compile("(?:/[A-Za-z0-9._~-]+)*")
_LONGEST_PREFIX = 255


def network_problem(field: str, text: str) -> Problem | None:
    """Return the problem with an address or network, if there is one."""
    try:
        ip_network(text)
    except ValueError:
        sentence = f"{field} must contain addresses or networks such as 192.0.2.7 or 2001:db8::/32"
        return Problem(field, "invalid_network", sentence)
    return None


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Parse addresses and networks that are known to be valid."""
    return tuple(ip_network(text) for text in texts)


def within(inner: Iterable[Network], outer: Sequence[Network]) -> bool:
    """Return whether each inner network is part of an outer one."""
    return all(any(_is_part(one, other) for other in outer) for one in inner)


def is_in(address: Address | None, networks: Iterable[Network]) -> bool:
    """Return whether an address is in one of the networks; an unknown address is in none."""
    return address is not None and any(address in network for network in networks)


def address_of(peer: str | None, forwarded: str | None, proxies: Sequence[Network]) -> str | None:
    """Return the client address of a request: the peer, or the address that trusted proxies name.

    Each proxy appends the address of its client. So the list is read from its end, as long as the
    proxy that added the entry is trusted. An entry of a trusted proxy that is not an address means
    no address: the proxy's own address would admit all of its clients.
    """
    found = parsed(peer)
    hops = forwarded.split(",")[-_MOST_HOPS:] if forwarded else []
    while hops and is_in(found, proxies):
        found = parsed(hops.pop().strip())
    return None if found is None else str(found)


def is_prefix(text: str) -> bool:
    """Return whether a text is a path that a server can be under: empty, or like `/tollbook`."""
    return len(text) <= _LONGEST_PREFIX and _PREFIX.fullmatch(text) is not None


def parsed(text: str | None) -> Address | None:
    """Parse an address, unwrapping an IPv4-mapped IPv6 one; return None if it is invalid."""
    if not text or len(text) > _LONGEST:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_part(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)
