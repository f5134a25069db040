"""Viewer tokens: signed, short-lived access of a browser to one organization or user."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

import msgspec

from tollbook.domain.keys import KeyScope

MARK = "tbv_"
DEFAULT_SECONDS = 15 * 60
MOST_SECONDS = 24 * 3600
_LONGEST = 4_000
_SECOND = 1_000_000
_RANDOM_BYTES, _CHECK_BYTES = 5, 3
_ID = re.compile(rf"{MARK}([0-9a-f]{{{2 * _RANDOM_BYTES}}})([0-9a-f]{{{2 * _CHECK_BYTES}}})")
_SECRET_BYTES = 32
_MAC_BYTES = 32
SHORTEST_SECRET_KEY = 32
_SECONDS_AHEAD = 3600
"""How far the clock of the server that created a token may be ahead of the one that checks it."""


class Viewer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The content of a token.

    `issuer` is the public prefix of the key that created it; `created_at` and `expires_at` are in
    microseconds since 1970. The token is valid in pages of its `origins`, or in all if there are
    none.
    """

    id: str
    tenant_id: str
    organization_id: str
    user_id: str | None
    issuer: str
    created_at: int
    expires_at: int
    origins: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(Viewer).decode


class SecretKeys(msgspec.Struct, frozen=True):
    """The secrets of a server, which are not in its database: the first signs, all verify.

    A tenant's tokens are signed with a key that is derived from such a secret and the tenant's own
    secret in the database, so neither of the two alone signs anything.
    """

    values: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "SecretKeys":
        """Read secrets that are separated by commas; an empty text has none."""
        return cls(tuple(it.strip() for it in text.split(","))) if text else cls()

    @property
    def are_long(self) -> bool:
        """Return whether there is a secret, and none is too short."""
        return min(map(len, self.values), default=0) >= SHORTEST_SECRET_KEY

    def derive(self, tenant: str, secret: str) -> tuple[bytes, ...]:
        """Return a tenant's signing keys, in the order of the secrets."""
        context = msgspec.json.encode(("viewer token", tenant, secret))
        return tuple(hmac.digest(value.encode(), context, hashlib.sha256) for value in self.values)


NO_SECRET_KEYS = SecretKeys()


def new_id(secret: str) -> str:
    """Return a random public id for a token of a tenant, with a checksum by the tenant's secret."""
    made = secrets.token_hex(_RANDOM_BYTES)
    return f"{MARK}{made}{_check(made, secret)}"


def is_id(text: str) -> bool:
    """Return whether a text has the form of a public id, and not of a whole token."""
    return _ID.fullmatch(text) is not None


def is_made_for(text: str, secret: str) -> bool:
    """Return whether a text is the public id of a token of a tenant, and not made up.

    Tokens are not stored; the checksum by the tenant's secret distinguishes their ids from others,
    except one in 16 million.
    """
    found = _ID.fullmatch(text)
    return found is not None and hmac.compare_digest(found[2], _check(found[1], secret))


def new_secret() -> str:
    """Return a random secret: a tenant's, or that of a server."""
    return secrets.token_hex(_SECRET_BYTES)


def signed(viewer: Viewer, key: bytes) -> str:
    """Return the text of a token."""
    content = msgspec.json.encode(viewer)
    return f"{MARK}{_text(_mac(content, key) + content)}"


def read(token: str) -> Viewer | None:
    """Parse a token without verifying it (see `is_signed`); return None if it is malformed."""
    content = _bytes(token)[_MAC_BYTES:]
    try:
        return _decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def is_signed(token: str, keys: Iterable[bytes]) -> bool:
    """Return whether a token was signed with one of these keys, each in constant time."""
    whole = _bytes(token)
    mac, content = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
    return any(hmac.compare_digest(mac, _mac(content, key)) for key in keys)


def is_within(viewer: Viewer, scope: KeyScope, now: int) -> bool:
    """Return whether a key of this scope may have created a token that lasts as long.

    Creating a token checks both, too. A token that was signed in any other way is refused by this.
    """
    latest = now + (MOST_SECONDS + _SECONDS_AHEAD) * _SECOND
    return (
        viewer.tenant_id == scope.tenant_id
        and scope.organization_id in (None, viewer.organization_id)
        and scope.user_id in (None, viewer.user_id)
        and is_id(viewer.id)
        and 0 < viewer.expires_at - viewer.created_at <= MOST_SECONDS * _SECOND
        and viewer.expires_at <= latest
    )


def _check(made: str, secret: str) -> str:
    return _mac(f"id {made}".encode(), secret.encode())[:_CHECK_BYTES].hex()


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, hashlib.sha256)


def _text(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def _bytes(token: str) -> bytes:
    """Decode a token; return nothing unless it has the canonical encoding."""
    text = token.removeprefix(MARK)
    if len(text) > _LONGEST or not text.isascii():
        return b""
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except binascii.Error:
        return b""
    return whole if _text(whole) == text else b""
