"""Links that end the mails of an endpoint to an address, as RFC 8058 asks for."""

import hashlib
import hmac
from collections.abc import Iterable

import msgspec

from tollbook.domain.viewers import NO_SECRET_KEYS, SecretKeys

UNSUBSCRIBE_PATH = "/unsubscribe/{tenant}/{endpoint}/{code}"
_LABEL = "unsubscribe"


class Unsubscriber:
    """Makes links with the first of the secret keys, and accepts those of any.

    A link has an HMAC-SHA-256 of tenant, endpoint and address instead of the address, which logs
    of web servers would store.
    """

    def __init__(self, secret_keys: SecretKeys, public_url: str = "") -> None:
        self._keys = [it.encode() for it in secret_keys.values]
        self._public_url = public_url

    def url(self, tenant: str, endpoint: str, address: str) -> str | None:
        """Return a link, or None without a public URL or a key."""
        if not self._public_url or not self._keys:
            return None
        code = _code(self._keys[0], tenant, endpoint, address)
        return self._public_url + UNSUBSCRIBE_PATH.format(
            tenant=tenant, endpoint=endpoint, code=code
        )

    def address_of(
        self, tenant: str, endpoint: str, addresses: Iterable[str], code: str
    ) -> str | None:
        """Return which of the addresses of an endpoint a link is for, or None."""
        for address in addresses:
            for key in self._keys:
                expected = _code(key, tenant, endpoint, address)
                if hmac.compare_digest(expected.encode(), code.encode()):
                    return address
        return None


NO_LINKS = Unsubscriber(NO_SECRET_KEYS)
"""Makes no links."""


def _code(key: bytes, tenant: str, endpoint: str, address: str) -> str:
    content = msgspec.json.encode((_LABEL, tenant, endpoint, address))
    return hmac.digest(key, content, hashlib.sha256).hex()
