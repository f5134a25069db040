"""Addresses of clients: which networks they are in, and which proxies are believed about them."""

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
"""The longest text of an address of version 6."""
_MOST_HOPS = 20


def network_problem(field: str, text: str) -> Problem | None:
    """Say what is wrong with an address or a network."""
    try:
        ip_network(text)
    except ValueError:
        sentence = f"{field} must hold addresses or networks such as 192.0.2.7 or 2001:db8::/32"
        return Problem(field, "invalid_network", sentence)
    return None


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks that are known to be sound."""
    return tuple(ip_network(text) for text in texts)


def within(inner: Iterable[Network], outer: Sequence[Network]) -> bool:
    """Tell whether each of some networks is part of one of others."""
    return all(any(_is_part(one, other) for other in outer) for one in inner)


def is_in(address: Address | None, networks: Iterable[Network]) -> bool:
    """Tell whether an address is in one of some networks; one that is not known is in none."""
    return address is not None and any(address in network for network in networks)


def address_of(peer: str | None, forwarded: str | None, proxies: Sequence[Network]) -> str | None:
    """Tell whence a request came: from the peer, or from whom the trusted proxies say.

    Each proxy adds the address it was asked from at the end. So the list is read from there, as
    long as whoever added the entry is trusted. What a trusted one says that is no address is none:
    the proxy's own would let everybody in that asks it.
    """
    found = parsed(peer)
    hops = forwarded.split(",")[-_MOST_HOPS:] if forwarded else []
    while hops and is_in(found, proxies):
        found = parsed(hops.pop().strip())
    return None if found is None else str(found)


def parsed(text: str | None) -> Address | None:
    """Read an address, one of version 4 inside version 6 as what it is; None when it is none."""
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
