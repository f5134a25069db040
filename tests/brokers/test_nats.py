"""Events from a real NATS: what is stored, what is a dead letter, and what is refused at start."""

import asyncio
import gzip
import json
from typing import Any

import nats
from cloudevents.core.bindings.http import to_binary
from cloudevents.core.formats.json import JSONFormat
from nats.js.api import ConsumerConfig

from tests import plain_http
from tests.api.test_cloud_events import cloud_event
from tests.brokers.conftest import Ledger
from tests.brokers.streams import Stream, text
from tests.brokers.test_kills import wait_until
from tests.builders import event
from tests.servers import free_port
from tests.waiting import PATIENCE

EMPTY = ("--create", "--stop-when-empty")


def test_messages_of_every_form_are_stored_and_the_others_are_dead_letters(
    ledger: Ledger, stream: Stream
) -> None:
    binary = to_binary(cloud_event(id="é 1"), JSONFormat())
    lines = b"\n".join(json.dumps(event(id=f"line-{it}")).encode() for it in range(2))
    broken = b"{broken"
    mixed = text(event(id="good"), event(id="bad", quantity=-1), event(id="plain", quantity=2))
    stream.publish(
        (json.dumps(event(id="one")).encode(), {}),
        (lines, {}),
        (gzip.compress(text(event(id="packed"))), {"Content-Type": "application/json"}),
        (binary.body, dict(binary.headers)),
        (broken, {"Trace": "a"}),
        (mixed, {}),
        (text(event(id="plain", quantity=1)), {}),
        (b"x", {"Content-Type": "text/plain"}),
    )
    consuming = ledger.consuming(stream.url, *EMPTY)
    assert consuming.run() == 0, consuming.errors
    assert ledger.ids() == [
        *("ce:/switch/1|é 1", "good", "line-0", "line-1", "one", "packed", "plain")
    ]
    found = {it.headers["tollbook-code"]: it for it in stream.dead()}
    assert set(found) == {"unreadable_body", "negative", "conflict", "unsupported_body"}
    first = found["unreadable_body"]
    assert (first.data, first.headers["Trace"]) == (broken, "a")
    assert first.headers["tollbook-source"] == f"nats:{stream.name}:5"
    assert first.headers["tollbook-at"].endswith("Z")
    refused = found["negative"]
    assert (refused.data, refused.headers["tollbook-refused"]) == (mixed, "1")
    (receipt,) = json.loads(refused.headers["tollbook-receipts"])
    assert (receipt["index"], receipt["id"], receipt["field"]) == (1, "bad", "quantity")
    again = ledger.consuming(stream.url, "--stop-when-empty")
    assert again.run() == 0
    assert len(stream.dead()) == 4


def test_atomic_messages_are_stored_whole_or_not(ledger: Ledger, stream: Stream) -> None:
    stream.publish((text(event(id="a"), event(id="b", quantity=-1)), {}), (text(event(id="c")), {}))
    assert ledger.consuming(stream.url, *EMPTY, "--atomic").run() == 0
    assert ledger.ids() == ["c"]
    (letter,) = stream.dead()
    assert letter.headers["tollbook-refused"] == "2"


def test_what_is_missing_is_named_with_the_command_that_makes_it(
    ledger: Ledger, stream: Stream
) -> None:
    missing = ledger.consuming(f"{stream.server.url}/NOTHING", "--create")
    assert (missing.run(), "nats stream add NOTHING" in missing.errors) == (2, True)
    unread = ledger.consuming(stream.url)
    assert (unread.run(), "nats consumer add" in unread.errors) == (2, True)
    same = ledger.consuming(stream.url, "--create", "--dead-letter", f"{stream.name}.events")
    assert (same.run(), "read again" in same.errors) == (2, True)


def test_a_consumer_that_would_lose_messages_is_refused(ledger: Ledger, stream: Stream) -> None:
    config = ConsumerConfig(durable_name="tollbook", max_deliver=3)
    stream.run(lambda js: js.add_consumer(stream.name, config))
    consuming = ledger.consuming(stream.url, "--create")
    assert (consuming.run(), "max_deliver" in consuming.errors) == (2, True)


def test_a_revoked_key_stops_the_consumer_with_nothing_acknowledged(
    ledger: Ledger, stream: Stream
) -> None:
    consuming = ledger.consuming(stream.url, "--create")
    consuming.start()

    async def wait_for_consumer(js: Any) -> None:
        while True:
            try:
                await js.consumer_info(stream.name, "tollbook")
            except nats.js.errors.NotFoundError:
                await asyncio.sleep(0.05)
            else:
                return

    stream.run(wait_for_consumer)
    with ledger.database.writing() as transaction:
        transaction.execute(
            "UPDATE api_keys SET revoked_at = 1 WHERE tenant_id = :tenant", tenant=ledger.tenant
        )
        transaction.execute(
            "UPDATE tenants SET token = 5 WHERE tenant_id = :tenant", tenant="default"
        )
        transaction.execute("UPDATE directory_state SET token = 5 WHERE id = 1")
    stream.publish((text(event()), {}))
    assert consuming.wait() == 3
    assert ledger.ids() == []
    info = stream.run(lambda js: js.consumer_info(stream.name, "tollbook"))
    assert info.ack_floor.stream_seq == 0


def test_a_key_without_permission_and_a_password_in_the_url_are_refused(
    ledger: Ledger, stream: Stream
) -> None:
    reader = ledger.consuming(stream.url, key="tb_nothing")
    assert reader.run() == 3
    shown = ledger.consuming(stream.url.replace("nats://", "nats://user:secret@"))
    assert (shown.run(), "TOLLBOOK_BROKER_PASSWORD" in shown.errors) == (2, True)
    assert "secret" not in shown.errors
    unheard = ledger.consuming(stream.url, "--metrics", "9105")
    assert (unheard.run(), "HOST:PORT" in unheard.errors) == (2, True)


def test_a_signal_ends_it_after_the_batch(ledger: Ledger, stream: Stream) -> None:
    stream.publish(*((text(event(id=f"m{it}")), {}) for it in range(50)))
    consuming = ledger.consuming(stream.url, "--create")
    consuming.start()
    while not ledger.ids():
        pass
    assert consuming.terminate() == 0
    rest = ledger.consuming(stream.url, "--stop-when-empty")
    assert rest.run() == 0
    assert len(ledger.ids()) == 50


def test_nothing_is_acknowledged_or_dead_while_the_database_is_away(
    ledger: Ledger, stream: Stream
) -> None:
    stream.publish((text(event(id="before")), {}))
    port = free_port()
    consuming = ledger.consuming(stream.url, "--create", "--metrics", f"127.0.0.1:{port}")
    consuming.start()
    wait_until(lambda: ledger.ids() == ["before"])
    assert health(port) == 200
    version = ledger.set_schema_version("9999")
    stream.publish((text(event(id="kept")), {}))
    wait_until(lambda: health(port) == 503)
    info = stream.run(lambda js: js.consumer_info(stream.name, "tollbook"))
    assert (info.ack_floor.stream_seq, info.num_ack_pending) == (1, 1)
    ledger.set_schema_version(version)
    wait_until(lambda: ledger.ids() == ["before", "kept"])
    wait_until(lambda: health(port) == 200)
    metrics = plain_http.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).text
    assert 'tollbook_consume_messages_total{outcome="stored"} 2.0' in metrics
    assert consuming.terminate() == 0


def health(port: int) -> int:
    return plain_http.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE).status_code
