"""Both clients on a real server: pages, files, errors, and a program that uses the key of now."""

import asyncio
import gzip
import json
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.api.conftest import Tenant

from tollbook_client import (
    AsyncClient,
    Client,
    ConfigurationError,
    IncompleteExport,
    InvalidEvent,
    answers,
    error_codes,
)

JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}


def send(client: Client, number: int) -> None:
    events = [
        {
            "id": f"call-{i}",
            "type": "voice.call",
            "organization_id": "org_1",
            "user_id": f"user_{i}",
            "time": "2024-01-15T10:30:00Z",
            "quantity": Decimal("61.5"),
            "cost": Decimal("0.000000001"),
        }
        for i in range(number)
    ]
    assert client.post_events(body=events).counts.accepted == number


def test_answers_are_typed(client: Client) -> None:
    send(client, 3)
    report = client.get_user_analytics(**JANUARY, limit=2)
    assert isinstance(report, answers.UsersReport)
    assert [type(user) for user in report.users] == [answers.UserUsage] * 2
    assert report.users[0].total_cost == Decimal("0.000000001")
    assert report.period["start"].isoformat() == "2024-01-01"
    assert report.extra == {}
    users = list(client.iter_user_analytics(**JANUARY, limit=2))
    assert sorted(user.user_id for user in users) == ["user_0", "user_1", "user_2"]


def test_a_question_includes_what_the_client_has_sent(client: Client) -> None:
    assert client.as_of is None
    send(client, 1)
    assert client.as_of is not None
    assert client.get_overview_analytics(start_date="2024-01-01").total_voice_calls == 1


def test_files_come_in_pieces(client: Client) -> None:
    send(client, 3)
    lines = b"".join(client.download("listEvents", format="ndjson", **JANUARY)).splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == ["call-0", "call-1", "call-2"]
    with pytest.raises(error_codes.NotFound):
        next(client.download("listEvents", format="csv", organization_id="org_none"))
    with pytest.raises(ConfigurationError, match="csv, ndjson, parquet"):
        next(client.download("listEvents", format="json"))
    with pytest.raises(ConfigurationError, match="not an operation with files"):
        next(client.download("listKeys", format="csv"))


def test_errors_have_the_class_of_their_code(client: Client, address: str) -> None:
    with pytest.raises(error_codes.InvalidRequest) as raised:
        client.get_user_analytics(organization_id="org_1", start_date="2024-02-30")
    assert [it.field for it in raised.value.details] == ["start_date"]
    assert raised.value.request_id
    with (
        Client(address, "tb_000000000000_wrong") as stranger,
        pytest.raises(error_codes.InvalidApiKey),
    ):
        stranger.list_organizations()


def test_the_key_is_read_again_for_every_request(address: str, tenant: Tenant) -> None:
    keys = [tenant.admin, "tb_000000000000_wrong"]
    with Client(address, lambda: keys[0]) as client:
        assert client.get_own_key().key.tenant_id == tenant.tenant
        keys.pop(0)
        with pytest.raises(error_codes.InvalidApiKey):
            client.get_own_key()


def test_floats_count_by_their_shortest_text(client: Client) -> None:
    event = {"id": "x", "type": "voice.call", "organization_id": "org_1", "quantity": 1e-7}
    with pytest.raises(InvalidEvent, match="at most 6 decimals"):
        client.post_events(body=event)


def test_bodies_of_other_types(client: Client) -> None:
    deck = "prefix,price\\n44,0.01\\n".replace("\\n", "\n")
    loaded = client.load_price_book(
        body=deck,
        content_type="text/csv",
        meter="voice.call",
        per="minute",
        currency="USD",
        name="Carrier A",
        effective_from="2024-02-01",
        source="deck 7",
    )
    page = client.get_price_book(version=loaded.price_book.version)
    assert page.price_book.name == "Carrier A"


def test_the_asynchronous_client(address: str, tenant: Tenant, client: Client) -> None:
    send(client, 3)

    async def use() -> tuple[list[str], bytes]:
        async with AsyncClient(address, tenant.admin) as opened:
            rows = [row async for row in opened.iter_events(**JANUARY, limit=2)]
            pieces = opened.download("listEvents", format="csv", **JANUARY)
            return [row.id for row in rows], b"".join([it async for it in pieces])

    names, file = asyncio.run(use())
    assert sorted(names) == ["call-0", "call-1", "call-2"]
    assert len(file.splitlines()) == 4


class _Cut(BaseHTTPRequestHandler):
    """Sends less of a file than it announces, as a lost connection does."""

    def do_GET(self) -> None:
        content = gzip.compress(b"id\n1\n2\n" * 1000)
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:-20])

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_a_file_that_is_cut_raises() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cut)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"

    async def use() -> None:
        async with AsyncClient(address, "tb_key") as opened:
            async for _ in opened.download("listEvents", format="csv", **JANUARY):
                pass

    try:
        with Client(address, "tb_key") as client, pytest.raises(IncompleteExport):
            list(client.download("listEvents", format="csv", **JANUARY))
        with pytest.raises(IncompleteExport):
            asyncio.run(use())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("url", ["", "example.com", "https://example.com/?a=1"])
def test_an_address_must_be_one_of_http(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOLLBOOK_URL", raising=False)
    with pytest.raises(ConfigurationError, match="base_url"):
        Client(url, "tb_key")


def test_a_key_must_be_printable() -> None:
    with (
        Client("http://127.0.0.1:9", lambda: "two\nlines") as client,
        pytest.raises(ConfigurationError, match="printable"),
    ):
        client.get_own_key()
