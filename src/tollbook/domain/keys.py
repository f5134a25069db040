"""API keys: made once, shown once, kept only as a hash."""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest

import msgspec

from tollbook.domain.directory import LONGEST_NAME, id_problem, text_problem
from tollbook.domain.errors import Problem

_MARK = "tb"
_PREFIX_CHARACTERS = 12
_SECRET_BYTES = 32


class Permission(StrEnum):
    """What a key may do. `admin` includes the others."""

    WRITE_EVENTS = "events:write"
    READ_ANALYTICS = "analytics:read"
    ADMIN = "admin"


class Scope(msgspec.Struct, frozen=True):
    """What a key is bound to: a tenant, one of its organizations, or one user of that."""

    tenant_id: str
    organization_id: str | None = None
    user_id: str | None = None


class ApiKey(msgspec.Struct, frozen=True):
    """A key as it is stored: everything but the secret."""

    prefix: str
    hash: str
    name: str
    scope: Scope
    permissions: tuple[Permission, ...]
    created_at: int
    revoked_at: int | None = None

    def may(self, permission: Permission) -> bool:
        """Tell whether the key carries a permission."""
        return permission in self.permissions or Permission.ADMIN in self.permissions


def key_problems(
    name: str, permissions: Sequence[Permission], organization_id: str | None, user_id: str | None
) -> list[Problem]:
    """List everything wrong with a key that is to be issued."""
    found = [text_problem("name", name, LONGEST_NAME)]
    if not permissions or len(set(permissions)) < len(permissions):
        sentence = "permissions must name at least one permission, each once"
        found.append(Problem("permissions", "invalid_permissions", sentence))
    if organization_id is not None:
        found.append(id_problem("organization_id", organization_id))
    if user_id is not None:
        found.append(id_problem("user_id", user_id))
        if organization_id is None:
            sentence = "organization_id is required for a key bound to a user"
            found.append(Problem("organization_id", "missing_field", sentence))
    return [problem for problem in found if problem]


def mint() -> tuple[str, str]:
    """Make a new key; give its public prefix and the whole text, which is shown only once."""
    prefix = f"{_MARK}_{secrets.token_hex(_PREFIX_CHARACTERS // 2)}"
    return prefix, f"{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def prefix_of(key: str) -> str | None:
    """Give the public prefix of a key, or None when the text cannot be a key."""
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != _MARK or len(prefix) != _PREFIX_CHARACTERS or not secret or not key.isascii():
        return None
    return f"{mark}_{prefix}"


def hash_of(key: str) -> str:
    """Hash a key with SHA-256: its 256 random bits leave nothing for a slow hash to protect."""
    return sha256(key.encode()).hexdigest()


def matches(key: str, stored_hash: str) -> bool:
    """Compare a presented key with a stored hash in constant time."""
    return compare_digest(hash_of(key), stored_hash)
