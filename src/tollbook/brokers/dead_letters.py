"""Make dead letters: a message as it came, with headers that state why it was not accepted."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from tollbook.brokers.transport import DeadLetter, Message
from tollbook.domain.errors import TollbookError
from tollbook.domain.receipts import Receipt

PREFIX = "tollbook-"
_MOST_RECEIPTS = 16 * 1024
"""In bytes: RabbitMQ closes the connection of a message with 140 KB of headers."""
_LONGEST_SENTENCE = 1_000


def letter_of_receipts(message: Message, receipts: Sequence[Receipt]) -> DeadLetter:
    """Return the dead letter of a message of which these events were not accepted."""
    reasons = {
        "tollbook-code": receipts[0].code or receipts[0].status.value,
        "tollbook-refused": str(len(receipts)),
        "tollbook-receipts": _receipts_text(receipts),
    }
    return DeadLetter(message, {**reasons, **_origin(message)}, message.body)


def letter_of_error(message: Message, error: TollbookError) -> DeadLetter:
    """Return the dead letter of a message whose body could not be read."""
    sentence = _one_line(error.sentence[:_LONGEST_SENTENCE])
    reasons = {"tollbook-code": error.code, "tollbook-refused": "0", "tollbook-error": sentence}
    return DeadLetter(message, {**reasons, **_origin(message)}, message.body)


def packed(letter: DeadLetter) -> DeadLetter:
    """Return a dead letter with its body in gzip."""
    return replace(letter, body=gzip.compress(letter.message.body), is_packed=True)


def in_file(letter: DeadLetter, path: str) -> DeadLetter:
    """Return a dead letter without a body, which is in a file."""
    reasons = {**letter.reasons, "tollbook-file": _one_line(path)}
    return replace(letter, body=b"", reasons=reasons, is_packed=False)


def _origin(message: Message) -> dict[str, str]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"tollbook-source": _one_line(message.source), "tollbook-at": now}


def _receipts_text(receipts: Sequence[Receipt]) -> str:
    """Return receipts as a JSON array in ASCII: as many whole ones as fit."""
    found: list[str] = []
    size = 2
    for it in receipts:
        text = json.dumps(msgspec.to_builtins(it))
        size += len(text) + 1
        if size > _MOST_RECEIPTS:
            break
        found.append(text)
    return f"[{','.join(found)}]"


def _one_line(text: str) -> str:
    """Return a text in ASCII on one line: brokers change other characters, or refuse them."""
    plain = "".join(it if it.isprintable() else " " for it in text)
    return plain.encode("ascii", "backslashreplace").decode()
