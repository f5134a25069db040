"""Paths that several endpoints share."""

from tollbook.api.endpoints.analytics.queries import OrganizationId, UserId
from tollbook.api.openapi.parameters import Path


class OrganizationPath(Path, frozen=True, kw_only=True):
    """The path of an organization."""

    organization_id: OrganizationId


class UserPath(OrganizationPath, frozen=True, kw_only=True):
    """The path of a user of an organization."""

    user_id: UserId
