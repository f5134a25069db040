"""Viewer tokens: signed, short-lived access of a browser to one organization or user."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets

import msgspec

MARK = "tbv_"
DEFAULT_SECONDS = 15 * 60
MOST_SECONDS = 24 * 3600
_LONGEST = 4_000
_ID_BYTES = 8
_ID = re.compile(rf"{MARK}[0-9a-f]{{{2 * _ID_BYTES}}}")
_SECRET_BYTES = 32
_MAC_BYTES = 32


class Viewer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The content of a token.

    `issuer` is the public prefix of the key that created it; `created_at` and `expires_at` are in
    microseconds since 1970.
    """

    id: str
    tenant_id: str
    organization_id: str
    user_id: str | None
    issuer: str
    created_at: int
    expires_at: int


_decode = msgspec.json.Decoder(Viewer).decode


def new_id() -> str:
    """Return a random public id for a token."""
    return f"{MARK}{secrets.token_hex(_ID_BYTES)}"


def is_id(text: str) -> bool:
    """Return whether a text has the form of a public id, and not of a whole token."""
    return _ID.fullmatch(text) is not None


def new_secret() -> str:
    """Return a random secret to sign the tokens of a tenant."""
    return secrets.token_hex(_SECRET_BYTES)


def signed(viewer: Viewer, secret: str) -> str:
    """Return the text of a token."""
    content = msgspec.json.encode(viewer)
    return f"{MARK}{_text(_mac(content, secret) + content)}"


def read(token: str) -> Viewer | None:
    """Parse a token without verifying it (see `is_signed`); return None if it is malformed."""
    content = _bytes(token)[_MAC_BYTES:]
    try:
        return _decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def is_signed(token: str, secret: str) -> bool:
    """Return whether a token was signed with a secret, in constant time."""
    whole = _bytes(token)
    return hmac.compare_digest(whole[:_MAC_BYTES], _mac(whole[_MAC_BYTES:], secret))


def _mac(content: bytes, secret: str) -> bytes:
    return hmac.digest(bytes.fromhex(secret), content, hashlib.sha256)


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
