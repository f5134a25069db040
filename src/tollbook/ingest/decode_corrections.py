"""Decode the body of a request to corrections and rejections."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.corrections import (
    CHANGES,
    LONGEST_CORRECTION_ID,
    NEVER_NULL,
    REQUIRED,
    Correction,
    Value,
)
from tollbook.domain.directory import id_problem, text_problem
from tollbook.domain.errors import Problem, UnreadableBody
from tollbook.domain.events import LONGEST_ID, Attributes, Id, attributes_text, microseconds
from tollbook.domain.exact import micros_of
from tollbook.domain.instants import instant_in
from tollbook.domain.receipts import Receipt, rejected
from tollbook.domain.reversals import LONGEST_REASON
from tollbook.ingest.decode import (
    MOST_EVENTS,
    NumberedLine,
    lines_of,
    refuse_unreadable,
    too_many,
    unreadable_line,
    why_unreadable,
)
from tollbook.ingest.normalize import known_nanos_of
from tollbook.ingest.problems import (
    BOTH_COSTS,
    LARGEST_READ,
    TOO_LARGE,
    Fields,
    fields_of,
    problems_in,
    repeated,
    text_in,
)

IndexedCorrection = tuple[int, Correction]
"""A valid correction with its index in the request."""
Decoded = IndexedCorrection | Receipt

FIELDS = (*REQUIRED, *CHANGES)
_NULL = b"null"
_NOUN = "corrections"
_NO_OBJECT = Problem("", "not_an_object", "a correction must be a JSON object")
_Failures = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_one = msgspec.json.Decoder(msgspec.Raw)
_many = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)
_flag = msgspec.json.Decoder(bool)
_attributes = msgspec.json.Decoder(Attributes)
_ABSENT = msgspec.Raw(b"")
_INVALID = Problem("", "invalid_correction", "the correction is not valid")


class _Wire(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A correction as it comes, with the fields that it changes unread."""

    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_CORRECTION_ID)]
    organization_id: Id
    corrects: Id
    reason: Annotated[str, Meta(min_length=1, max_length=LONGEST_REASON)]
    time: msgspec.Raw = _ABSENT
    type: msgspec.Raw = _ABSENT
    quantity: msgspec.Raw = _ABSENT
    user_id: msgspec.Raw = _ABSENT
    resource_id: msgspec.Raw = _ABSENT
    attributes: msgspec.Raw = _ABSENT
    cost: msgspec.Raw = _ABSENT
    cost_pending: msgspec.Raw = _ABSENT


_wire = msgspec.json.Decoder(_Wire)
_wires = msgspec.json.Decoder(list[_Wire])


def decode_json(body: bytes, catalog: Catalog = BUILT_IN) -> list[Decoded]:
    """Read one correction or an array of them; `UnreadableBody` when the body is not JSON."""
    decoded = _decode_sound(body, catalog) if body.lstrip()[:1] == b"[" else None
    return _decode_each(body, catalog) if decoded is None else decoded


def _decode_sound(body: bytes, catalog: Catalog) -> list[Decoded] | None:
    """Read an array of corrections in one step; None when one of them is not valid."""
    try:
        body.decode()  # the decoder does not check the bytes of raw parts
        wires = _wires.decode(body)
    except _Failures:
        return None
    if len(wires) > MOST_EVENTS:
        raise too_many(_NOUN, len(wires))
    decoded: list[Decoded] = []
    for index, wire in enumerate(wires):
        correction = _correction(wire, catalog)
        if correction is None:
            return None
        decoded.append((index, correction))
    return decoded


def _decode_each(body: bytes, catalog: Catalog) -> list[Decoded]:
    try:
        body.decode()
        raws = _many.decode(body) if body.lstrip()[:1] == b"[" else [_one.decode(body)]
    except _Failures as error:
        raise UnreadableBody(f"the body is not JSON: {why_unreadable(error, body)}") from error
    if len(raws) > MOST_EVENTS:
        raise too_many(_NOUN, len(raws))
    return [_decode_one(index, bytes(raw), catalog) for index, raw in enumerate(raws)]


def decode_lines(body: bytes, catalog: Catalog = BUILT_IN) -> list[Decoded]:
    """Read a correction from every line that is not blank.

    A line that is not JSON is rejected alone; `UnreadableBody` when that is true of all of them.
    """
    lines = lines_of(body, _NOUN)
    decoded = [_decode_line(index, line, catalog) for index, line in enumerate(lines)]
    refuse_unreadable(decoded)
    return decoded


def _decode_line(index: int, line: NumberedLine, catalog: Catalog) -> Decoded:
    number, raw = line
    try:
        raw.decode()
        _one.decode(raw)
    except _Failures as error:
        return unreadable_line(index, number, error, raw)
    return _decode_one(index, raw, catalog)


def _decode_one(index: int, raw: bytes, catalog: Catalog) -> Decoded:
    try:
        correction = _correction(_wire.decode(raw), catalog)
    except _Failures:
        return _reject(index, raw, catalog)
    return _reject(index, raw, catalog) if correction is None else (index, correction)


def _correction(wire: _Wire, catalog: Catalog) -> Correction | None:
    """Return a correction with its values; None when it has a problem."""
    identity, corrects = wire.id, wire.corrects
    if not (
        _is_known_sound(wire.organization_id)
        and _is_known_sound(wire.reason)
        and ((identity.isprintable() and not identity.isspace()) or _is_sound(identity))
        and ((corrects.isprintable() and not corrects.isspace()) or _is_sound(corrects))
    ):
        return None
    changes = _changes(wire)
    try:
        values = {name: _read(name, raw) for name, raw in changes.items()}
    except (*_Failures, ValueError):
        return None
    if "type" in values and values["type"] not in catalog.by_type:
        return None
    if "cost_pending" in values and values["cost_pending"] and values.get("cost") is not None:
        return None
    return Correction(identity, wire.organization_id, corrects, wire.reason, changes, values)


def _changes(wire: _Wire) -> dict[str, bytes]:
    """Return the fields that change as they were written; a loop takes four times as long."""
    changes: dict[str, bytes] = {}
    if wire.time is not _ABSENT:
        changes["time"] = bytes(wire.time)
    if wire.type is not _ABSENT:
        changes["type"] = bytes(wire.type)
    if wire.quantity is not _ABSENT:
        changes["quantity"] = bytes(wire.quantity)
    if wire.user_id is not _ABSENT:
        changes["user_id"] = bytes(wire.user_id)
    if wire.resource_id is not _ABSENT:
        changes["resource_id"] = bytes(wire.resource_id)
    if wire.attributes is not _ABSENT:
        changes["attributes"] = bytes(wire.attributes)
    if wire.cost is not _ABSENT:
        changes["cost"] = bytes(wire.cost)
    if wire.cost_pending is not _ABSENT:
        changes["cost_pending"] = bytes(wire.cost_pending)
    return changes


def _is_sound(identity: str) -> bool:
    """Return whether the id of an event is valid; its length was checked before."""
    return id_problem("", identity) is None


def _reject(index: int, raw: bytes, catalog: Catalog) -> Receipt:
    if len(raw) > LARGEST_READ:
        return rejected(index, None, (TOO_LARGE,))
    try:
        fields = fields_of(raw)
    except (msgspec.DecodeError, RecursionError):
        return rejected(index, None, (_NO_OBJECT,))
    texts = {name: text_in(fields.get(name, _NULL)) for name in REQUIRED}
    changes = {name: fields[name] for name in CHANGES if name in fields}
    problems = [*_problems_of_names(fields, texts), *_problems_of_changes(changes, catalog)]
    # A valid value may hide an invalid one.
    problems = problems or [*repeated(raw)] or [_INVALID]
    return rejected(index, texts["id"], tuple(problems))


def _problems_of_names(fields: Fields, texts: dict[str, str | None]) -> Iterator[Problem]:
    for name in fields:
        if name not in FIELDS:
            sentence = f"unknown field; the fields are {', '.join(FIELDS)}"
            yield Problem(name[:64], "unknown_field", sentence)
    for name, text in texts.items():
        if fields.get(name, _NULL) == _NULL:
            yield Problem(name, "missing_field", f"{name} is required")
        elif text is None:
            yield Problem(name, "not_a_string", f"{name} must be a string")
        elif found := _text_problem(name, text):
            yield found


def _text_problem(name: str, text: str) -> Problem | None:
    if name == "reason":
        return text_problem(name, text, LONGEST_REASON)
    return (
        text_problem(name, text, LONGEST_CORRECTION_ID) if name == "id" else id_problem(name, text)
    )


def _problems_of_changes(changes: Fields, catalog: Catalog) -> Iterator[Problem]:
    for name, raw in changes.items():
        if raw != _NULL:
            yield from problems_in(name, raw, catalog)
        elif name in NEVER_NULL:
            yield Problem(name, "missing_field", f"{name} must not be null")
    if changes.get("cost_pending") == b"true" and changes.get("cost", _NULL) != _NULL:
        yield BOTH_COSTS


def _read(name: str, raw: bytes) -> Value:
    """Return a field by value; raise ValueError when it is not valid."""
    if raw != _NULL:
        return _READERS[name](raw)
    if name in NEVER_NULL:
        raise ValueError
    return None


def _time(raw: bytes) -> int:
    time = microseconds(instant_in(raw))
    if time < 0:
        raise ValueError
    return time


def _id(raw: bytes) -> str:
    found = _text.decode(raw)
    if len(found) > LONGEST_ID or not _is_known_sound(found):
        raise ValueError
    return found


@lru_cache(65_536)
def _is_known_sound(text: str) -> bool:
    """Return whether an id or a reason is valid; both repeat, unlike the ids of events."""
    return text_problem("", text, LONGEST_REASON) is None


_READERS: dict[str, Callable[[bytes], Value]] = {
    "time": _time,
    "type": _text.decode,
    "quantity": micros_of,
    "user_id": _id,
    "resource_id": _id,
    "attributes": lambda raw: attributes_text(_attributes.decode(raw)) or None,
    "cost": known_nanos_of,
    "cost_pending": lambda raw: _flag.decode(raw) or None,
}
"""How each field is read by value; a flag that is false is the same as none."""

DECODERS: dict[str, Callable[[bytes, Catalog], list[Decoded]]] = {
    "application/json": decode_json,
    "application/x-ndjson": decode_lines,
    "application/jsonl": decode_lines,
}
"""The decoder of each content type of `POST /v1/events/corrections`."""
