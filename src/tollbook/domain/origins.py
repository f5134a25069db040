"""Origins of web pages, written exactly as browsers send them (RFC 6454, WHATWG URL)."""

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from tollbook.domain.origin_errors import InvalidOrigin

MOST_ORIGINS = 50
MOST_CHARACTERS = 4_000
"""The most characters of all origins of a tenant together, which one response header has to hold.
"""
MOST_TOKEN_CHARACTERS = 1_000
"""The most characters of all origins of a viewer token together: a token travels in a header."""
LONGEST_ORIGIN = 300
_PORTS = {"http": 80, "https": 443}
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_AMBIGUOUS = frozenset("ßς\u200c\u200d")
"""Characters that browsers encode in another way than Python."""
_FORM = "origin must be https://host or https://host:port, as browsers send it"


def check_origin(text: str) -> str:
    """Return an origin; raise `InvalidOrigin`, with the right form if there is one."""
    found = _serialized(text)
    if found is None:
        raise InvalidOrigin(_FORM)
    if found.startswith("http:") and _host_of(found) not in _LOCAL:
        raise InvalidOrigin("origin must begin with https:// unless its host is this computer")
    if found != text:
        raise InvalidOrigin(f"{_FORM}: {found}")
    return found


def _serialized(text: str) -> str | None:
    """Return the origin of an address, or None when it has none or more than one."""
    try:
        parts = urlsplit(text)
        port, host = parts.port, _host(parts.hostname or "")
    except ValueError:
        return None
    if host is None or parts.scheme not in _PORTS or parts.username is not None or port == 0:
        return None
    suffix = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _host(name: str) -> str | None:
    """Return a host as browsers write it; None when it cannot be one."""
    if ":" in name:
        return f"[{IPv6Address(name).compressed}]"
    if not name.isascii() and _AMBIGUOUS.isdisjoint(name):
        with suppress(UnicodeError):
            name = name.encode("idna").decode()
    if name.rpartition(".")[2].isdecimal():
        return str(IPv4Address(name))
    return name if _HOST.fullmatch(name) else None


def _host_of(origin: str) -> str:
    return re.sub(r":\d+$", "", origin.partition("://")[2])
