"""A day without a server on a virtual clock, and a disk without room."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playback import TABLE, VirtualClock
from tests.api.conftest import Tenant
from tests.servers import free_port
from tests.waiting import PATIENCE, wait_for

from tollbook_client import Client, Meter, SpoolFull

MeterOf = Callable[..., Meter]
HOUR = 60 * 60
DAY = 24 * HOUR


def test_a_day_without_a_server(tenant: Tenant, client: Client, tmp_path: Path) -> None:
    clock = VirtualClock()
    start = clock.monotonic()

    class VirtualMeter(Meter):
        _clock = clock

    base_url = f"http://127.0.0.1:{free_port()}"
    spool = tmp_path / "spool.db"
    meter = VirtualMeter(base_url, TABLE["api_key"], spool=spool, flush_interval=0)
    for number in range(100):
        meter.record("sms.outbound", organization_id="org_1", id=f"event-{number}")
    for hour in range(1, 25):
        wait_for(lambda: clock.monotonic() - start > hour * HOUR)  # noqa: B023
    stats = meter.stats()
    meter.close(timeout=0)
    assert (stats.spooled, stats.sent, stats.problems) == (100, 0, 0)
    assert stats.oldest_age_seconds > DAY
    # Full jitter up to 30 seconds: a day has thousands of attempts, and none are counted.
    assert max(clock.waits) <= 30
    assert stats.retries > DAY / 30


def fill(meter: Meter, recorded: list[Any]) -> None:
    while True:
        given = {"time": "2024-01-15T10:30:00Z", "attributes": {"note": "x" * 1500}}
        recorded.append(meter.record("sms.outbound", **given))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("NO SMALL DISK: only root may mount one")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_without_room(meter_of: MeterOf, client: Client, small_disk: Path) -> None:
    meter = meter_of(key="tb_000000000000_wrong", spool=small_disk / "spool.db")
    recorded: list[Any] = []
    with pytest.raises(SpoolFull, match="disk"):
        fill(meter, recorded)
    assert 100 < len(recorded) < 10_000
    assert meter.close(timeout=0) == len(recorded)
    again = meter_of(spool=small_disk / "spool.db")
    assert again.flush(PATIENCE) == 0
    rows = client.iter_events(
        organization_id="org_1",
        period=None,
        start_date="2024-01-15",
        end_date="2024-01-15",
        limit=1000,
    )
    assert sorted(row.id for row in rows) == sorted(recorded)
