"""Answers of the API as text that is small enough for a model; what is cut is said."""

import json
from typing import Any

MOST_CHARACTERS = 20_000
MOST_ERROR_CHARACTERS = 2_000
_COARSER = {"hour": "day", "day": "week", "week": "month"}
Json = dict[str, Any]


class TooLarge(Exception):
    """Not even one row of the answer fits; the message names what to ask instead."""


def shown(answer: Json, rows: str | None) -> str:
    """Return an answer as one JSON object of at most `MOST_CHARACTERS`.

    Rows are cut at the end, with a sentence. Raise `TooLarge` when nothing useful fits.
    """
    found = _arranged(answer, rows)
    text = _text(found)
    if len(text) <= MOST_CHARACTERS:
        return text
    if rows is None or not found["rows"]:
        raise TooLarge(f"the answer has {len(text)} characters; {_advice(answer)}")
    return _cut(found, answer)


def _arranged(answer: Json, rows: str | None) -> Json:
    rest = {name: value for name, value in answer.items() if name not in ("success", "meta", rows)}
    meta = answer.get("meta") or {}
    found: Json = {name: meta[name] for name in ("as_of", "currency") if name in meta}
    if "quarantined_events" in meta:
        found["quarantined"] = meta["quarantined_events"]
    found |= {name: value for name, value in rest.items() if name != "next_cursor"}
    if rows is None:
        return found
    listed = answer.get(rows) or []
    cursor = answer.get("next_cursor")
    total = len(listed) if cursor is None else None
    return {**found, "rows": listed, "shown": len(listed), "total": total, "next_cursor": cursor}


def _cut(found: Json, answer: Json) -> str:
    """Return as many rows as fit.

    There is no cursor then, since it would skip the rows that were cut.
    """
    rows: list[Any] = found["rows"]
    for number in range(len(rows) - 1, 0, -1):
        note = f"Only the first {number} of {len(rows)} rows are shown; {_advice(answer)}"
        part = {"rows": rows[:number], "shown": number, "next_cursor": None, "note": note}
        text = _text({**found, **part})
        if len(text) <= MOST_CHARACTERS:
            return text
    raise TooLarge(f"not even one row fits in {MOST_CHARACTERS} characters; {_advice(answer)}")


def _advice(answer: Json) -> str:
    coarser = _COARSER.get(str(answer.get("bucket")))
    if coarser:
        return f"use bucket={coarser}, a lower top, or a shorter period"
    return "use a lower limit, a filter, or a shorter period"


def error_text(answer: Json) -> str:
    """Return an error as `code: sentence` with its details, shortened."""
    text = f"{answer.get('code')}: {answer.get('error')}"
    if details := answer.get("details"):
        text += "\n" + "\n".join(f"- {it.get('field')}: {it.get('error')}" for it in details)
    return text[:MOST_ERROR_CHARACTERS]


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
