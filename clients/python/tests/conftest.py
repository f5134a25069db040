"""A real server with a tenant, and meters whose spools are in a folder of the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Tenant, site
from tests.conftest import migrated_file, postgres, sqlite_url
from tests.waiting import PATIENCE

from tollbook_client import Client, Meter

__all__ = ["migrated_file", "postgres", "site", "sqlite_url"]


@pytest.fixture
def tenant(site: Any) -> Tenant:
    """A tenant with the organization org_1."""
    tenant: Tenant = site.tenant()
    tenant.organization()
    return tenant


@pytest.fixture
def address(site: Any) -> str:
    found: str = site.server.address
    return found


@pytest.fixture
def client(tenant: Tenant, address: str) -> Iterator[Client]:
    with Client(address, tenant.admin) as opened:
        yield opened


@pytest.fixture
def meter_of(tenant: Tenant, address: str, tmp_path: Path) -> Iterator[Callable[..., Meter]]:
    """Open meters on one spool; they are closed after the test."""
    opened: list[Meter] = []

    def open_one(base_url: str = address, key: str = tenant.admin, **options: Any) -> Meter:
        given: dict[str, Any] = {"spool": tmp_path / "spool.db", "organization_id": "org_1"}
        given |= {"exit_timeout": PATIENCE, **options}
        opened.append(Meter(base_url, key, **given))
        return opened[-1]

    yield open_one
    for meter in opened:
        meter.close(timeout=0)


@pytest.fixture
def meter(meter_of: Callable[..., Meter]) -> Meter:
    return meter_of()
