"""No handler is reached without the permission that its endpoint declares."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import Response

from tests.builders import Platform
from tests.inside import serving
from tollbook.api import application
from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.endpoint import Endpoint
from tollbook.domain.keys import Permission
from tollbook.store.database import Database

DECLARED = [it for it in ENDPOINTS if it.permission]


def path_of(endpoint: Endpoint) -> str:
    return endpoint.path.replace("{", "").replace("}", "").replace(":path", "")


def test_only_the_question_who_a_key_is_needs_no_permission() -> None:
    assert [it.name for it in ENDPOINTS if not it.permission] == ["getOwnKey"]


def test_only_the_catalog_of_meters_accepts_one_of_two_permissions() -> None:
    either = {it.name: it.permissions for it in ENDPOINTS if len(it.permissions) > 1}
    assert either == {"listMeters": (Permission.READ_ANALYTICS, Permission.WRITE_EVENTS)}


@pytest.mark.parametrize("permission", Permission)
def test_a_handler_is_reached_with_its_permission_only(
    database: Database, monkeypatch: pytest.MonkeyPatch, permission: Permission
) -> None:
    reached: list[str] = []

    def spied(endpoint: Endpoint) -> Endpoint:
        async def take(*_: Any) -> Response:
            reached.append(endpoint.name)
            return Response()

        def handle(*_: Any) -> Response:
            reached.append(endpoint.name)
            return Response()

        return replace(
            endpoint,
            handle=take if endpoint.handle else None,
            read=handle if endpoint.read else None,
            write=handle if endpoint.write else None,
            tells_usage=False,
        )

    monkeypatch.setattr(application, "ENDPOINTS", tuple(map(spied, DECLARED)))
    key = Platform(database).key(permission)
    with serving(database, key) as client:
        for endpoint in DECLARED:
            answer = client.request(endpoint.method, path_of(endpoint))
            may = permission in (*endpoint.permissions, Permission.ADMIN)
            assert answer.status_code == (200 if may else 403), endpoint.name
            assert (endpoint.name in reached) is may, endpoint.name
