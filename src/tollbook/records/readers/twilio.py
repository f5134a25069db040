"""Twilio: calls and messages, from the API, bulk exports and the console's CSV.

Names are compared without case and punctuation: `date_sent`, `DateSent` and `Date Sent` are one.
"""

from typing import Any

from tollbook.rating.segments import count_segments
from tollbook.records.numbers import plain
from tollbook.records.readers import Reader
from tollbook.records.rows import FAILED, NOT_A_CALL, RefusedRow, SkippedRow

_SID = ("sid", "callsid", "messagesid", "smssid")
_SEGMENTS = ("numsegments", "segments")
_TIMES_OF_CALLS = ("starttime", "startdate", "startedat")
_TIMES_OF_MESSAGES = ("datesent", "sentdate", "datecreated", "createddate")
_NO_CALL_YET = frozenset({"queued", "initiated", "ringing", "in-progress"})
_NOT_SENT = frozenset({"queued", "accepted", "scheduled", "sending"})
_HIDDEN = {
    "266696687": "anonymous",
    "7378742833": "restricted",
    "2562533": "blocked",
    "8656696": "unknown",
    "86282452253": "unavailable",
}
"""Twilio writes these words as the digits that a keypad has for their letters."""


class TwilioReader(Reader):
    """Adds `id`, `kind`, `called`, `caller`, `time`, `amount` and `parent`."""

    shapes = ("csv", "json")
    required = (("sid", "call sid", "message sid", "sms sid"),)

    def derive(self, values: Any) -> None:
        """Add what the fields do not say; skip what was not sent or answered."""
        values["id"] = _first(values, _SID)
        values["called"] = values.get("to", "")
        caller = values.get("from", "")
        values["caller"] = _HIDDEN.get(plain(caller).removeprefix("+"), caller)
        if _is_message(values):
            _derive_message(values)
        else:
            _derive_call(values)


def _is_message(values: Any) -> bool:
    if values["id"][:2] in ("SM", "MM"):
        return True
    return values["id"][:2] != "CA" and any(it in values for it in (*_SEGMENTS, "body"))


def _derive_call(values: Any) -> None:
    status = values.get("status", "").lower()
    if status == "failed":
        raise SkippedRow(FAILED)
    if status in _NO_CALL_YET:
        raise SkippedRow(NOT_A_CALL)
    seconds = values.get("duration", "")
    values["kind"] = "voice.call"
    values["unanswered"] = "" if status in ("completed", "") and seconds != "" else "yes"
    values["time"] = _first(values, _TIMES_OF_CALLS)
    values["amount"] = seconds
    values["parent"] = values.get("parentcallsid", "")


def _derive_message(values: Any) -> None:
    status = values.get("status", "").lower()
    if status in ("failed", "canceled"):
        raise SkippedRow(FAILED)
    if status in _NOT_SENT:
        raise SkippedRow(NOT_A_CALL)
    media = values.get("nummedia", "")
    kind = "mms" if media not in ("", "0") else "sms"
    direction = values.get("direction", "").lower()
    values["kind"] = f"{kind}.{'inbound' if direction == 'inbound' else 'outbound'}"
    values["unanswered"] = ""
    values["time"] = _first(values, _TIMES_OF_MESSAGES)
    values["amount"] = _segments(values, kind)


def _segments(values: Any, kind: str) -> str:
    """Return the segments of a message: those that Twilio counted, else those of its text."""
    found: str = _first(values, _SEGMENTS)
    if found not in ("", "0"):
        return found
    if body := values.get("body", ""):
        return str(count_segments(body))
    if kind == "mms":
        return "1"
    sentence = "num_segments is 0 or empty, and there is no body to count the segments of"
    raise RefusedRow("quantity", "missing_field", sentence)


def _first(values: Any, names: tuple[str, ...]) -> str:
    return next((values[it] for it in names if values.get(it)), "")
