"""Events as bytes: the fast way writes what the complete one writes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tollbook_client import InvalidEvent
from tollbook_client.event_json import _ordinary_text, _text, encode_event
from tollbook_client.instants import now_text

BASE = {"id": "1", "type": "voice.call", "organization_id": "org_1", "time": now_text(10**18)}
VALUES: dict[str, tuple[Any, ...]] = {
    "id": ("é☃\U0001f600", 'a"b\\c', "/" * 255),
    "time": (
        "2024-01-15T10:30:00+01:00",
        datetime(2024, 1, 15, tzinfo=UTC),
        datetime(2024, 1, 15, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-3))),
    ),
    "quantity": (None, 0, 10**9, 0.1, 1e6, "0.5", Decimal("1E+2"), Decimal("0.000001")),
    "cost": (0, 0.1, Decimal("0.000000001")),
    "cost_pending": (True, False),
    "attributes": (
        {},
        {"a": "b", 'é"\\': 'ü"\\'},
        {"n": 1, "f": 1.5, "t": True, "none": None, "lines": "a\nb", "body": "x" * 3000},
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_fast_way_writes_the_same(name: str) -> None:
    for value in VALUES[name]:
        event = {**BASE, name: value}
        complete = json.loads(_text(event), parse_float=Decimal)
        fast = _ordinary_text(event)
        assert fast is None or json.loads(fast, parse_float=Decimal) == complete
        assert json.loads(encode_event(event).body, parse_float=Decimal) == complete


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"id": 1},
        {"type": "x" * 65},
        {"user_id": "a\nb"},
        {"user_id": "\ud800"},
        {"time": "2024-01-15T10:30:00"},
        {"time": "1969-12-31T23:59:59Z"},
        {"quantity": True},
        {"cost": -1},
        {"cost_pending": 1},
        {"attributes": {"a": "\ud800"}},
        {"attributes": {str(it): 1 for it in range(65)}},
        {"unknown": 1},
    ],
)
def test_the_fast_way_leaves_what_is_wrong_to_the_complete_one(wrong: dict[str, Any]) -> None:
    assert _ordinary_text({**BASE, **wrong}) is None
    with pytest.raises(InvalidEvent):
        encode_event({**BASE, **wrong})
