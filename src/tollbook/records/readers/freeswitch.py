"""FreeSWITCH: documents of mod_json_cdr, whose texts are URL-encoded."""

from decimal import Decimal, InvalidOperation
from typing import Any

from tollbook.records.columns import path
from tollbook.records.readers import JsonReader

_answer_epoch = path("variables.answer_epoch")
_answer_uepoch = path("variables.answer_uepoch")
_billmsec = path("variables.billmsec")
_billsec = path("variables.billsec")
_originating_leg = path("variables.originating_leg_uuid")


class FreeswitchReader(JsonReader):
    """Adds `answer` in seconds since 1970, `seconds` of talk, and `leg`: a, or b."""

    def derive(self, values: Any) -> None:
        """Add what the fields do not say."""
        answer = _answer_epoch(values)
        values["answer"] = answer or _divided(_answer_uepoch(values), 1_000_000)
        values["seconds"] = _divided(_billmsec(values), 1_000) or _billsec(values)
        is_b = bool(_originating_leg(values)) or _has_originator(values)
        values["leg"] = "b" if is_b else "a"


def _divided(text: str, by: int) -> str:
    try:
        return str(Decimal(text) / by) if text else ""
    except InvalidOperation:
        return text


def _has_originator(values: Any) -> bool:
    """Return whether a channel was originated by another one: the b leg of a call."""
    flow = values.get("callflow")
    if not isinstance(flow, list) or not flow or not isinstance(flow[0], dict):
        return False
    profile = flow[0].get("caller_profile")
    originator = profile.get("originator") if isinstance(profile, dict) else None
    return isinstance(originator, dict) and bool(originator.get("originator_caller_profiles"))
