"""Plivo: calls and messages."""

from typing import Any

from tollbook.records.readers import Reader
from tollbook.records.rows import FAILED, NOT_A_CALL, SkippedRow

_ANSWERED = ("answertime", "answeredtime")
_SECONDS = ("billduration", "callduration", "duration")
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
        way = values.get("messagedirection" if message else "calldirection", "").lower()
        values["way"] = "inbound" if way == "inbound" else "outbound"
        if message:
            _derive_message(values)
            return
        values["kind"] = "voice.call"
        values["time"] = next((values[it] for it in _ANSWERED if values.get(it)), "")
        values["missinganswer"] = "" if values["time"] else "yes"
        values["amount"] = next((values[it] for it in _SECONDS if values.get(it)), "")


def _derive_message(values: Any) -> None:
    state = values.get("messagestate", "").lower()
    if state in _FAILED:
        raise SkippedRow(FAILED)
    if state in _WAITING:
        raise SkippedRow(NOT_A_CALL)
    kind = "mms" if values.get("messagetype", "").lower() == "mms" else "sms"
    values["kind"] = f"{kind}.{values['way']}"
    values["time"] = values.get("messagetime", "")
    values["missinganswer"] = ""
    values["amount"] = values.get("units", "")
