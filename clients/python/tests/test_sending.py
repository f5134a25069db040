"""The conformance cases of sending."""

from pathlib import Path
from typing import Any

import pytest
from playback import CASES, TABLE, Json, VirtualClock, playing
from tests.waiting import wait_for

from tollbook_client import Meter
from tollbook_client.answers import Receipt

SENT = [case for case in CASES if case["do"] == "send"]


def shown(identity: str, receipt: Receipt) -> Json:
    return {"id": identity, "status": receipt.status, "code": receipt.code}


@pytest.mark.parametrize("case", SENT, ids=lambda case: case["name"])
def test_sending(case: Json, tmp_path: Path) -> None:
    clock = VirtualClock()
    receipts: list[Json] = []

    class VirtualMeter(Meter):
        _clock = clock

    def keep(event: dict[str, Any], receipt: Receipt) -> None:
        receipts.append(shown(event["id"], receipt))

    with playing(case["exchanges"], TABLE["own_key"]) as (address, _):
        meter = VirtualMeter(
            address,
            TABLE["api_key"],
            spool=tmp_path / "spool.db",
            on_receipt=keep,
            **case["options"],
        )
        meter.record_many(case["events"])
        left = meter.flush()
        expected = case["expect"]
        wait_for(lambda: len(receipts) >= len(expected["receipts"]))  # hooks run after a flush
        problems = [shown(it.event["id"], it.receipt) for it in meter.problems()]
        meter.close()
    assert left == expected["left"]
    assert receipts == expected["receipts"]
    assert problems == expected["problems"]
    assert len(clock.waits) == len(expected["waits"])
    for wait, (least, most) in zip(clock.waits, expected["waits"], strict=True):
        assert least <= wait <= most
