"""Erase a person from every table and archive; sums stay: DELETE …/personal-data."""

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from tollbook.api.openapi.endpoint import Body, Endpoint, QueryReader
from tollbook.api.openapi.links import leads
from tollbook.api.pipeline.access import organization_of, require_organization_key, user_of
from tollbook.api.pipeline.admission import actor, admission
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import ArchiveRefused, InvalidApiKey, InvalidRequest, NotFound
from tollbook.domain.keys import ApiKey, Permission
from tollbook.lifecycle.erase import Erased, Person, erase
from tollbook.store.database import Transaction


class ErasedAnswer(msgspec.Struct, frozen=True):
    """How many events and files a person was erased from."""

    success: bool
    organization_id: str
    user_id: str
    erased: Erased


async def delete_personal_data(
    request: Request, services: Services, read_query: QueryReader
) -> Response:
    """Erase a person, and answer once the erasure is on disk."""
    _, key = admission(request)
    require_organization_key(key, "erase users")
    read_query()
    path = request.path_params

    def work() -> Response:
        person = _person(services, key, path["organization_id"], path["user_id"])
        by = actor(request, services, key)

        def allowed(transaction: Transaction) -> None:
            if services.directory_cache.key(transaction, key.prefix) is None:
                raise InvalidApiKey

        done = erase(services.database, by, person, allowed=allowed)
        return json_response(ErasedAnswer(True, person.organization.id, person.user, done))

    return await run_sync(work)


def _person(services: Services, key: ApiKey, organization: str, user: str) -> Person:
    with services.database.reading() as snapshot:
        row = organization_of(snapshot, key, organization)
        return Person(row, user_of(snapshot, key, row, user).id)


DELETE_PERSONAL_DATA = Endpoint(
    method="DELETE",
    path="/v1/organizations/{organization_id}/users/{user_id}/personal-data",
    name="erasePersonalData",
    summary="Erase a person",
    description=(
        "Takes a user's name and e-mail away, and from the user's events every text and number "
        "that may tell of a person, in the ledger, in quarantine, and in archives, which must be "
        "where they were written. Sums stay as they are, and so do identities: the same event "
        "again is still a duplicate. What remains is the platform's own `user_id`. An erased "
        "event keeps its charge in reratings by prices that ask for its number. It cannot be "
        "taken back; erasing again erases what has come since."
    ),
    permission=Permission.ADMIN,
    path_parameters={"organization_id": "org_abc123", "user_id": "user_123"},
    answers={
        200: Body(
            ErasedAnswer,
            {
                "success": True,
                "organization_id": "org_abc123",
                "user_id": "user_123",
                "erased": {"events": 412, "quarantined": 1, "archived_events": 97, "files": 2},
            },
            links=leads(
                "getUser", "listEvents", organization_id="/organization_id", user_id="/user_id"
            ),
        )
    },
    handle=delete_personal_data,
    errors=(InvalidRequest, NotFound, ArchiveRefused),
    tag="Users",
)
