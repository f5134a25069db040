"""Corrections by keys that may not do everything."""

import pytest

from tests.builders import Platform, correction, event
from tests.ingest.test_corrections import ACCEPTED, PENDING, pending, refused
from tollbook.domain.errors import InvalidApiKey
from tollbook.domain.keys import Limits, Permission
from tollbook.ingest.corrections import correct
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.store.database import Database
from tollbook.wiring import now

CORRECTS = (Permission.WRITE_EVENTS, Permission.REVERSE_EVENTS)
COSTS = (*CORRECTS, Permission.STATE_COSTS)


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def test_a_revoked_key_corrects_nothing(platform: Platform) -> None:
    platform.send(event())
    submission = platform.prepare_corrections(correction(quantity=1), key=platform.key())
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE api_keys SET revoked_at = 1")
        transaction.execute("UPDATE tenants SET token = token + 1")
        transaction.execute("UPDATE directory_state SET token = token + 1")
    cache = DirectoryCache(platform.database)
    (result,) = correct(platform.database, cache, [submission], now())
    assert isinstance(result, InvalidApiKey)
    assert platform.rows("SELECT COUNT(*) FROM corrections") == [(0,)]


def test_permissions(platform: Platform) -> None:
    platform.send(event(cost=1))
    writes = platform.key(Permission.WRITE_EVENTS)
    assert platform.corrected(correction(quantity=1), key=writes) == [refused("permission_missing")]
    corrects = platform.key(*CORRECTS)
    for changes in ({"cost": 2}, {"cost": None}, {"cost_pending": None}):
        assert platform.corrected(correction(**changes), key=corrects) == [
            refused("permission_missing")
        ]
    assert platform.corrected(correction(quantity=1), key=corrects) == [ACCEPTED]
    assert platform.rows("SELECT cost FROM events WHERE id_text(id) = 'new call-1'") == [
        (1_000_000_000,)
    ]


def test_a_bound_key_corrects_its_own_events_only(platform: Platform) -> None:
    limits = Limits(id_prefix="p:", meters=("voice.call",))
    key = platform.key(*COSTS, organization="org_1", user="user_1", limits=limits)
    platform.send(
        *(event(id=it) for it in ("p:1", "q:1")),
        event(id="p:2", user_id="user_2"),
        event(id="p:3", type="api.request", quantity=1),
        pending("p:4"),
        pending("p:5", user_id="user_2"),
    )
    batch = [correction(f"p:{n}", id=f"p:new {n}", quantity=7) for n in range(1, 6)]
    assert platform.corrected(
        correction("q:1", id="p:q", quantity=7),
        correction("p:1", id="q:1 new", quantity=7),
        correction("p:1", id="p:moved", user_id="user_2"),
        correction("p:1", id="p:typed", type="api.request", quantity=7),
        *batch,
        key=key,
    ) == [
        refused("unknown_event"),
        refused("id_outside_scope"),
        refused("not_for_this_key"),
        refused("not_for_this_key"),
        ACCEPTED,
        refused("unknown_event"),
        refused("unknown_event"),
        PENDING,
        refused("unknown_event"),
    ]
    assert platform.corrected(*batch[:1], key=key) == [("duplicate", None)]
