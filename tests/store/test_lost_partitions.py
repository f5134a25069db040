"""A partition that Tollbook knows is gone: the database went back to before it was made."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.builders import Platform, event, reversal
from tollbook.domain.errors import MonthNotReady
from tollbook.domain.receipts import Outcome
from tollbook.store.database import open_database
from tollbook.store.postgres import partitions

MAY = "2021-05-10T10:30:00Z"


@pytest.fixture
def platform(postgres_url: str) -> Iterator[Platform]:
    """A platform that has stored an event of May 2021, whose partition is gone."""
    database = open_database(postgres_url)
    platform = Platform(database)
    platform.organization()
    platform.send(event(id="before", time=MAY))
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DROP TABLE events_202105")
    yield platform
    database.close()


@pytest.mark.parametrize("atomic", [False, True])
def test_events_are_stored_in_a_new_partition(platform: Platform, atomic: bool) -> None:
    result = platform.send(event(id="new", time=MAY), event(id="other"), atomic=atomic)
    assert [it.status for it in result.receipts] == [Outcome.ACCEPTED] * 2
    assert {row[0] for row in platform.rows("SELECT id_text(id) FROM events")} == {"new", "other"}


def test_a_replay_releases_events_into_a_new_partition(platform: Platform) -> None:
    platform.send(event(id="waiting", organization_id="org_9", time=MAY))
    platform.organization("org_9")
    assert platform.replay() == 1
    assert platform.rows("SELECT id_text(id) FROM events") == [("waiting",)]


def test_nothing_is_stored_while_the_partition_cannot_be_made(
    platform: Platform, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE_SECONDS", 1.0)
    with psycopg.connect(postgres_url) as holder:
        holder.execute("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        with pytest.raises(MonthNotReady):
            platform.send(event(id="new", time=MAY), event(id="other"))
        holder.rollback()
    assert platform.rows("SELECT id_text(id) FROM events") == []
    assert platform.statuses(event(id="new", time=MAY)) == ["accepted"]


def test_a_reversal_never_needs_a_partition_without_its_event(platform: Platform) -> None:
    assert platform.reversed(reversal("before")) == [("rejected", "archived")]
