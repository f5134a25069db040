"""Plivo: calls and messages."""

from typing import Any

from tollbook.records.readers import Reader
from tollbook.records.rows import FAILED, NOT_A_CALL, SkippedRow

_ANSWERED = ("answertime", "answeredtime")
_SECONDS = ("billduration", "callduration", "duration")
_SECONDS_OF_TRUNKS = ("callduration", "billduration", "duration")
"""In the trunking API, `bill_duration` is what was billed, by the interval of the prefix."""
_TRUNK = ("trunkdomain", "trunkid")
_CALL_WAY = ("calldirection", "direction")
_MESSAGE_WAY = ("messagedirection", "direction")
_STATE = ("messagestate", "status")
_SENT = ("messagetime", "time")
_FAILED = frozenset({"failed", "rejected"})
_WAITING = frozenset({"queued"})


class PlivoReader(Reader):
    """Adds `id`, `kind`, `time`, `amount`, `way` and `missing_answer`."""

    shapes = ("csv", "json")
    required = (("call_uuid", "message_uuid"),)

    def derive(self, values: Any) -> None:
        """Add what the fields do not say; skip messages that were not sent."""
        message = values.get("messageuuid", "")
        values["id"] = message or values.get("calluuid", "")
        way = _first(values, _MESSAGE_WAY if message else _CALL_WAY).lower()
        values["way"] = "inbound" if way == "inbound" else "outbound"
        if message:
            _derive_message(values)
            return
        values["kind"] = "voice.call"
        values["time"] = _first(values, _ANSWERED)
        values["missinganswer"] = "" if values["time"] else "yes"
        is_trunk = any(it in values for it in _TRUNK)
        values["amount"] = _first(values, _SECONDS_OF_TRUNKS if is_trunk else _SECONDS)


def _derive_message(values: Any) -> None:
    state = _first(values, _STATE).lower()
    if state in _FAILED:
        raise SkippedRow(FAILED)
    if state in _WAITING:
        raise SkippedRow(NOT_A_CALL)
    kind = "mms" if values.get("messagetype", "").lower() == "mms" else "sms"
    values["kind"] = f"{kind}.{values['way']}"
    values["time"] = _first(values, _SENT)
    values["missinganswer"] = ""
    values["amount"] = values.get("units", "")


def _first(values: Any, names: tuple[str, ...]) -> str:
    return next((values[it] for it in names if values.get(it)), "")
