"""Telnyx: calls and messages of the portal's reports and of detail_records."""

from typing import Any

from tollbook.records.readers import Reader
from tollbook.records.rows import FAILED, SkippedRow

_IDS = ("callid", "calluuid", "uuid", "id", "messageid", "callsessionid", "telnyxsessionid")
_ANSWERED = ("answertimestamp", "answertime", "answeredat", "answeredtime")
_SENT = ("sentat", "completedat", "createdat", "date")
_SECONDS = ("callduration", "callsec", "duration", "durationsec")
_PARTS = ("parts", "messageparts", "numparts")
_FAILED = frozenset({"sending_failed", "failed", "gw_reject"})


class TelnyxReader(Reader):
    """Adds `id`, `kind`, `time`, `seconds` and `way`."""

    shapes = ("csv", "json")
    required = (_IDS, (*_SECONDS, *_PARTS))

    def derive(self, values: Any) -> None:
        """Add what the fields do not say."""
        values["id"] = _first(values, _IDS)
        way = values.get("direction", "").lower()
        values["way"] = "inbound" if way in ("inbound", "incoming", "mo") else "outbound"
        is_message = any(values.get(it) for it in _PARTS) or "messag" in values.get(
            "recordtype", ""
        )
        if not is_message:
            values["kind"] = "voice.call"
            values["time"] = _first(values, _ANSWERED)
            values["seconds"] = _first(values, _SECONDS)
            return
        if values.get("status", "").lower() in _FAILED:
            raise SkippedRow(FAILED)
        kind = "mms" if values.get("messagetype", "").lower() == "mms" else "sms"
        values["kind"] = f"{kind}.{values['way']}"
        values["time"] = _first(values, _SENT)
        values["seconds"] = _first(values, _PARTS) or "1"


def _first(values: Any, names: tuple[str, ...]) -> str:
    return next((values[it] for it in names if values.get(it)), "")
