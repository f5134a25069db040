"""Encrypt what endpoints keep secret: URLs and the secrets that sign."""

import base64
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tollbook.domain.viewers import SecretKeys

_LABEL = b"tollbook endpoint secrets 1"
_KEY_BYTES, _NONCE_BYTES = 32, 12


class Unreadable(Exception):
    """A text that none of the secret keys decrypts."""


class Sealer:
    """Encrypts with the first of the secret keys, and decrypts with any (AES-256-GCM).

    Each key is derived by HKDF-SHA-256, under a label that no other use of the secrets has. A text
    can only be decrypted for the object it was encrypted for.
    """

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._ciphers: Sequence[AESGCM] = [AESGCM(_derive(it)) for it in secret_keys.values]

    @property
    def is_usable(self) -> bool:
        """Return whether there is a key."""
        return bool(self._ciphers)

    def seal(self, text: str, owner: str) -> str:
        """Encrypt a text for an object, which its id names."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        content = self._ciphers[0].encrypt(nonce, text.encode(), owner.encode())
        return base64.b64encode(nonce + content).decode()

    def open(self, sealed: str, owner: str) -> str:
        """Decrypt a text of an object; raise `Unreadable` when no key fits."""
        for cipher in self._ciphers:
            if (text := _decrypt(cipher, sealed, owner)) is not None:
                return text
        raise Unreadable

    def is_current(self, sealed: str, owner: str) -> bool:
        """Return whether a text is encrypted with the first key."""
        return bool(self._ciphers) and _decrypt(self._ciphers[0], sealed, owner) is not None


def _decrypt(cipher: AESGCM, sealed: str, owner: str) -> str | None:
    content = base64.b64decode(sealed)
    nonce, rest = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
    try:
        return cipher.decrypt(nonce, rest, owner.encode()).decode()
    except InvalidTag:
        return None


def _derive(secret: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=_LABEL).derive(secret.encode())
