"""Decode the body of a request, strictly and once, to events and rejections."""

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import islice

import msgspec

from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.cloud_events import CloudOrigin
from tollbook.domain.errors import BodyTooLarge, Problem, UnreadableBody
from tollbook.domain.events import NOTHING, ONE, Event, microseconds
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.cloud_events import (
    SPECVERSION,
    problems_of_translation,
    translate,
)
from tollbook.ingest.exact_times import has_fine_times, truncate_times, with_plain_time
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent, normalize
from tollbook.ingest.problems import (
    LARGEST_READ,
    TOO_LARGE,
    Fields,
    fields_of,
    problems_of,
    repeated,
    text_in,
    time_in,
)

MOST_EVENTS = 10_000


class InvalidEvent(msgspec.Struct, frozen=True):
    """An event with all its problems. The claimed identity may be refused in addition."""

    index: int
    id: str | None
    problems: tuple[Problem, ...]
    claimed: ClaimedIdentity
    origin: CloudOrigin | None = None


Decoded = NormalizedEvent | InvalidEvent | Receipt
"""A receipt here means that the event could not be parsed."""
Decoder = Callable[[bytes, Catalog], list[Decoded]]
"""Reads a body by the catalog of its tenant."""
NumberedLine = tuple[int, bytes]
"""A line with its number, counted from 1."""

_UNREADABLE = "unreadable_line"

_CUT_OFF = "Input data was truncated"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""The decoder reports half of a surrogate pair as truncated input, too."""

_Failures = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_one = msgspec.json.Decoder(Event)
_many = msgspec.json.Decoder(list[Event])
_raw = msgspec.json.Decoder(msgspec.Raw)
_raw_many = msgspec.json.Decoder(list[msgspec.Raw])
_NO_OBJECT = Problem("", "not_an_object", "an event must be a JSON object")
INVALID = Problem("", "invalid_event", "the event is not valid")


def decode_json(body: bytes, catalog: Catalog = BUILT_IN) -> list[Decoded]:
    """Read one event, or an array of them; `UnreadableBody` when the body is not JSON."""
    body = body.removeprefix(BOM_UTF8)
    if not body.strip():
        raise UnreadableBody(
            "the body is empty; send an event, an array of events or lines of JSON"
        )
    alone = body.lstrip()[:1] != b"["
    try:
        events = [_one.decode(body)] if alone else _many.decode(body)
    except _Failures:
        return _decode_each(body, alone, catalog)
    _check_count(len(events))
    if has_fine_times(body):
        events = truncate_times(events, body if not alone else b"[%b]" % body)
    return _normalize_all(events, catalog)


def decode_lines(body: bytes, catalog: Catalog = BUILT_IN) -> list[Decoded]:
    """Read an event from every line that is not blank.

    A line that is not JSON is rejected alone; `UnreadableBody` when that is true of all of them.
    """
    decoded = decode_numbered(lines_of(body), catalog)
    refuse_unreadable(decoded)
    return decoded


def lines_of(body: bytes, noun: str = "events") -> list[NumberedLine]:
    """Return the lines of a body that are not blank, each with its number."""
    # Lines are read as needed: a list of eight million lines would take a gigabyte.
    numbered = enumerate(BytesIO(body.removeprefix(BOM_UTF8)), start=1)
    filled = ((number, line.rstrip(b"\n")) for number, line in numbered if not line.isspace())
    lines = list(islice(filled, MOST_EVENTS + 1))
    if len(lines) > MOST_EVENTS:
        raise too_many(noun)
    if not lines:
        raise UnreadableBody(f"the body has no line with {noun}")
    return lines


def refuse_unreadable(decoded: Sequence[object]) -> None:
    """Raise `UnreadableBody` when no line is JSON."""
    unreadable = [it for it in decoded if isinstance(it, Receipt) and it.code == _UNREADABLE]
    if len(unreadable) == len(decoded):
        raise UnreadableBody(unreadable[0].error or "")


def too_many(noun: str, count: int | None = None) -> BodyTooLarge:
    """Return the error of a request with too many events or other things."""
    most = f"a request may bring at most {MOST_EVENTS} {noun}"
    return BodyTooLarge(f"{most}; this one has {'more' if count is None else count}")


def decode_numbered(lines: Sequence[NumberedLine], catalog: Catalog = BUILT_IN) -> list[Decoded]:
    """Read an event from each line; one that is not JSON is rejected with its number."""
    try:
        events = [_one.decode(line) for _, line in lines]
    except _Failures:
        return [_decode_line(index, *line, catalog) for index, line in enumerate(lines)]
    texts = [line for _, line in lines]
    if has_fine_times(b"\n".join(texts)):
        events = truncate_times(events, b"[%b]" % b",".join(texts))
    return _normalize_all(events, catalog)


def _normalize_all(events: list[Event], catalog: Catalog) -> list[Decoded]:
    decoded: list[Decoded] = []
    by_type = catalog.by_type
    for index, event in enumerate(events):
        normalized = normalize(index, event, None, by_type)
        if normalized is None:
            decoded.append(_reject(index, as_sent(event), catalog))
        else:
            decoded.append(normalized)
    return decoded


def as_sent(event: Event) -> bytes:
    """Return an event as it was sent, without numbers that were left out."""
    fields = msgspec.structs.asdict(event)
    if event.quantity is ONE:
        del fields["quantity"]
    if event.cost is NOTHING:
        del fields["cost"]
    return msgspec.json.encode(fields)


def _decode_each(body: bytes, alone: bool, catalog: Catalog) -> list[Decoded]:
    try:
        body.decode()  # the decoder does not check the bytes of raw parts
        raws = [_raw.decode(body)] if alone else _raw_many.decode(body)
        _check_count(len(raws))
        return [decode_one(index, bytes(raw), catalog) for index, raw in enumerate(raws)]
    except _Failures as error:
        raise UnreadableBody(f"the body is not JSON: {why_unreadable(error, body)}") from error


def _decode_line(index: int, number: int, line: bytes, catalog: Catalog) -> Decoded:
    try:
        return decode_one(index, line, catalog)
    except _Failures as error:
        return unreadable_line(index, number, error, line)


def unreadable_line(index: int, number: int, error: Exception, line: bytes) -> Receipt:
    """Return the receipt of a line that is not JSON."""
    sentence = f"line {number} is not JSON: {why_unreadable(error, line)}"
    return rejected(index, None, (Problem("", _UNREADABLE, sentence),))


def decode_one(index: int, raw: bytes, catalog: Catalog = BUILT_IN) -> Decoded:
    """Read one event or CloudEvent from an object."""
    event = _read(raw)
    if event is None:
        return _reject(index, raw, catalog)
    normalized = normalize(index, event, None, catalog.by_type)
    return normalized if normalized is not None else _reject(index, raw, catalog)


def _read(raw: bytes) -> Event | None:
    """Read one event; return None when it has a problem."""
    try:
        event = _one.decode(raw)
    except msgspec.ValidationError:
        changed = with_plain_time(raw)
        return None if changed is None else _read(changed)
    return truncate_times([event], b"[%b]" % raw)[0] if has_fine_times(raw) else event


def _reject(index: int, raw: bytes, catalog: Catalog) -> Decoded:
    """Read a CloudEvent, or return an event with its problems."""
    if len(raw) > LARGEST_READ:
        return rejected(index, None, (TOO_LARGE,))
    try:
        fields = fields_of(raw)
    except msgspec.ValidationError:
        return rejected(index, None, (_NO_OBJECT,))
    if SPECVERSION in fields:
        raw.decode()  # the decoder does not check the bytes of raw parts
        return decode_members(index, fields, catalog)
    problems = problems_of(fields, catalog) or list(repeated(raw)) or [INVALID]
    return _invalid(index, fields, problems)


def decode_members(
    index: int, members: Fields, catalog: Catalog, found: Sequence[Problem] = ()
) -> Decoded:
    """Read one CloudEvent from its members, each as it was written, with the problems of them."""
    it = translate(members, catalog.event_types, found)
    raw = msgspec.json.encode({name: msgspec.Raw(value) for name, value in it.fields.items()})
    event = None if it.problems else _read(raw)
    normalized = None if event is None else normalize(index, event, None, catalog.by_type)
    if normalized is not None:
        return msgspec.structs.replace(normalized, origin=it.origin)
    problems = problems_of_translation(it, catalog) or [INVALID]
    return _invalid(index, it.fields, problems, it.origin)


def _invalid(
    index: int, fields: Fields, problems: list[Problem], origin: CloudOrigin | None = None
) -> InvalidEvent:
    identity, organization, user, type_ = (
        text_in(fields.get(name, b"null")) for name in ("id", "organization_id", "user_id", "type")
    )
    time = time_in(fields.get("time", b"null"))
    claimed = ClaimedIdentity(
        id=identity,
        organization_id=organization or "",
        user_id=user,
        type=type_ or "",
        time=microseconds(time) if time else 0,
        cost_field=_cost_field(fields),
    )
    return InvalidEvent(index, identity, tuple(problems), claimed, origin)


def _cost_field(fields: Fields) -> str:
    if fields.get("cost", b"null") != b"null":
        return "cost"
    return "cost_pending" if fields.get("cost_pending") == b"true" else ""


def _check_count(count: int) -> None:
    if count > MOST_EVENTS:
        raise too_many("events", count)


def why_unreadable(error: Exception, text: bytes) -> str:
    """Return why a text is not JSON, and at which byte, without repeating any of its content."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    try:
        text.decode()
    except UnicodeDecodeError as invalid:
        return f"invalid UTF-8 (byte {invalid.start})"
    if str(error) != _CUT_OFF:
        return str(error)
    ends = f"it is incomplete (byte {len(text)})"
    half = "or it has half of a surrogate pair"
    return f"{ends}, {half}" if _SURROGATE.search(text) else ends
