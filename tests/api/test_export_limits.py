"""Exports: a share for each key and tenant, and a clear end for one that takes too long."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from io import BytesIO
from secrets import token_hex

import pyarrow.parquet
import pytest

from tests.api.conftest import Site, Tenant, site_on
from tests.builders import event
from tests.waiting import PATIENCE, wait_for
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.api.formats.choice import ERROR_WRITERS, Format
from tollbook.api.formats.parquet import parquet_bytes, parquet_error
from tollbook.domain.limit_errors import ExportExpired
from tollbook.ingest.decode import MOST_EVENTS

EXPORT = "/v1/events?organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31"
EVENTS, LONG = 20_000, 200


@contextmanager
def unread(site: Site, key: str, path: str) -> Iterator[tuple[bytes, socket.socket]]:
    """Begin an export, and read its status only."""
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", site.server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\n\r\n".encode())
        yield client.recv(12)[-3:], client


def filled(site: Site) -> Tenant:
    """Return a tenant with events that no buffer of the system holds as a file."""
    tenant = site.tenant()
    tenant.organization()
    note = token_hex(LONG)
    for start in range(0, EVENTS, MOST_EVENTS):
        numbers = range(start, start + MOST_EVENTS)
        tenant.send(*(event(id=f"call-{it}", attributes={"note": note}) for it in numbers))
    return tenant


@pytest.fixture
def limited(database_url: str) -> Iterator[Site]:
    yield from site_on(database_url, max_exports="4")


def test_a_key_that_reads_nothing_leaves_exports_for_other_keys_and_tenants(limited: Site) -> None:
    tenant, other = filled(limited), limited.tenant()
    other.organization()
    other.send(event())
    tokens = [
        tenant.post("/v1/viewer-tokens", json={"organization_id": "org_1"}).json()["token"]
        for _ in range(3)
    ]
    path = f"{EXPORT}&format=ndjson"
    with ExitStack() as stack:
        statuses = [stack.enter_context(unread(limited, token, path))[0] for token in tokens]
        assert statuses == [b"200", b"200", b"429"]
        refused = tenant.get(path)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_exports")
        assert refused.headers["retry-after"] == "10"
        assert len(other.get(path).text.splitlines()) == 1
        audit = other.get("/v1/audit-log?format=csv")
        assert audit.status_code == 200
    wait_for(lambda: tenant.get(path).status_code == 200)


@pytest.fixture
def hurried(database_url: str) -> Iterator[Site]:
    yield from site_on(database_url, max_export_seconds="3")


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_an_export_that_takes_too_long_ends_with_an_error_that_clients_notice(
    hurried: Site, form: str
) -> None:
    tenant = filled(hurried)
    expired = 'tollbook_refusals_total{kind="export_expired"} 1.0'
    with unread(hurried, tenant.admin, f"{EXPORT}&format={form}") as (status, client):
        assert status == b"200"
        wait_for(lambda: expired in hurried.http.get("/metrics").text)
        body = b""
        while piece := client.recv(1 << 20):
            body += piece
    assert not body.endswith(b"\r\n0\r\n\r\n"), "clients see that the last chunk is missing"
    assert ERROR_WRITERS[Format(form)](ExportExpired()) in body[-300:]


def test_a_parquet_file_that_ends_early_cannot_be_read() -> None:
    table = Table((Column("number", ColumnKind.COUNT),), ((it,) for it in range(60_000)))
    *pieces, last = parquet_bytes(table)
    early = b"".join(pieces) + parquet_error(ExportExpired())
    assert pyarrow.parquet.read_table(BytesIO(b"".join(pieces) + last)).num_rows == 60_000
    with pytest.raises(pyarrow.lib.ArrowInvalid):
        pyarrow.parquet.read_table(BytesIO(early))
