"""Read the times that the fast decoder does not read exactly: many digits, and leap seconds.

msgspec rounds a time to the nearest microsecond, which may be in the next month, and refuses
23:59:60. Both are rare, so batches without them pay one search over their bytes.
"""

import re
from collections.abc import Iterable
from datetime import timedelta

import msgspec

from tollbook.domain.events import Event
from tollbook.domain.instants import InvalidInstant, instant_in
from tollbook.ingest.problems import repeated

_EXCESS = re.compile(rb"[.][0-9]{7,}[Zz+-]")
_ESCAPED = re.compile(rb"\\u00(?:2[eE]|3[0-9])")
"""A dot or a digit may be written as an escape."""
_EXCESS_IN_TEXT = re.compile("[.]([0-9]{6})[0-9]")
_MICROSECOND = timedelta(microseconds=1)
_LEAP = re.compile(rb":(?:6|\\u0036)")


class _Timed(msgspec.Struct, gc=False):
    time: str


_times = msgspec.json.Decoder(list[_Timed])
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def has_fine_times(body: bytes) -> bool:
    """Return whether a time may have more digits than microseconds; may be true without one."""
    if _EXCESS.search(body):
        return True
    return b"\\" in body and _ESCAPED.search(body) is not None


def truncate_times(events: Iterable[Event], array: bytes) -> list[Event]:
    """Return the events of a JSON array, each time truncated where the decoder rounded it up.

    Rounding moves a time by at most a microsecond, so the text shows whether it did.
    """
    return [
        msgspec.structs.replace(event, time=event.time - _MICROSECOND)
        if (excess := _EXCESS_IN_TEXT.search(timed.time))
        and int(excess[1]) != event.time.microsecond
        else event
        for event, timed in zip(events, _times.decode(array), strict=True)
    ]


def with_plain_time(raw: bytes) -> bytes | None:
    """Return an event with its time as the decoder reads it; None when the time is not at fault.

    A leap second becomes the microsecond before it. An event that repeats a field is not changed:
    `ingest.problems` reports which of the two is wrong.
    """
    if not (_LEAP.search(raw) or has_fine_times(raw)):
        return None
    try:
        fields = _fields.decode(raw)
        time = instant_in(bytes(fields["time"]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, InvalidInstant):
        return None
    written = msgspec.json.encode(time)
    if written == bytes(fields["time"]) or any(repeated(raw)):
        return None
    return msgspec.json.encode({**fields, "time": msgspec.Raw(written)})
