"""Paths that several endpoints share."""

from typing import Annotated

from msgspec import Meta

from tollbook.api.endpoints.analytics.queries import OrganizationId, UserId
from tollbook.api.openapi.endpoint import ApiRequest
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.pipeline.access import organization_of
from tollbook.domain.errors import NotFound
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow

_LONGEST_NUMBER = 9


class OrganizationPath(Path, frozen=True, kw_only=True):
    """The path of an organization."""

    organization_id: OrganizationId


class UserPath(OrganizationPath, frozen=True, kw_only=True):
    """The path of a user of an organization."""

    user_id: UserId


class RunPath(Path, frozen=True, kw_only=True):
    """The path of a run: of a rerating, or over the quarantine."""

    run: Annotated[str, Meta(examples=["3"])]


def named_organization(
    call: ApiRequest[Query, OrganizationPath], snapshot: Snapshot
) -> OrganizationRow:
    """Return the organization in the path of a request, if its key may see it."""
    return organization_of(snapshot, call.key, call.path.organization_id)


def run_number(path: RunPath, kind: str) -> int:
    """Return the number of the run in a path; raise `NotFound` when it is none."""
    text = path.run
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    raise NotFound(f"there is no such {kind}")
