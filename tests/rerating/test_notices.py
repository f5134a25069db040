"""The end of a rerating is notified in its own transaction, each end once."""

import msgspec

from tests.builders import Json, Platform, event
from tests.rerating.builders import CALLS, Past, book
from tollbook.rerating import runs
from tollbook.rerating.run_day import RunExecutor
from tollbook.store.database import Database
from tollbook.wiring import now


def notices(platform: Platform) -> list[tuple[str, Json]]:
    rows = platform.rows(
        "SELECT type, data FROM notifications WHERE tenant_id = :tenant ORDER BY number",
        tenant=platform.tenant,
    )
    return [(kind, msgspec.json.decode(data)) for kind, data in rows]


def test_each_end_of_a_run_is_notified(database: Database) -> None:
    platform = Platform(database)
    platform.organization()
    platform.send(event())
    platform.load(book(CALLS))
    past = Past(platform)
    run = past.begin()
    assert notices(platform) == []
    past.act(runs.stop, run.id)
    past.act(runs.stop, run.id)
    past.act(runs.resume, run.id)
    RunExecutor(database, platform.tenant, run.id, now).halt("the server was stopped")
    past.act(runs.resume, run.id)
    past.steps(run.id)
    past.revert(run.id)
    found = notices(platform)
    assert [(kind, it["reason"]) for kind, it in found] == [
        ("rerating.stopped", None),
        ("rerating.stopped", "the server was stopped"),
        ("rerating.done", None),
        ("rerating.done", None),
    ]
    assert found[2][1] == {
        "run": 1,
        "organization_id": None,
        "start_date": "2024-01-01",
        "end_date": "2024-01-31",
        "events": 1,
        "changed": 1,
        "reason": None,
    }
