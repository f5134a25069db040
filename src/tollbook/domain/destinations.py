"""Where requests to endpoints may go: URLs, and the addresses behind their names."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import SplitResult, urlsplit

import idna
import msgspec

from tollbook.domain.addresses import Address, Network, is_in, parsed

LONGEST_URL = 2_000
_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1_024
_NEVER_GLOBAL = tuple(map(ip_network, ("192.0.0.0/24", "224.0.0.0/4", "fec0::/10", "ff00::/8")))
"""Networks that Python 3.11 calls global, in whole or in part."""
_LOW_32_BITS = tuple(map(ip_network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96")))
"""Networks whose addresses end with an IPv4 address: compatible, mapped, and translated ones."""
_LOCAL_TRANSLATION = ip_network("64:ff9b:1::/48")
_LINK_LOCAL = tuple(map(ip_network, ("169.254.0.0/16", "fe80::/10")))
_MASK = 0xFFFFFFFF


class InvalidUrl(ValueError):
    """A URL that no request is sent to; the message ends a sentence about the URL."""


class Destination(msgspec.Struct, frozen=True):
    """A URL in parts: `host` is in ASCII, `target` the path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """Return scheme, host and port, which logs and answers may show."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == _PORTS[self.scheme]
        return f"{self.scheme}://{host}" + ("" if usual else f":{self.port}")

    @property
    def path(self) -> str:
        """Return the path without the query."""
        return self.target.partition("?")[0]

    @property
    def url(self) -> str:
        """Return the whole URL."""
        return self.origin + self.target


def parse_url(text: str, networks: Sequence[Network] = ()) -> Destination:
    """Parse a URL and check all of it that needs no name service; raise `InvalidUrl`.

    `networks` are those that are allowed in addition to public addresses.
    """
    if len(text) > LONGEST_URL:
        raise InvalidUrl(f"must have up to {LONGEST_URL} characters")
    parts = _split(text)
    if parts.scheme not in _PORTS or (parts.scheme == "http" and not networks):
        raise InvalidUrl("must begin with https://")
    if parts.username is not None or parts.password is not None:
        raise InvalidUrl("must not contain a user or a password")
    if parts.fragment:
        raise InvalidUrl("must not contain a fragment")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    if port not in _PORTS.values() and port < _FIRST_FREE_PORT:
        raise InvalidUrl(f"must have port 80 or 443, or one from {_FIRST_FREE_PORT}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme, _ascii_host(parts.hostname or ""), port, target)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  raises for a port that is no number
    except ValueError as error:
        raise InvalidUrl("must be a URL such as https://example.com/hook") from error
    if not (parts.path + parts.query).isascii():
        raise InvalidUrl("must have an escaped path and query")
    if any(character <= " " or character == "\x7f" for character in text) or "\\" in text:
        raise InvalidUrl("must not contain spaces, control characters or backslashes")
    return parts


def _ascii_host(host: str) -> str:
    if parsed(host):
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        # Names with underscores are no IDNA names, but they are used.
        if host and host.isascii() and all(it.isalnum() or it in "-._" for it in host):
            return host
    raise InvalidUrl("must have the name or address of a host")


def are_allowed(addresses: Iterable[Address], networks: Sequence[Network]) -> bool:
    """Return whether requests may go to all of these addresses; to none if there are none."""
    found = list(addresses)
    return bool(found) and all(is_allowed(it, networks) for it in found)


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Return whether requests may go to an address: a public one, or one in these networks.

    An address with another one inside is allowed only if both are. A link-local address needs a
    network that is link-local itself.
    """
    inner = _embedded(address)
    if inner is not None and not is_allowed(inner, networks):
        return False
    if isinstance(address, IPv6Address) and address.scope_id:
        return False
    if is_in(address, _LINK_LOCAL):
        networks = [it for it in networks if _is_link_local(it)]
    if is_in(address, networks):
        return True
    return address.is_global and not address.is_multicast and not is_in(address, _NEVER_GLOBAL)


def _is_link_local(network: Network) -> bool:
    return any(
        network.version == it.version and network.subnet_of(it)  # type: ignore[arg-type]
        for it in _LINK_LOCAL
    )


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address inside an IPv6 address."""
    if isinstance(address, IPv4Address):
        return None
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    number = int(address)
    if is_in(address, _LOW_32_BITS) and number > 1:
        return IPv4Address(number & _MASK)
    if address in _LOCAL_TRANSLATION:
        return IPv4Address(number & _MASK)
    return None
