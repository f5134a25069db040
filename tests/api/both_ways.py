"""Run the tests of a module over both ways of `POST /v1/events`: direct and general."""

import pytest

from tests.api.conftest import Tenant

_GENERAL = {"Content-Encoding": "identity"}
"""Changes nothing, but a direct request has no such header."""


@pytest.fixture(autouse=True, params=["direct", "general"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "general":
        monkeypatch.setattr(Tenant, "always", _GENERAL)
