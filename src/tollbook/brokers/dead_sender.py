"""Publish dead letters, again until the broker confirms each."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from tollbook.brokers.dead_letters import in_file, packed
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.transport import (
    DeadLetter,
    DeadLetterFailed,
    DeadLetterTooLarge,
    Message,
    Transport,
)

_log = structlog.get_logger()


class DeadSender:
    """Sends dead letters; those that the broker does not confirm wait for another attempt."""

    def __init__(
        self,
        transport: Transport,
        metrics: ConsumeMetrics,
        folder: Path,
        pause: Callable[[int], float],
    ) -> None:
        self._transport = transport
        self._metrics = metrics
        self._folder = folder
        self._pause = pause
        self._waiting: list[DeadLetter] = []
        self._attempts = 0
        self._due_at = 0.0

    def clear(self) -> None:
        """Forget the letters that wait: the broker delivers their messages again."""
        self._waiting.clear()

    async def send(self, letters: Sequence[DeadLetter]) -> list[Message]:
        """Return the messages whose letters the broker has confirmed; the others wait."""
        return [it.message for it in letters if await self._is_sent(it)]

    async def send_due(self) -> list[Message]:
        """Send the letters that wait, if it is time; return the messages of confirmed ones."""
        if not self._waiting or time.monotonic() < self._due_at:
            return []
        letters, self._waiting = self._waiting, []
        return await self.send(letters)

    async def _is_sent(self, letter: DeadLetter) -> bool:
        try:
            await self._send(letter)
        except (DeadLetterFailed, OSError) as error:
            self._metrics.count_dead_letter_failure()
            self._attempts += 1
            self._due_at = time.monotonic() + self._pause(self._attempts)
            self._waiting.append(letter)
            _log.error("dead_letter_failed", source=letter.message.source, problem=str(error))
            return False
        self._attempts = 0
        return True

    async def _send(self, letter: DeadLetter) -> None:
        """Send a letter as it is, else packed, else with its body in a file."""
        try:
            await self._transport.send_dead(letter)
            return
        except DeadLetterTooLarge:
            pass
        is_packed = (letter.message.content_encoding or "").strip().lower() == "gzip"
        if not is_packed:
            try:
                await self._transport.send_dead(packed(letter))
                return
            except DeadLetterTooLarge:
                pass
        path = _write(self._folder, letter.message)
        await self._transport.send_dead(in_file(letter, str(path)))


def _write(folder: Path, message: Message) -> Path:
    """Write a body to a file that only its owner can read, durably; return its path."""
    name = hashlib.sha256(message.source.encode() + b"\0" + message.body).hexdigest()[:32]
    path = folder / f"dead-{name}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message.body)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync(folder)
    return path


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
