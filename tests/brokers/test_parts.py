"""URLs of brokers, bodies of messages, offsets of partitions, and dead letters."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import event
from tollbook.brokers.address import parse_address
from tollbook.brokers.bodies import MOST_BYTES, decoder_of, unpacked
from tollbook.brokers.consumer import pause
from tollbook.brokers.dead_letters import in_file, letter_of_error, letter_of_receipts, packed
from tollbook.brokers.offsets import PartitionOffsets
from tollbook.brokers.rabbitmq import translated_errors
from tollbook.brokers.transport import ConnectionLost, Message
from tollbook.domain.catalog import BUILT_IN
from tollbook.domain.errors import BodyTooLarge, InvalidRequest, Problem, UnreadableBody
from tollbook.domain.receipts import rejected


def message(body: bytes = b"{}", **given: Any) -> Message:
    usual: dict[str, Any] = {
        "source": "nats:USAGE:7",
        "content_type": None,
        "content_encoding": None,
        "attributes": (),
        "headers": {},
        "handle": None,
    }
    return Message(body=body, **{**usual, **given})


@pytest.mark.parametrize(
    ("url", "kind", "hosts", "name"),
    [
        ("nats://a/USAGE", "nats", ("a:4222",), "USAGE"),
        ("tls://a:4000,b/USAGE", "nats", ("a:4000", "b:4222"), "USAGE"),
        ("amqp://a?queue=usage", "amqp", ("a:5672",), "usage"),
        ("amqps://a/%2F?queue=usage", "amqp", ("a:5671",), "usage"),
        ("kafka://a:1,b:2/usage.calls", "kafka", ("a:1", "b:2"), "usage.calls"),
        ("kafkas://[::1]/usage", "kafka", ("[::1]:9093",), "usage"),
    ],
)
def test_a_url_names_hosts_and_source(url: str, kind: str, hosts: Any, name: str) -> None:
    found = parse_address(url)
    assert (found.kind, found.hosts, found.name) == (kind, hosts, name)
    assert found.tls == (url.partition(":")[0] in ("tls", "amqps", "kafkas"))


def test_virtual_hosts_and_users_are_unescaped_and_not_shown() -> None:
    found = parse_address("amqp://us%40er:pa%2Fss@a/my%2Fhost?queue=usage")
    assert (found.user, found.password, found.virtual_host) == ("us@er", "pa/ss", "my/host")
    assert "ss" not in found.shown.replace("usage", "")
    assert parse_address("amqp://a/%2F?queue=q").virtual_host == "/"


@pytest.mark.parametrize("url", ["http://a/b", "nats://a", "amqp://a/v", "kafka:///t", "usage", ""])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_address(url)


def test_a_body_may_be_packed_and_of_any_form() -> None:
    one = json.dumps(event()).encode()
    for body, more in (
        (one, {}),
        (gzip.compress(one), {}),
        (gzip.compress(one), {"content_encoding": "gzip"}),
        (b"\xef\xbb\xbf" + one, {}),
        (one + b"\n" + one, {"content_type": "application/x-ndjson"}),
        (b"[%b]" % one, {"content_type": "application/json; charset=utf-8"}),
    ):
        it = message(body, **more)
        assert len(decoder_of(it)(unpacked(it), BUILT_IN)) in (1, 2)


def test_a_body_without_a_type_is_json_or_lines() -> None:
    one = json.dumps(event()).encode()
    two = message(one + b"\n" + one)
    assert len(decoder_of(two)(unpacked(two), BUILT_IN)) == 2
    broken = message(b"{broken")
    with pytest.raises(UnreadableBody):
        decoder_of(broken)(unpacked(broken), BUILT_IN)


def test_a_body_is_limited_packed_and_unpacked() -> None:
    for body in (b" " * (MOST_BYTES + 1), gzip.compress(b" " * (MOST_BYTES + 1))):
        with pytest.raises(BodyTooLarge):
            unpacked(message(body))
    with pytest.raises(UnreadableBody):
        unpacked(message(gzip.compress(b"{}")[:-4]))


def test_headers_of_a_dead_letter_are_ascii_on_one_line() -> None:
    refused = [rejected(it, "é\n1", (Problem("id", "code", "ä" * 500),)) for it in range(100)]
    letter = letter_of_receipts(message(source="nats:é:1"), refused)
    for value in letter.reasons.values():
        assert value.isascii()
        assert value.isprintable()
    kept = json.loads(letter.reasons["tollbook-receipts"])
    assert 0 < len(kept) < 100
    assert len(letter.reasons["tollbook-receipts"]) <= 16 * 1024
    assert letter.reasons["tollbook-refused"] == "100"


def test_a_dead_letter_may_be_packed_or_in_a_file() -> None:
    letter = letter_of_error(message(b"x" * 1000), UnreadableBody("it is\nbroken"))
    assert gzip.decompress(packed(letter).body) == b"x" * 1000
    moved = in_file(letter, "/é/dead")
    assert (moved.body, moved.reasons["tollbook-file"]) == (b"", "/\\xe9/dead")
    assert letter.reasons["tollbook-error"] == "it is broken"


@given(st.permutations(range(8)), st.integers(0, 8))
def test_the_position_is_the_first_offset_that_is_not_settled(order: list[int], count: int) -> None:
    offsets = PartitionOffsets()
    for it in range(10, 18):
        offsets.add(it)
    settled = set()
    for it in order[:count]:
        offsets.settle(10 + it)
        settled.add(it)
    first = next((it for it in range(9) if it not in settled), 8)
    assert offsets.uncommitted() == (10 + first if first else None)


def test_released_offsets_are_received_again() -> None:
    offsets = PartitionOffsets()
    for it in range(3):
        offsets.add(it)
    offsets.settle(2)
    offsets.settle(0)
    offsets.forget_from(1)
    assert offsets.uncommitted() == 1
    offsets.committed(1)
    for it in (1, 2):
        offsets.add(it)
        offsets.settle(it)
    assert offsets.uncommitted() == 3


def test_pauses_grow_to_half_a_minute() -> None:
    assert 0.5 <= pause(1) <= 1
    assert all(0.5 <= pause(it) <= 30 for it in range(1, 1_000))
    assert pause(1_000) >= 15


def test_what_the_client_of_rabbitmq_cancels_is_a_lost_connection() -> None:
    async def wait_for_answer(answer: "asyncio.Future[None]") -> None:
        with translated_errors():
            await answer

    async def closed_by_client() -> None:
        answer = asyncio.get_running_loop().create_future()
        answer.cancel()
        with pytest.raises(ConnectionLost):
            await wait_for_answer(answer)

    async def canceled() -> None:
        waiting = asyncio.create_task(wait_for_answer(asyncio.get_running_loop().create_future()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(closed_by_client())
    asyncio.run(canceled())
