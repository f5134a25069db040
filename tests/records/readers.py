"""Rows in JSON, and what became of the only one."""

import json
from typing import Any

from tests.records.rows import Read, read

AT = "2024-06-15T09:00:05Z"
CALLED, CALLER = "+442079460100", "+14155550100"


def convert(format_: str, row: dict[str, Any], **options: Any) -> Read:
    return read(json.dumps(row) + "\n", format_, **options)


def became(found: Read) -> tuple[Any, ...] | str:
    """Return id, type, quantity and time of the only event, or why there is none."""
    if found.events:
        (event,) = found.events
        return event["id"], event["type"], event["quantity"], event["time"]
    return "".join((*found.skipped.values(), *found.refused.values()))
