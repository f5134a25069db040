"""Dead letters until the broker has them: as they are, packed, or with their bodies in files."""

import asyncio
import gzip
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.brokers.memory import MemoryBroker
from tests.brokers.test_parts import message
from tests.logs import captured_logs
from tollbook.brokers import dead_sender as module
from tollbook.brokers.dead_letters import letter_of_error
from tollbook.brokers.dead_sender import DeadSender
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.transport import (
    ConnectionLost,
    DeadLetter,
    DeadLetterFailed,
    DeadLetterTooLarge,
)
from tollbook.domain.errors import UnreadableBody


class Narrow(MemoryBroker):
    """A broker that accepts letters up to a length."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.tried: list[int] = []

    async def send_dead(self, letter: DeadLetter) -> None:
        self.tried.append(len(letter.body))
        if len(letter.body) > self._most:
            raise DeadLetterTooLarge("too large")
        await super().send_dead(letter)


class Clock:
    """The time of a sender, and the attempts that it was asked the pauses of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.attempts: list[int] = []
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))

    def pause(self, attempt: int) -> float:
        self.attempts.append(attempt)
        return 10.0 * attempt


def letter(body: bytes = b"{", source: str = "m:1", **given: Any) -> DeadLetter:
    return letter_of_error(message(body, source=source, **given), UnreadableBody("broken"))


def sender_of(broker: MemoryBroker, folder: Path, pause: Any = lambda _: 0.0) -> DeadSender:
    return DeadSender(broker, ConsumeMetrics(), folder, pause)


def send(sender: DeadSender, *letters: DeadLetter) -> list[str]:
    return _sources(asyncio.run(sender.send(letters)))


def send_due(sender: DeadSender) -> list[str]:
    with captured_logs():
        return _sources(asyncio.run(sender.send_due()))


def _sources(messages: Sequence[Any]) -> list[str]:
    return [it.source for it in messages]


def test_a_letter_that_fits_is_sent_as_it_is(tmp_path: Path) -> None:
    broker = Narrow(5)
    sent = letter(b"12345")
    assert send(sender_of(broker, tmp_path), sent) == ["m:1"]
    assert (broker.dead, broker.tried) == ([sent], [5])
    assert list(tmp_path.iterdir()) == []


def test_a_larger_one_is_packed(tmp_path: Path) -> None:
    broker = Narrow(100)
    assert send(sender_of(broker, tmp_path), letter(b"a" * 5_000)) == ["m:1"]
    (sent,) = broker.dead
    assert (gzip.decompress(sent.body), sent.is_packed) == (b"a" * 5_000, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoding", [None, "gzip", " GZIP "])
def test_the_largest_leaves_its_body_in_a_file_of_its_owner(
    tmp_path: Path, encoding: str | None
) -> None:
    broker, body = Narrow(20), os.urandom(500)
    folder = tmp_path / "state" / "dead-letters"
    sender = sender_of(broker, folder)
    assert send(sender, letter(body, content_encoding=encoding)) == ["m:1"]
    # What is packed already is not packed again.
    assert len(broker.tried) == (3 if encoding is None else 2)
    (sent,) = broker.dead
    path = Path(sent.reasons["tollbook-file"])
    assert (sent.body, sent.is_packed, path.read_bytes()) == (b"", False, body)
    assert path.parent == folder
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_letter_that_is_sent_again_has_the_same_file(tmp_path: Path) -> None:
    broker, body = Narrow(20), os.urandom(500)
    sender = sender_of(broker, tmp_path)
    for source in ("m:1", "m:1", "m:2"):
        send(sender, letter(body, source))
    paths = [it.reasons["tollbook-file"] for it in broker.dead]
    assert paths[0] == paths[1] != paths[2]
    assert sorted(map(str, tmp_path.iterdir())) == sorted(set(paths))


def test_a_letter_whose_reasons_alone_are_too_large_waits(tmp_path: Path) -> None:
    broker = Narrow(-1)
    sender = sender_of(broker, tmp_path)
    with captured_logs() as logged:
        assert send(sender, letter()) == []
    assert [(it["event"], it["source"]) for it in logged] == [("dead_letter_failed", "m:1")]
    assert send_due(sender) == []
    assert broker.dead == []


@pytest.mark.parametrize("failure", [DeadLetterFailed("no"), OSError("the disk is full")])
def test_what_the_broker_does_not_confirm_waits_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    clock, broker = Clock(monkeypatch), MemoryBroker()
    broker.failures["dead"] = [None, failure, None]
    sender = sender_of(broker, tmp_path, clock.pause)
    with captured_logs():
        assert send(sender, *(letter(source=f"m:{it}") for it in range(3))) == ["m:0", "m:2"]
    assert clock.attempts == [1]
    assert send_due(sender) == []  # it is not time yet
    clock.now += 10.0
    assert send_due(sender) == ["m:1"]
    clock.now += 1_000.0
    assert send_due(sender) == []
    assert broker.calls == ["dead m:0", "dead m:1", "dead m:2", "dead m:1"]


def test_pauses_grow_with_each_failure_and_begin_anew_after_a_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, broker = Clock(monkeypatch), MemoryBroker()
    refused = DeadLetterFailed("no")
    broker.failures["dead"] = [refused, refused, refused, None, refused]
    sender = sender_of(broker, tmp_path, clock.pause)
    with captured_logs():
        send(sender, letter())
    for step in (10.0, 20.0, 30.0):
        clock.now += step - 0.5
        assert send_due(sender) == []
        clock.now += 0.5
        sent = send_due(sender)
    assert sent == ["m:1"]
    with captured_logs():
        send(sender, letter())
    assert clock.attempts == [1, 2, 3, 1]


def test_letters_of_a_lost_connection_are_forgotten(tmp_path: Path) -> None:
    broker = MemoryBroker()
    broker.failures["dead"] = [DeadLetterFailed("no")]
    sender = sender_of(broker, tmp_path)
    with captured_logs():
        send(sender, letter())
    sender.clear()
    assert send_due(sender) == []
    assert broker.dead == []


def test_a_lost_connection_is_the_consumer_s_to_handle(tmp_path: Path) -> None:
    broker = MemoryBroker()
    broker.failures["dead"] = [ConnectionLost("gone")]
    with pytest.raises(ConnectionLost):
        send(sender_of(broker, tmp_path), letter())
