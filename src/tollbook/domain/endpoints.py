"""Endpoints: where notifications are sent, and which."""

import base64
import secrets
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from tollbook.domain.errors import Problem
from tollbook.domain.notifications import NotificationType

MARK = "end_"
CONTACT_MARK = "con_"
SECRET_MARK = "whsec_"  # noqa: S105
MOST_OF_TENANT, MOST_OF_ORGANIZATION = 50, 10
LONGEST_NAME = 100
DEFAULT_OVERLAP_SECONDS, MOST_OVERLAP_SECONDS = 24 * 3600, 30 * 24 * 3600
_SECRET_BYTES = 32
_RANDOM_BYTES = 13
_TYPES = frozenset(it.value for it in NotificationType)
_FAMILIES = frozenset(it.partition(".")[0] for it in _TYPES)


class EndpointKind(StrEnum):
    """How an endpoint is reached."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"
    MAIL = "mail"


class EndpointStatus(StrEnum):
    """Whether an endpoint is sent to, and who or what stopped it."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    FAILING = "failing"
    GONE = "gone"


class SigningSecret(msgspec.Struct, frozen=True, array_like=True):
    """A secret of a webhook; `expires_at` is in microseconds since 1970, None for the newest."""

    text: str
    expires_at: int | None = None


class AlertEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where notifications of its owner go.

    `organization` is the number of the owning organization, None for the tenant. `url` and
    `secrets` are encrypted; mails have `addresses` instead. `types` are exact, or a family such as
    `trigger.*`; none means all. Instants are in microseconds since 1970.
    """

    tenant: str
    id: str
    organization: int | None
    kind: EndpointKind
    name: str
    url: str | None
    shown_url: str | None
    types: tuple[str, ...]
    secrets: str | None
    status: EndpointStatus
    after_number: int
    sequence: int
    failing_since: int | None
    last_status: int | None
    created_at: int
    changed_at: int
    addresses: tuple[str, ...] = ()

    @property
    def lanes(self) -> tuple[str, ...]:
        """Return the addresses that each get every notification: of a URL one without a name."""
        return self.addresses if self.kind is EndpointKind.MAIL else ("",)

    @property
    def is_contact(self) -> bool:
        """Return whether it mails the contact of an organization, which nobody has added."""
        return self.id.startswith(CONTACT_MARK)

    @property
    def receives(self) -> bool:
        """Return whether new notifications wait for it; not while a person has disabled it."""
        return self.status is not EndpointStatus.DISABLED


def contact_id(organization: int) -> str:
    """Return the id of the endpoint that mails the contact of an organization."""
    return f"{CONTACT_MARK}{organization}"


def wants(types: Sequence[str], kind: str) -> bool:
    """Return whether a filter has a type of notification. A test is for the endpoint it names."""
    return not types or kind in types or f"{kind.partition('.')[0]}.*" in types


def new_endpoint_id() -> str:
    """Return a random id."""
    return MARK + secrets.token_hex(_RANDOM_BYTES)


def new_signing_secret() -> str:
    """Return a random secret in the form of Standard Webhooks."""
    return SECRET_MARK + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def rotated(found: Iterable[SigningSecret], new: str, expires_at: int) -> list[SigningSecret]:
    """Return the secrets after a rotation: the new one, and the newest so far until it expires."""
    newest = next(iter(found), None)
    earlier = [] if newest is None else [SigningSecret(newest.text, expires_at)]
    return [SigningSecret(new), *earlier]


def valid_secrets(found: Iterable[SigningSecret], now: int) -> list[str]:
    """Return the secrets that sign now, the newest first."""
    return [it.text for it in found if it.expires_at is None or it.expires_at > now]


def type_problems(types: Iterable[str]) -> list[Problem | None]:
    """Return the problem with each type of a filter that is none."""
    return [_type_problem(it) for it in types]


def _type_problem(kind: str) -> Problem | None:
    family, _, rest = kind.partition(".")
    if kind in _TYPES or (rest == "*" and family in _FAMILIES):
        return None
    known = ", ".join(NotificationType)
    sentence = f"types must contain types or families such as trigger.*; the types are {known}"
    return Problem("types", "invalid_type", sentence)
