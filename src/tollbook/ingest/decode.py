"""From the bytes of a request to facts and rejections, decoding once and strictly."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from tollbook.domain.errors import BodyTooLarge, Problem, UnreadableBody
from tollbook.domain.events import Event
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.facts import Fact, fact_of
from tollbook.ingest.problems import problems_of

MOST_EVENTS = 10_000

Decoded = Fact | Receipt

_Failures = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_one = msgspec.json.Decoder(Event)
_many = msgspec.json.Decoder(list[Event])
_raw_many = msgspec.json.Decoder(list[msgspec.Raw])
_plain = msgspec.json.Decoder(float_hook=Decimal)
_INVALID = Problem("", "invalid_event", "the event is not valid")


def decode_json(body: bytes) -> list[Decoded]:
    """Read one event, or an array of them; `UnreadableBody` when the body is not JSON."""
    if not body.strip():
        raise UnreadableBody(
            "the body is empty; send an event, an array of events or lines of JSON"
        )
    alone = body.lstrip()[:1] != b"["
    try:
        events = [_one.decode(body)] if alone else _many.decode(body)
    except _Failures:
        return _decode_each(body, alone)
    _check_count(len(events))
    return _facts(events)


def decode_lines(body: bytes) -> list[Decoded]:
    """Read an event from every line that is not blank.

    A line that is not JSON is rejected alone; `UnreadableBody` when that is true of all of them.
    """
    try:
        events = _one.decode_lines(body)
    except _Failures:
        return _decode_each_line(body)
    if not events:
        raise UnreadableBody("the body has no line with an event")
    _check_count(len(events))
    return _facts(events)


def _facts(events: list[Event]) -> list[Decoded]:
    decoded: list[Decoded] = []
    for index, event in enumerate(events):
        fact = fact_of(index, event)
        decoded.append(fact if fact is not None else _rejected(index, _plain_form(event)))
    return decoded


def _plain_form(event: Event) -> Any:
    """Give an event that has the right shape and wrong values back as plain JSON."""
    return _plain.decode(msgspec.json.encode(event))


def _decode_each(body: bytes, alone: bool) -> list[Decoded]:
    try:
        raws: list[Any] = [body] if alone else _raw_many.decode(body)
        if alone:
            _plain.decode(body)
    except _Failures as error:
        raise UnreadableBody(f"the body is not JSON: {_reason(error, body)}") from error
    _check_count(len(raws))
    return [_decode_one(index, bytes(raw)) for index, raw in enumerate(raws)]


def _decode_each_line(body: bytes) -> list[Decoded]:
    lines = [(n, line) for n, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    _check_count(len(lines))
    decoded: list[Decoded] = []
    broken: list[str] = []
    for index, (number, line) in enumerate(lines):
        try:
            decoded.append(_decode_one(index, line))
        except _Failures as error:
            sentence = f"line {number} is not JSON: {_reason(error, line)}"
            broken.append(sentence)
            decoded.append(rejected(index, None, (Problem("", "unreadable_line", sentence),)))
    if len(broken) == len(lines):
        raise UnreadableBody(broken[0])
    return decoded


def _decode_one(index: int, raw: bytes) -> Decoded:
    try:
        event = _one.decode(raw)
    except msgspec.ValidationError:
        return _rejected(index, _plain.decode(raw))
    fact = fact_of(index, event)
    return fact if fact is not None else _rejected(index, _plain.decode(raw))


def _rejected(index: int, value: Any) -> Receipt:
    problems = problems_of(value) or [_INVALID]
    identity = value.get("id") if isinstance(value, dict) else None
    return rejected(index, identity if isinstance(identity, str) else None, tuple(problems))


def _check_count(count: int) -> None:
    if count > MOST_EVENTS:
        raise BodyTooLarge(
            f"a request may bring at most {MOST_EVENTS} events; this one has {count}"
        )


def _reason(error: Exception, text: bytes) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    try:
        text.decode()
    except UnicodeDecodeError as invalid:
        return f"invalid UTF-8 (byte {invalid.start})"
    return str(error)


DECODERS: dict[str, Callable[[bytes], list[Decoded]]] = {
    "application/json": decode_json,
    "application/x-ndjson": decode_lines,
    "application/jsonl": decode_lines,
}
"""How each content type of `POST /v1/events` is read."""
