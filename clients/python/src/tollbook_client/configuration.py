"""The address and the key of a server, from arguments or variables."""

import os
from collections.abc import Callable, Mapping

from tollbook_client.errors import ConfigurationError
from tollbook_client.version import VERSION

ApiKey = str | Callable[[], str]
"""An API key or viewer token, or a function that returns the one to use now."""
_USER_AGENT = f"tollbook-client-python/{VERSION}"


class Server:
    """Where requests go, and the key they carry."""

    def __init__(self, base_url: str | None, api_key: ApiKey | None) -> None:
        self.base_url = _base_url(base_url or os.environ.get("TOLLBOOK_URL"))
        self._api_key = api_key or os.environ.get("TOLLBOOK_API_KEY") or ""
        if not self._api_key:
            raise ConfigurationError("api_key is required: pass it, or set TOLLBOOK_API_KEY")

    def headers(self) -> dict[str, str]:
        """Return the headers of every request; the key is read again each time."""
        key = self._api_key() if callable(self._api_key) else self._api_key
        if not key.isascii() or not key.isprintable() or not key:
            raise ConfigurationError("api_key must be printable ASCII text that is not empty")
        return {"X-API-Key": key, "Accept-Encoding": "gzip", "User-Agent": _USER_AGENT}

    def __repr__(self) -> str:
        return f"Server({self.base_url!r})"


def _base_url(url: str | None) -> str:
    if not url:
        raise ConfigurationError("base_url is required: pass it, or set TOLLBOOK_URL")
    if not url.startswith(("http://", "https://")) or "?" in url or "#" in url:
        raise ConfigurationError(
            "base_url must begin with http:// or https:// and have no query, as in "
            "https://tollbook.example.com"
        )
    return url.rstrip("/")


def without_none(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values that are given."""
    return {name: value for name, value in values.items() if value is not None}
