"""Viewer tokens: a signed text that lets a browser see one organization or one user for a while."""

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
    """What a token says: who sees what until when, by which key.

    `issuer` is the public prefix of the key that asked; `created_at` and `expires_at` are in
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
    """Make up the public id of a token."""
    return f"{MARK}{secrets.token_hex(_ID_BYTES)}"


def is_id(text: str) -> bool:
    """Return whether a text has the form of a public id; a whole token has not."""
    return _ID.fullmatch(text) is not None


def new_secret() -> str:
    """Make up what a tenant's tokens are signed with."""
    return secrets.token_hex(_SECRET_BYTES)


def signed(viewer: Viewer, secret: str) -> str:
    """Write a token."""
    content = msgspec.json.encode(viewer)
    return f"{MARK}{_text(_mac(content, secret) + content)}"


def read(token: str) -> Viewer | None:
    """Read what a token says, which is true only if it `is_signed`; None when it is no token."""
    content = _bytes(token)[_MAC_BYTES:]
    try:
        return _decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def is_signed(token: str, secret: str) -> bool:
    """Tell whether a token was signed with a secret, in constant time."""
    whole = _bytes(token)
    return hmac.compare_digest(whole[:_MAC_BYTES], _mac(whole[_MAC_BYTES:], secret))


def _mac(content: bytes, secret: str) -> bytes:
    return hmac.digest(bytes.fromhex(secret), content, hashlib.sha256)


def _text(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def _bytes(token: str) -> bytes:
    """Unpack a token; the one way in which its bytes can be written, and no other."""
    text = token.removeprefix(MARK)
    if len(text) > _LONGEST or not text.isascii():
        return b""
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except binascii.Error:
        return b""
    return whole if _text(whole) == text else b""
