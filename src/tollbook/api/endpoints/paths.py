"""Paths that several endpoints share."""

from tollbook.api.endpoints.analytics.queries import OrganizationId, UserId
from tollbook.api.openapi.endpoint import ApiRequest
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.pipeline.access import organization_of
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow


class OrganizationPath(Path, frozen=True, kw_only=True):
    """The path of an organization."""

    organization_id: OrganizationId


class UserPath(OrganizationPath, frozen=True, kw_only=True):
    """The path of a user of an organization."""

    user_id: UserId


def named_organization(
    call: ApiRequest[Query, OrganizationPath], snapshot: Snapshot
) -> OrganizationRow:
    """Return the organization in the path of a request, if its key may see it."""
    return organization_of(snapshot, call.key, call.path.organization_id)
