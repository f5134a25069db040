"""HTTP without certificates: to read those of the system takes longer than most requests."""

import ssl
from typing import Any

import httpx

_NONE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""It trusts nobody: servers in tests have no certificates."""


def client(**given: Any) -> httpx.Client:
    """Make a client, as `httpx.Client` does."""
    return httpx.Client(verify=_NONE, **given)


def get(url: str, **given: Any) -> httpx.Response:
    """Send one request, as `httpx.get` does."""
    return httpx.get(url, verify=_NONE, **given)


def post(url: str, **given: Any) -> httpx.Response:
    """Send one request, as `httpx.post` does."""
    return httpx.post(url, verify=_NONE, **given)
