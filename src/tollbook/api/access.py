"""Who asks, and what that key may see: the gate every request passes."""

from tollbook.domain.directory import id_problem
from tollbook.domain.errors import (
    ApiKeyRequired,
    InvalidApiKey,
    NotFound,
    PermissionMissing,
)
from tollbook.domain.keys import ApiKey, Permission, matches, prefix_of
from tollbook.ingest.catalogue import Catalogue
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow

KEY_HEADER = "x-api-key"


def presented(header: str | None) -> tuple[str, str]:
    """Give the key a request carries, and its public prefix."""
    if not header:
        raise ApiKeyRequired
    prefix = prefix_of(header)
    if prefix is None:
        raise InvalidApiKey
    return header, prefix


def authenticate(catalogue: Catalogue, snapshot: Snapshot, header: str | None) -> ApiKey:
    """Find the key of a request as of this snapshot: a key revoked a moment ago is unknown."""
    text, prefix = presented(header)
    key = catalogue.key(snapshot, prefix)
    if key is None or not matches(text, key.hash):
        raise InvalidApiKey
    return key


def require(key: ApiKey, permission: Permission) -> None:
    """Refuse a key that lacks a permission."""
    if not key.may(permission):
        raise PermissionMissing(f"this key lacks the permission {permission.value}")


def require_tenant_key(key: ApiKey, action: str) -> None:
    """Refuse a key that is bound to less than its tenant."""
    if key.scope.organization_id is not None:
        raise PermissionMissing(f"only a key of the whole tenant may {action}")


def require_organization_key(key: ApiKey, action: str) -> None:
    """Refuse a key that is bound to one user."""
    if key.scope.user_id is not None:
        raise PermissionMissing(f"a key bound to one user may not {action}")


def organization_of(snapshot: Snapshot, key: ApiKey, identity: str) -> OrganizationRow:
    """Find an organization that this key may see; to it, any other does not exist."""
    bound = key.scope.organization_id
    found = None
    if bound in (None, identity) and not id_problem("organization_id", identity):
        found = directory.find_organization(snapshot, key.scope.tenant_id, identity)
    if found is None or found.status == directory.UNKNOWN:
        raise NotFound("Organization not found")
    return found
