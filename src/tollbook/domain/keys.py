"""API keys, of which only a hash is stored."""

import re
import secrets
import string
from collections.abc import Container, Sequence
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple
from zlib import crc32

import msgspec

from tollbook.domain.addresses import Network, network_problem, within
from tollbook.domain.directory import LONGEST_NAME, id_problem, text_problem
from tollbook.domain.errors import Problem

_MARK = "tb"
_PREFIX_CHARACTERS = 12
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_CHARACTERS = 43
"""43 letters and digits contain a little more than 256 bits."""
_CHECKSUM_CHARACTERS = 6
_MOST_LISTED = 100
_LONGEST_ID_PREFIX = 64
MOST_PER_MINUTE = 1_000_000
_WHOLE_KEY = re.compile(rf"\b({_MARK}_[0-9A-Za-z]{{{_PREFIX_CHARACTERS}}})_\w+")
_WHOLE_TOKEN = re.compile(r"\b(tbv_)[\w-]{17,}")
"""A viewer token; it is longer than its public id, which has 16 digits."""


class Permission(StrEnum):
    """The permissions of a key; `admin` includes the others.

    `events:write` sends events. `events:cost` and `events:reverse` extend it: events may state
    their cost, and may be reversed. A key that is bound to a user has these two only when they are
    named, also with `admin`.
    """

    WRITE_EVENTS = "events:write"
    STATE_COSTS = "events:cost"
    REVERSE_EVENTS = "events:reverse"
    READ_ANALYTICS = "analytics:read"
    ADMIN = "admin"


_NAMED_FOR_USERS = frozenset({Permission.STATE_COSTS, Permission.REVERSE_EVENTS})
"""The permissions that `admin` does not include in a key that is bound to a user."""
_SENDS = frozenset({Permission.WRITE_EVENTS, Permission.ADMIN})
"""The permissions to send events."""


class KeyScope(msgspec.Struct, frozen=True):
    """What a key applies to: a tenant, an organization, or a user."""

    tenant_id: str
    organization_id: str | None = None
    user_id: str | None = None


class Limits(msgspec.Struct, frozen=True):
    """The limits of a key: expiry, meters, addresses, rate, and the start of its events' ids.

    A field left at its default means no limit. `expires_at` is in microseconds since 1970.
    """

    expires_at: int | None = None
    meters: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    requests_per_minute: int | None = None
    id_prefix: str | None = None


UNLIMITED = Limits()
MOST_RATE_LIMITS = 8


class RateLimit(NamedTuple):
    """A number of requests per minute, counted under a name that several keys may share."""

    name: str
    per_minute: int


class EventRules(msgspec.Struct, frozen=True):
    """Which events of its scope a sender may send; the defaults allow all of them.

    `meters` are the only types, if there are any. Ids must begin with `id_prefix`.
    """

    meters: tuple[str, ...] = ()
    id_prefix: str = ""
    may_state_costs: bool = True

    def id_problem(self, identity: str | None) -> Problem | None:
        """Return the problem with an id that does not begin with the prefix."""
        if identity is None or identity.startswith(self.id_prefix):
            return None
        sentence = f"id must begin with {self.id_prefix}, the id_prefix of this key"
        return Problem("id", "id_outside_scope", sentence)


ALL_EVENTS = EventRules()


class ApiKey(msgspec.Struct, frozen=True):
    """A stored key: everything except the secret."""

    prefix: str
    hash: str
    name: str
    scope: KeyScope
    permissions: tuple[Permission, ...]
    created_at: int
    revoked_at: int | None = None
    limits: Limits = UNLIMITED
    rate_limits: tuple[RateLimit, ...] = ()
    """What requests count against: the limits of the keys that created it, and its own."""

    def may(self, permission: Permission) -> bool:
        """Return whether the key has a permission."""
        if permission in self.permissions:
            return True
        is_included = self.scope.user_id is None or permission not in _NAMED_FOR_USERS
        return is_included and Permission.ADMIN in self.permissions

    @property
    def event_rules(self) -> EventRules:
        """Return which events of its scope the key may send."""
        limits, may_state_costs = self.limits, self.may(Permission.STATE_COSTS)
        if limits is UNLIMITED and may_state_costs:
            return ALL_EVENTS
        return EventRules(limits.meters, limits.id_prefix or "", may_state_costs)

    @property
    def sees_a_part(self) -> bool:
        """Return whether the key sees only one user or some meters of its organization."""
        return self.scope.user_id is not None or bool(self.limits.meters)

    def ended(self, now: int) -> bool:
        """Return whether the key is revoked or expired."""
        end = self.limits.expires_at
        return self.revoked_at is not None or (end is not None and end <= now)


def permission_problem(field: str, permission: Permission) -> Problem:
    """Return the problem with a field that needs a permission which the key lacks."""
    sentence = f"{field} requires the permission {permission.value}, which this key lacks"
    return Problem(field, "permission_missing", sentence)


def key_problems(
    name: str, permissions: Sequence[Permission], organization_id: str | None, user_id: str | None
) -> list[Problem]:
    """Return the problems with a key that is to be created."""
    found = [text_problem("name", name, LONGEST_NAME)]
    if not permissions or len(set(permissions)) < len(permissions):
        sentence = "permissions must name at least one permission, each once"
        found.append(Problem("permissions", "invalid_permissions", sentence))
    if organization_id is not None:
        found.append(id_problem("organization_id", organization_id))
    if user_id is not None:
        found.append(id_problem("user_id", user_id))
        if organization_id is None:
            sentence = "organization_id is required for the key of a user"
            found.append(Problem("organization_id", "missing_field", sentence))
    return [problem for problem in found if problem]


def meters_problem(
    meters: Sequence[str], permissions: Sequence[Permission], known: Container[str]
) -> Problem | None:
    """Return the problem with the meters of a key, if there is one.

    `known` are the types of the tenant's catalog, retired ones included.
    """
    if not all(it in known for it in meters) or len(set(meters)) < len(meters):
        sentence = "meters must be known meters, each at most once"
        return Problem("meters", "invalid_meters", sentence)
    if meters and Permission.ADMIN in permissions:
        sentence = "a key with the permission admin cannot be limited to meters"
        return Problem("meters", "invalid_meters", sentence)
    return None


def id_prefix_problem(
    id_prefix: str | None,
    user_id: str | None,
    meters: Sequence[str],
    permissions: Sequence[Permission],
) -> Problem | None:
    """Return the problem with the start of the ids of a key's events, if there is one.

    A key that is bound to a user or limited to meters must have one if it sends events: otherwise
    it could take the ids of events that others send later.
    """
    if id_prefix is None:
        sends_of_user = user_id is not None and not _SENDS.isdisjoint(permissions)
        sends_of_meters = meters and Permission.WRITE_EVENTS in permissions
        if not (sends_of_user or sends_of_meters):
            return None
        sentence = (
            "id_prefix is required for a key that sends events and is bound to a user or limited "
            "to meters: the ids of its events must begin with it"
        )
        return Problem("id_prefix", "missing_field", sentence)
    return text_problem("id_prefix", id_prefix, _LONGEST_ID_PREFIX)


def overlap(first: str, second: str) -> bool:
    """Return whether an id can begin with both prefixes."""
    return first.startswith(second) or second.startswith(first)


def limit_problems(
    expires_at: int | None, networks: Sequence[str], requests_per_minute: int | None, now: int
) -> list[Problem]:
    """Return the problems with the expiry, addresses and rate limit of a key."""
    found = [network_problem("allowed_addresses", it) for it in networks[: _MOST_LISTED + 1]]
    if len(networks) > _MOST_LISTED:
        sentence = f"allowed_addresses must have at most {_MOST_LISTED} entries"
        found.append(Problem("allowed_addresses", "too_long", sentence))
    if expires_at is not None and expires_at <= now:
        found.append(Problem("expires_at", "in_past", "expires_at must be in the future"))
    if requests_per_minute is not None and not 1 <= requests_per_minute <= MOST_PER_MINUTE:
        sentence = f"requests_per_minute must be from 1 to {MOST_PER_MINUTE}"
        found.append(Problem("requests_per_minute", "out_of_range", sentence))
    return [problem for problem in found if problem]


def beyond(issuer: Limits, limits: Limits) -> list[Problem]:
    """Return the limits of a new key that exceed those of the key that creates it."""
    found: list[Problem] = []
    end, until = issuer.expires_at, limits.expires_at
    if end is not None and (until is None or until > end):
        sentence = "expires_at must not be later than that of the key of the request"
        found.append(Problem("expires_at", "beyond_asking_key", sentence))
    if issuer.networks and not (limits.networks and within(limits.networks, issuer.networks)):
        sentence = "allowed_addresses must be within those of the key of the request"
        found.append(Problem("allowed_addresses", "beyond_asking_key", sentence))
    most, rate = issuer.requests_per_minute, limits.requests_per_minute
    if most is not None and (rate is None or rate > most):
        sentence = "requests_per_minute must not exceed that of the key of the request"
        found.append(Problem("requests_per_minute", "beyond_asking_key", sentence))
    if not (limits.id_prefix or "").startswith(issuer.id_prefix or ""):
        sentence = "id_prefix must begin with that of the key of the request"
        found.append(Problem("id_prefix", "beyond_asking_key", sentence))
    return found


def rate_limits_of(prefix: str, limits: Limits, creator: ApiKey | None) -> tuple[RateLimit, ...]:
    """Return what the requests of a new key count against.

    The rate of a key covers the keys that it creates, and those that these create. A limit that is
    not lower than the one before it refuses nothing, and is left out.
    """
    if limits.requests_per_minute is None:
        return ()
    inherited = creator.rate_limits if creator else ()
    if inherited and inherited[-1].per_minute <= limits.requests_per_minute:
        return inherited
    return (*inherited, RateLimit(prefix, limits.requests_per_minute))


def rate_limits_problem(rate_limits: Sequence[RateLimit]) -> Problem | None:
    """Return the problem of a key that is created by keys that were created by keys, and so on."""
    if len(rate_limits) <= MOST_RATE_LIMITS:
        return None
    sentence = (
        f"requests_per_minute must be that of the key of the request: {MOST_RATE_LIMITS} keys "
        "above it have lower and lower limits"
    )
    return Problem("requests_per_minute", "too_many_limits", sentence)


def mint() -> tuple[str, str]:
    """Create a key; return its public prefix and its whole text, which is shown only once.

    The text ends in a checksum, so that texts that only look like a key are recognized without a
    database, here and in secret scanners.
    """
    prefix = f"{_MARK}_{secrets.token_hex(_PREFIX_CHARACTERS // 2)}"
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_CHARACTERS))
    text = f"{prefix}_{secret}"
    return prefix, text + _checksum(text)


def prefix_of(key: str) -> str | None:
    """Return the public prefix of a key, or None if the text cannot be a key."""
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != _MARK or len(prefix) != _PREFIX_CHARACTERS or not secret or not key.isascii():
        return None
    return f"{mark}_{prefix}"


def without_secrets(text: str) -> str:
    """Return a text with each API key and viewer token cut to its public part."""
    return _WHOLE_TOKEN.sub(r"\1…", _WHOLE_KEY.sub(r"\1", text))


def is_sound(key: str) -> bool:
    """Return whether the checksum is correct; the oldest keys have none."""
    secret = key[len(_MARK) + _PREFIX_CHARACTERS + 2 :]
    if len(secret) != _SECRET_CHARACTERS + _CHECKSUM_CHARACTERS:
        return len(secret) == _SECRET_CHARACTERS
    return _checksum(key[:-_CHECKSUM_CHARACTERS]) == key[-_CHECKSUM_CHARACTERS:]


def hash_of(key: str) -> str:
    """Hash a key with SHA-256; with 256 random bits, it needs no slow hash."""
    return sha256(key.encode()).hexdigest()


def matches(key: str, stored_hash: str) -> bool:
    """Compare a presented key with a stored hash in constant time."""
    return compare_digest(hash_of(key), stored_hash)


def _checksum(text: str) -> str:
    number, letters = crc32(text.encode()), ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[digit] + letters
    return letters
