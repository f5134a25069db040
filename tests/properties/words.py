"""Events written as JSON in the many ways that mean the same."""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from tests.properties.wire import Json

OFFSETS = (0, 60, -300, 330, 345, 840, -720)


def worded(event: Json, choice: random.Random) -> bytes:
    """Write an event as JSON in one of the many ways that mean the same."""
    parts = []
    for name, value in event.items():
        ways = list(_ways(name, value))
        text = choice.choice(ways)
        if text is not None:
            parts.append(f"{json.dumps(name)}: {text}")
    choice.shuffle(parts)
    return f"{{{', '.join(parts)}}}".encode()


def _ways(name: str, value: Any) -> list[str | None]:
    if value is None:
        return [None] if name == "cost" else [None, "null"]
    if isinstance(value, bool):
        return [json.dumps(value)]
    if isinstance(value, datetime):
        return [json.dumps(it) for it in _times(value)]
    if isinstance(value, Decimal):
        absent: list[str | None] = [None] if name == "quantity" and value == 1 else []
        return [*absent, *_numbers(value), *(json.dumps(it) for it in _numbers(value))]
    if isinstance(value, dict):
        empty: list[str | None] = [] if value else [None, "null"]
        return [*_objects(value), *empty]
    return [json.dumps(value), json.dumps(value, ensure_ascii=False)]


def _objects(value: Json) -> Iterator[str]:
    for way in range(3):
        texts = [
            _numbers(it)[way] if isinstance(it, Decimal) else json.dumps(it)
            for it in value.values()
        ]
        pairs = [f"{json.dumps(name)}: {text}" for name, text in zip(value, texts, strict=True)]
        yield f"{{{', '.join(pairs)}}}"
        yield f"{{{', '.join(reversed(pairs))}}}"


def _numbers(value: Decimal) -> list[str]:
    plain = f"{value:f}"
    point = "" if "." in plain else "."
    return [plain, f"{plain}{point}0", f"{value:E}", f"{value:e}", f"{plain}{point}000"]


def _times(value: datetime) -> list[str]:
    ways = [value.astimezone(timezone(timedelta(minutes=it))).isoformat() for it in OFFSETS]
    return [*ways, value.isoformat().replace("+00:00", "Z")]
