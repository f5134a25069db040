"""Targets: event bodies, import files, and small request bodies."""

import gzip
import io
from collections.abc import Iterator, Sequence

import msgspec

from fuzz.seeds import shown
from fuzz.target import Target, hold
from tollbook.administration.budgets import NewBudget
from tollbook.administration.keys import NewKey, Rotation
from tollbook.administration.organizations import NewOrganization, OrganizationChange
from tollbook.administration.users import NewUser, UserChange
from tollbook.administration.viewer_tokens import NewViewer
from tollbook.api.endpoints.rerating_answers import NewRerating
from tollbook.api.pipeline.body_budget import BodyBudget, BodyReservation
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.request_body import unpack
from tollbook.cli import import_
from tollbook.domain.errors import BodyTooLarge, InvalidRequest, UnreadableBody
from tollbook.domain.events import Event
from tollbook.domain.keys import Permission
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.receipts import Receipt
from tollbook.ingest.decode import Decoded, decode_json, decode_lines, decode_numbered
from tollbook.ingest.normalize import NormalizedEvent, normalize, stored_event

_KINDS = (
    *(NewOrganization, OrganizationChange, NewUser, UserChange, NewKey, Rotation),
    *(NewBudget, NewRerating, NewViewer),
)
_ROOM = 256 * 1024 * 1024
_COPIES = 300
_JSON = ("{", "}", "[", "]", '"', ":", ",", "null", "true", "1e", "-0", "\\u", "\\ud83d", "0.5")
_FIELDS = tuple(f'"{it}":' for it in Event.__struct_fields__)
_METERS = tuple(f'"{it}"' for it in BY_TYPE)
_ATTRIBUTES = ('"body":', '"body_length":', '"encoding":', '"UCS-2"', '"GSM-7"', '"to":')
_TIMES = ('"2024-01-15T10:30:00Z"', '"2024-01-15T10:30:00', "+05:45", "9999-12-31T23:59:59")


def _try_body(data: bytes) -> None:
    """Decode a body as JSON, lines, an array of copies, or gzip, as the first byte selects."""
    how, body = data[:1], data[1:]
    try:
        if how == b"z":
            _check(decode_lines(unpack("gzip", body, BodyReservation(BodyBudget(_ROOM)))))
        elif how == b"m":
            copies = decode_json(b"[" + b",".join([body] * _COPIES) + b"]")
            _check(copies)
        elif how == b"l":
            _check(decode_lines(body))
        else:
            alone = decode_json(body)
            _check(alone)
            if body.lstrip()[:1] != b"[":
                hold(_same(decode_json(b"[" + body + b"]"), alone), "in an array it is another")
    except (UnreadableBody, BodyTooLarge):
        return


def _try_file(data: bytes) -> None:
    try:
        for lines in import_.batches(import_.unpack(io.BytesIO(data))):
            _check(decode_numbered(lines))
    except import_.UNREADABLE:
        return


def _check(decoded: Sequence[Decoded]) -> None:
    hold([it.index for it in decoded] == list(range(len(decoded))), "events are lost or moved")
    msgspec.json.encode([it for it in decoded if isinstance(it, Receipt)])
    for it in decoded[:20]:
        if isinstance(it, NormalizedEvent):
            _check_written_again(it)
            continue
        problems = it.details if isinstance(it, Receipt) else it.problems
        hold(bool(problems), "a rejection has no reason")
        valid = any(problem.code == "invalid_event" for problem in problems)
        hold(not valid, "the fast decoder refused a valid event")


def _check_written_again(fact: NormalizedEvent) -> None:
    """Check that a stored event, sent again, has the same content without its text."""
    text = msgspec.json.encode(fact.event).decode()
    again = normalize(0, stored_event(text))
    if again is None:
        hold(False, f"refused when written again: {text}")
    else:
        hold(_stored(again) == _stored(fact), "written again it is another")


def _same(one: Sequence[Decoded], other: Sequence[Decoded]) -> bool:
    return [_stored(it) for it in one] == [_stored(it) for it in other]


def _stored(it: Decoded) -> object:
    if isinstance(it, NormalizedEvent):
        return it.meter, it.time, it.quantity, it.cost, it.attributes
    return it


def _try_small(data: bytes) -> None:
    """Decode the kind of body that the first byte selects."""
    kind = _KINDS[data[0] % len(_KINDS)] if data else NewUser
    try:
        value = read_body(data[1:], kind)
    except (UnreadableBody, InvalidRequest) as refusal:
        msgspec.json.encode((refusal.sentence, refusal.details))
        hold(bool(refusal.sentence), "a refusal has no reason")
        return
    again = read_body(msgspec.json.encode(value), kind)
    hold(again == value, "written again it is another")


def _bodies() -> Iterator[bytes]:
    texts = [it.encode() for it in shown("docs/events.md", "json")]
    texts += [
        b'{"id":"a","type":"sms.outbound","organization_id":"o","time":"2024-01-15T10:30:00Z",'
        b'"attributes":{"body":"ol\xc3\xa1 \xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd"},"cost":"0.05"}',
        b'{"id":"b","type":"kb.usage","organization_id":"o","time":"2024-01-15T10:30:00+05:45",'
        b'"resource_id":"kb","quantity":1.5,"user_id":null}',
        b'{"id":"c","type":"sms.inbound","organization_id":"o","time":"2024-01-15T10:30:00.5Z",'
        b'"attributes":{"body_length":161,"encoding":"UCS-2","n":1.0,"b":true},"quantity":-1}',
        b'{"id":7,"colour":[{}],"time":"2024-01-15","attributes":{"a":{},"n":1e400},"cost":"x"}',
    ]
    for text in texts:
        yield b"j" + text
        yield b"m" + text
        yield b"j[" + text + b"," + text + b"]"
    lines = b"\n".join(text.replace(b"\n", b" ") for text in texts)
    yield b"l" + lines
    yield b"z" + gzip.compress(lines, mtime=0)
    yield b"z" + gzip.compress(b"a\n" * 1_000_000, mtime=0)


def _files() -> tuple[bytes, ...]:
    bodies = [body[1:] for body in _bodies() if body[:1] == b"l"]
    return (*bodies, *(gzip.compress(body, mtime=0) for body in bodies))


def _small() -> Iterator[bytes]:
    texts = (
        '{"name": "Acme", "id": "org_1", "timezone": "Europe/Berlin", "currency": "USD"}',
        '{"name": "Acme", "status": "suspended"}',
        '{"name": "John", "id": "u", "email": "j@acme.com", "status": "active"}',
        '{"email": null}',
        '{"name": "k", "permissions": ["events:write"], "expires_at": "2030-01-01T00:00:00Z"}',
        '{"overlap_seconds": 60, "expires_at": null}',
        '{"monthly": "100.50", "alert_at": [0.5, 1]}',
        '{"start_date": "2024-01-01", "end_date": "2024-01-31", "apply": true, "limit": 5}',
        '{"organization_id": "o", "user_id": "u", "expires_in": 300}',
    )
    return (bytes([number]) + text.encode() for number, text in enumerate(texts))


_SMALL_FIELDS = tuple(sorted({f'"{name}":' for kind in _KINDS for name in kind.__struct_fields__}))

TARGETS = (
    Target(
        "event_bodies",
        "a body of POST /v1/events becomes events and rejections with reasons, in order, or is "
        "unreadable or too large; a stored event has the same content when it is sent again",
        _try_body,
        _bodies,
        (*_JSON, *_FIELDS, *_METERS, *_ATTRIBUTES, *_TIMES),
        seconds=4,
        mebibytes=128,
    ),
    Target(
        "import_files",
        "a file of `tollbook import` becomes events and rejections with reasons, or is unreadable",
        _try_file,
        _files,
        (*_JSON, *_FIELDS, *_METERS, *_ATTRIBUTES, "\n", "\r\n"),
        seconds=4,
        mebibytes=128,
    ),
    Target(
        "small_bodies",
        "a JSON body is decoded, and is the same when it is written again; or each of its problems "
        "is reported",
        _try_small,
        _small,
        (*_JSON, *_SMALL_FIELDS, *(f'"{it.value}"' for it in Permission)),
    ),
)
