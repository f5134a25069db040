"""Erase a person from every table and archive; sums stay: DELETE …/personal-data."""

from typing import Any

import msgspec
from anyio.to_thread import run_sync
from starlette.responses import Response

from tollbook.api.endpoints.paths import UserPath
from tollbook.api.openapi.endpoint import AsyncRequest, Body, Endpoint
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Query
from tollbook.api.pipeline.access import organization_of, require_organization_key, user_of
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import ArchiveRefused, InvalidApiKey
from tollbook.domain.keys import ApiKey, Permission
from tollbook.lifecycle.erase import Erased, Person, erase
from tollbook.store.database import Transaction


class ErasedAnswer(msgspec.Struct, frozen=True):
    """How many events and files a person was erased from."""

    success: bool
    organization_id: str
    user_id: str
    erased: Erased


async def delete_personal_data(request: AsyncRequest[Query, UserPath]) -> Response:
    """Erase a person, and answer once the erasure is on disk."""
    key = request.admission.key
    require_organization_key(key, "erase users")
    request.read_query()
    path, services = request.path, request.services

    def work() -> Response:
        person = _person(services, key, path.organization_id, path.user_id)
        by = request.actor(key)

        def allowed(transaction: Transaction) -> None:
            if services.directory_cache.key(transaction, key.prefix) is None:
                raise InvalidApiKey

        folder = services.archive_folder
        done = erase(services.database, by, person, folder, allowed=allowed)
        answer = ErasedAnswer(True, person.organization.id, person.user, done)
        return json_response(answer, 202 if done.pending else 200)

    return await run_sync(work)


def _person(services: Services, key: ApiKey, organization: str, user: str) -> Person:
    with services.database.reading() as snapshot:
        row = organization_of(snapshot, key, organization)
        return Person(row, user_of(snapshot, key, row, user).id)


_COUNTS = {"events": 412, "quarantined": 1, "archived_events": 97, "files": 2}


def _example(*, pending: bool) -> dict[str, Any]:
    ids = {"organization_id": "org_abc123", "user_id": "user_123"}
    return {"success": True, **ids, "erased": {**_COUNTS, "pending": pending}}


_LINKS = leads("getUser", "listEvents", organization_id="/organization_id", user_id="/user_id")

DELETE_PERSONAL_DATA = Endpoint(
    route="DELETE /v1/organizations/{organization_id}/users/{user_id}/personal-data",
    name="erasePersonalData",
    summary="Erase a user's personal data",
    description=(
        "Removes a user's name and e-mail, and every text and number in the user's "
        "events that may identify a person: in the ledger, in quarantine, and in "
        "archives, whose files must be in their original place or in the server's folder "
        "of archives. Sums and identities are unchanged: the same event sent again is "
        "still a duplicate. The platform's own `user_id` remains. An erased event keeps "
        "its charge in reratings by prices that depend on its number. This cannot be "
        "undone; erasing again also erases later events. The audit log has "
        "`user.erase` and, when no trace is left in the database's log of writes, "
        "`user.erase_finished`."
    ),
    permission=Permission.ADMIN,
    answers={
        200: Body(
            ErasedAnswer, _example(pending=False), links=_LINKS, description="The person is erased."
        ),
        202: Body(
            ErasedAnswer,
            _example(pending=True),
            links=_LINKS,
            description="The person is erased from all tables and files, but not yet from the "
            "database's log of writes, which a long read uses. The server finishes this when the "
            "read has ended; erasing again returns 202 until then.",
        ),
    },
    handle=delete_personal_data,
    errors=(ArchiveRefused,),
    tag="Users",
)
