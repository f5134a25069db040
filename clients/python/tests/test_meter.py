"""A meter on a real server: what is recorded arrives once, and nothing else disappears."""

import asyncio
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Site, Tenant
from tests.servers import free_port
from tests.waiting import PATIENCE, wait_for

from tollbook_client import (
    Client,
    ConfigurationError,
    InvalidEvent,
    Meter,
    SpoolError,
    SpoolFull,
    TollbookError,
)
from tollbook_client.answers import Receipt

MeterOf = Callable[..., Meter]
NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)


def nowhere() -> str:
    """Return an address at which no server answers."""
    return f"http://127.0.0.1:{free_port()}"


def ids(client: Client) -> list[str]:
    rows = client.iter_events(
        organization_id="org_1", start_date="2024-01-01", end_date="2024-01-31", limit=1000
    )
    return sorted(row.id for row in rows)


def call(**given: Any) -> dict[str, Any]:
    return {"type": "voice.call", "quantity": 61, "user_id": "user_1", "time": NOON, **given}


def test_a_recorded_event_is_charged(meter: Meter, client: Client) -> None:
    identity = meter.record("sms.outbound", user_id="user_1", time=NOON)
    assert meter.flush(PATIENCE) == 0
    assert identity is not None
    event = client.get_event(organization_id="org_1", event_id=identity)
    assert (event.status, event.event.quantity) == ("charged", Decimal(1))
    assert event.event.time == NOON


def test_a_server_that_is_away_loses_nothing(
    meter_of: MeterOf, client: Client, address: str
) -> None:
    down = meter_of(nowhere())
    recorded = [down.record(**call()) for _ in range(3)]
    assert down.flush(0.1) == 3
    assert down.close(timeout=0) == 3
    with pytest.raises(SpoolError, match="has events for"):
        meter_of()
    assert ids(client) == []
    assert len(set(recorded)) == 3


def test_another_process_sends_the_rest(meter_of: MeterOf, client: Client, tenant: Tenant) -> None:
    wrong = meter_of(key="tb_000000000000_wrong")
    recorded = sorted(wrong.record_many([call(), call()]))
    assert wrong.close(timeout=0.05) == 2
    assert meter_of().flush(PATIENCE) == 0
    assert ids(client) == recorded


def test_many_are_recorded_all_or_none(meter: Meter, client: Client) -> None:
    with pytest.raises(InvalidEvent) as raised:
        meter.record_many([call(), call(quantity=0.0000001, id="")])
    found = {(problem.field, problem.code) for problem in raised.value.details}
    assert found == {("quantity", "too_many_decimals"), ("id", "empty")}
    assert meter.stats().spooled == 0
    assert meter.record_many([]) == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("id", "", "empty"),
        ("id", "x" * 256, "too_long"),
        ("id", "a\nb", "control_characters"),
        ("id", 7, "not_a_string"),
        ("time", datetime(2024, 1, 15), "no_offset"),  # noqa: DTZ001
        ("time", "yesterday", "invalid_time"),
        ("quantity", -1, "negative"),
        ("quantity", "many", "not_a_number"),
        ("quantity", float("nan"), "not_a_number"),
        ("quantity", 1_000_000_001, "out_of_range"),
        ("cost", Decimal("0.0000000001"), "too_many_decimals"),
        ("attributes", {"a": {"b": 1}}, "nested"),
        ("attributes", {"a": 2**53 + 1}, "out_of_range"),
        ("attributes", {"a": "x" * 2001}, "too_long"),
        ("attributes", {"": 1}, "invalid_name"),
        ("attributes", [1], "not_an_object"),
    ],
)
def test_an_event_that_the_server_would_reject_raises(
    meter: Meter, field: str, value: object, code: str
) -> None:
    with pytest.raises(InvalidEvent) as raised:
        meter.record(**call(**{field: value}))
    assert [it.code for it in raised.value.details] == [code]
    assert meter.stats().recorded == 0


def test_exact_numbers_arrive_as_they_are(meter: Meter, client: Client) -> None:
    meter.record(**call(id="a", quantity=0.1))
    meter.record(**call(id="b", quantity=Decimal("1E+2"), cost=Decimal("0.000000001")))
    assert meter.flush(PATIENCE) == 0
    found = {
        row.id: (row.quantity, row.cost)
        for row in client.iter_events(
            organization_id="org_1", start_date="2024-01-15", end_date="2024-01-15"
        )
    }
    assert found["a"][0] == Decimal("0.1")
    assert found["b"] == (100, Decimal("0.000000001"))


def test_what_the_server_refuses_waits_for_a_decision(meter_of: MeterOf, client: Client) -> None:
    told: list[tuple[str, str]] = []

    def keep(event: dict[str, Any], receipt: Receipt) -> None:
        told.append((event["id"], receipt.status))
        raise RuntimeError("a hook that fails stops nothing")

    meter = meter_of(on_receipt=keep)
    meter.record(**call(id="one"))
    assert meter.flush(PATIENCE) == 0
    meter.record(**call(id="one", quantity=62))
    meter.record("voice.cell", id="two", time=NOON)
    meter.record(**call(id="three", organization_id="org_unknown"))
    assert meter.flush(PATIENCE) == 0
    wait_for(lambda: len(told) == 3)  # hooks run after the events have left the spool
    assert told == [("one", "conflict"), ("two", "rejected"), ("three", "quarantined")]
    conflict, rejected = meter.problems()
    with pytest.raises(ConfigurationError, match="new id"):
        meter.resend(conflict)
    assert meter.resend(conflict, id="one again") == "one again"
    assert meter.resend(rejected, type="voice.call", quantity=5) == "two"
    assert meter.flush(PATIENCE) == 0
    assert list(meter.problems()) == []
    assert ids(client) == ["one", "one again", "two"]


def test_a_problem_stays_until_it_is_dismissed(meter_of: MeterOf) -> None:
    meter = meter_of()
    meter.record("voice.cell", id="wrong", time=NOON)
    assert meter.close() == 0
    again = meter_of()
    (problem,) = again.problems()
    assert (problem.event["id"], problem.receipt.code) == ("wrong", "unknown_type")
    again.dismiss(problem)
    assert again.stats().problems == 0


def fill(meter: Meter) -> list[str]:
    """Record until there is no room; return the ids."""
    recorded = []
    try:
        while True:
            recorded.append(str(meter.record(**call(attributes={"note": "x" * 1500}))))
    except SpoolFull:
        return recorded


def test_a_full_spool_raises_and_keeps_what_it_has(meter_of: MeterOf, client: Client) -> None:
    meter = meter_of(key="tb_000000000000_wrong", max_spool_bytes=256 * 1024)
    recorded = fill(meter)
    assert 50 < len(recorded) < 200
    assert meter.stats().spooled_bytes <= 256 * 1024
    meter.close(timeout=0)
    assert meter_of(max_spool_bytes=256 * 1024).flush(PATIENCE) == 0
    assert ids(client) == sorted(recorded)


def test_a_full_spool_drops_when_asked(meter_of: MeterOf) -> None:
    errors: list[TollbookError] = []
    options = {"max_spool_bytes": 64 * 1024, "on_full": "drop", "on_error": errors.append}
    meter = meter_of(nowhere(), **options)
    recorded = [meter.record(**call(attributes={"note": "x" * 1500})) for _ in range(100)]
    dropped = recorded.count(None)
    assert 0 < dropped < 100
    assert meter.stats().dropped == dropped == len(errors)
    assert meter.stats().spooled == 100 - dropped
    assert meter.record_many([call(attributes={"note": "x" * 1500})]) == []


def test_a_full_spool_blocks_for_a_time(meter_of: MeterOf) -> None:
    options = {"max_spool_bytes": 64 * 1024, "on_full": "block", "block_timeout": 0.05}
    assert fill(meter_of(nowhere(), **options))


def test_a_key_of_another_tenant_sends_nothing(meter_of: MeterOf, site: Site) -> None:
    first = meter_of()
    first.record(**call())
    assert first.close() == 0
    errors: list[TollbookError] = []
    other = meter_of(key=site.tenant().admin, on_error=errors.append)
    other.record(**call())
    assert other.flush(0.05) == 1
    wait_for(lambda: bool(errors))
    assert [str(it) for it in errors] == [other.stats().blocked_reason]
    assert "but the key is of tenant_" in str(errors[0])


def test_ids_without_the_prefix_of_the_key_are_reported(meter_of: MeterOf, tenant: Tenant) -> None:
    scope = {"organization_id": "org_1", "id_prefix": "gateway-", "permissions": ["events:write"]}
    key = tenant.post("/v1/keys", json={"name": "bound", **scope}).json()["api_key"]
    errors: list[TollbookError] = []
    meter = meter_of(key=key, on_error=errors.append)
    meter.record(**call())
    assert meter.flush(PATIENCE) == 0
    assert "'gateway-'" in str(errors[0])
    assert [it.receipt.code for it in meter.problems()] == ["id_outside_scope"]
    bound = meter_of(key=key, id_prefix="gateway-", spool=meter._spool.path.with_name("other.db"))
    bound.record(**call())
    assert bound.flush(PATIENCE) == 0
    assert bound.stats().accepted == 1


def test_the_spool_is_readable_by_its_owner_only(meter_of: MeterOf, tmp_path: Path) -> None:
    meter_of(spool=tmp_path / "new" / "spool.db").record(**call())
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    for file in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_damaged_spool_is_never_replaced(meter_of: MeterOf, tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"not a database, and longer than a header" * 40)
    with pytest.raises(SpoolError, match="cannot be used"):
        meter_of()
    assert (tmp_path / "spool.db").read_bytes().startswith(b"not a database")


def test_a_folder_that_cannot_be_written_is_named(meter_of: MeterOf, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="TOLLBOOK_SPOOL"):
        meter_of(spool=tmp_path / "file" / "spool.db")


def test_a_closed_meter_records_nothing(meter: Meter) -> None:
    assert meter.close() == 0
    assert meter.close() == 0
    with pytest.raises(SpoolError, match="closed"):
        meter.record(**call())


def test_a_child_of_a_fork_goes_on(meter: Meter, client: Client) -> None:
    meter.record(**call(id="before"))
    child = os.fork()
    if child == 0:
        try:
            meter.record(**call(id="child"))
            left = meter.close(timeout=PATIENCE)
        except BaseException:
            os._exit(9)
        os._exit(left)
    meter.record(**call(id="parent"))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert meter.flush(PATIENCE) == 0
    assert ids(client) == ["before", "child", "parent"]


def test_asynchronous_code_flushes_without_blocking(meter_of: MeterOf, client: Client) -> None:
    async def use() -> int:
        async with meter_of() as meter:
            meter.record(**call(id="one"))
            return await meter.aflush(PATIENCE)

    assert asyncio.run(use()) == 0
    assert ids(client) == ["one"]


def test_questions_include_what_was_sent(meter: Meter, client: Client) -> None:
    meter.record(**call())
    assert meter.flush(PATIENCE) == 0
    client.as_of = meter.as_of
    report = client.get_overview_analytics(start_date="2024-01-01", end_date="2024-01-31")
    assert report.total_voice_calls == 1


def test_stats_count_and_the_key_is_shown_nowhere(
    meter: Meter, tenant: Tenant, client: Client
) -> None:
    meter.record(**call())
    meter.flush(PATIENCE)
    stats = meter.stats()
    assert (stats.recorded, stats.sent, stats.accepted, stats.spooled) == (1, 1, 1, 0)
    assert stats.last_success_at is not None
    assert stats.clock_offset is not None
    assert abs(stats.clock_offset) < 60
    for shown in (repr(meter), repr(client), repr(vars(meter)), repr(vars(client)), repr(stats)):
        assert tenant.admin not in shown


def test_options_are_checked(meter_of: MeterOf) -> None:
    for options in ({"on_full": "lose"}, {"durability": "maybe"}, {"batch_size": 0}):
        with pytest.raises(ConfigurationError):
            meter_of(**options)


def test_the_address_and_the_key_may_come_from_variables(
    tenant: Tenant, address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOLLBOOK_URL", address)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match="TOLLBOOK_API_KEY"):
        Meter()
    monkeypatch.setenv("TOLLBOOK_API_KEY", tenant.admin)
    with Meter() as meter:
        assert "tollbook/spool-" in repr(meter)
    with Client() as client:
        assert client.get_own_key().key.tenant_id == tenant.tenant
