"""Servers on a standby of PostgreSQL: what they answer, and from which state."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta

import httpx
import pytest

from tests.api.conftest import error_of
from tests.builders import Json, Platform, event
from tests.poolers import Pooler, program
from tests.servers import Server
from tests.standbys import Pair, pair
from tests.waiting import wait_for
from tollbook.store.database import open_database
from tollbook.store.engine import system_clock
from tollbook.store.migrate import migrate

JANUARY = "start_date=2024-01-01&end_date=2024-01-31"
USERS = f"/v1/analytics/users?organization_id=org_1&{JANUARY}"
OVERVIEW = f"/v1/analytics/overview?{JANUARY}"


class Both:
    """A server on a primary, one on its standby, and a tenant with `org_1` and `org_2`."""

    def __init__(self, clusters: Pair, platform: Platform) -> None:
        self.clusters = clusters
        self.platform = platform
        for organization in ("org_1", "org_2"):
            platform.organization(organization)
        self.key = platform.key()
        self.primary = Server(clusters.primary.url)
        self.standby = Server(clusters.standby.url)

    def send(self, **given: str) -> Json:
        with self.primary.client(self.key) as client:
            answer = client.post("/v1/events", json=event(**given))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def ask(self, path: str, as_of: str = "") -> httpx.Response:
        """Ask the standby."""
        params = {"min_as_of": as_of} if as_of else {}
        with self.standby.client(self.key) as client:
            return client.get(httpx.URL(path).copy_merge_params(params))

    def catch_up(self) -> None:
        self.clusters.standby.catch_up(self.clusters.primary)


@pytest.fixture(scope="module")
def clusters() -> Iterator[Pair]:
    with pair() as found:
        yield found


@pytest.fixture(scope="module")
def both(clusters: Pair) -> Iterator[Both]:
    with closing(open_database(clusters.primary.url)) as database:
        migrate(database)
        found = Both(clusters, Platform(database))
        found.catch_up()
        with found.primary, found.standby:
            yield found


@pytest.fixture(autouse=True)
def replaying(clusters: Pair) -> Iterator[None]:
    yield
    clusters.standby.resume_replay()


def calls(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text
    return sum(it["total_voice_calls"] for it in answer.json()["users"])


def test_a_standby_answers_reads_and_refuses_writes(both: Both) -> None:
    receipt = both.send(id="reads")
    both.catch_up()
    assert calls(both.ask(USERS)) > 0
    assert both.ask("/v1/events/org_1/reads").status_code == 200
    assert both.ask("/healthz").status_code == 200
    ready = both.ask("/readyz")
    assert (ready.status_code, ready.json()["checks"]["writer"]) == (200, "ok")
    with both.standby.client(both.key) as client:
        for refused in (
            client.post("/v1/events", json=event(id="new")),
            client.post("/v1/events", json=event(id="reads")),
            client.post("/v1/events?atomic=true", json=event(id="reads")),
            client.post("/v1/organizations", json={"id": "org_3", "name": "Three"}),
        ):
            assert refused.status_code == 503
            assert error_of(refused)["code"] == "database_read_only"
        assert client.get("/readyz").status_code == 200
    assert both.ask(USERS, receipt["as_of"]).status_code == 200


def test_a_standby_that_lags_answers_not_yet_until_the_event_is_there(both: Both) -> None:
    before = both.send(id="before")
    both.catch_up()
    had = calls(both.ask(USERS, before["as_of"]))
    both.clusters.standby.pause_replay()
    receipt = both.send(id="lagging")
    late = both.ask(USERS, receipt["as_of"])
    assert (late.status_code, late.headers["retry-after"]) == (503, "1")
    assert error_of(late)["code"] == "not_yet"
    assert both.ask(OVERVIEW, receipt["as_of"]).status_code == 503
    present = both.ask(USERS)
    assert calls(present) == had
    assert present.headers["x-as-of"] < receipt["as_of"]
    both.clusters.standby.resume_replay()
    wait_for(lambda: both.ask(USERS, receipt["as_of"]).status_code != 503)
    assert calls(both.ask(USERS, receipt["as_of"])) == had + 1


def test_all_organizations_must_have_got_that_far_or_the_replay_be_well_past_it(both: Both) -> None:
    receipt = both.send(id="of one")
    both.catch_up()
    assert both.ask(USERS, receipt["as_of"]).status_code == 200
    assert both.ask(OVERVIEW, receipt["as_of"]).status_code == 503
    both.send(id="of the other", organization_id="org_2")
    both.catch_up()
    assert both.ask(OVERVIEW, receipt["as_of"]).status_code == 200
    # 300 seconds for the clocks and 60 for the commit before the last one that was replayed.
    other = USERS.replace("org_1", "org_2")
    later = both.send(id="of one again")
    both.catch_up()
    for seconds, status in ((400, 200), (-1, 503)):
        instant = datetime.fromisoformat(later["as_of"]) - timedelta(seconds=seconds)
        assert both.ask(other, instant.isoformat()).status_code == status


def test_a_change_by_a_clock_that_is_ahead_is_no_proof_that_events_have_arrived(
    both: Both,
) -> None:
    platform = both.platform
    number = platform.number("org_1")
    with platform.database.writing() as transaction:
        transaction.execute(
            "UPDATE ledger_versions SET as_of = :ahead WHERE organization_id = :number",
            ahead=system_clock() + 240_000_000,
            number=number,
        )
    both.catch_up()
    both.clusters.standby.pause_replay()
    receipt = both.send(id="behind a clock")
    assert both.ask(USERS, receipt["as_of"]).status_code == 503


@pytest.mark.parametrize("is_pooled", [False, True], ids=["direct", "pooled"])
def test_a_transaction_reads_how_far_a_standby_has_come(both: Both, *, is_pooled: bool) -> None:
    primary, standby = both.clusters
    both.send(id=f"read, pooled: {is_pooled}")
    both.catch_up()
    with ExitStack() as stack:
        urls = [primary.url, standby.url]
        if is_pooled:
            urls = [stack.enter_context(Pooler(url, program())).url for url in urls]
        on_primary, on_standby = (stack.enter_context(closing(open_database(it))) for it in urls)
        for _ in range(2):
            with on_primary.reading() as snapshot:
                assert snapshot.replayed_at is None
            with on_standby.reading() as snapshot:
                assert snapshot.row("SHOW transaction_isolation") == ("repeatable read",)
                replayed_at = snapshot.replayed_at
        now = round(primary.value("SELECT EXTRACT(epoch FROM clock_timestamp())") * 1_000_000)
        assert replayed_at is not None
        assert now - 3_600_000_000 < replayed_at <= now


def test_a_page_goes_on_only_where_everything_before_it_has_arrived(both: Both) -> None:
    both.clusters.standby.pause_replay()
    both.send(id="page 1")
    both.send(id="page 2")
    path = f"/v1/events?organization_id=org_1&{JANUARY}&limit=1"
    with both.primary.client(both.key) as client:
        cursor = client.get(path).json()["next_cursor"]
    late = both.ask(f"{path}&cursor={cursor}")
    assert (late.status_code, error_of(late)["code"]) == (503, "not_yet")
    both.clusters.standby.resume_replay()
    both.catch_up()
    assert both.ask(f"{path}&cursor={cursor}").status_code == 200


def test_a_standby_that_lacks_a_migration_names_the_primary(both: Both) -> None:
    primary, standby = both.clusters
    primary.execute("CREATE DATABASE empty")
    both.catch_up()
    with pytest.raises(RuntimeError, match="on a standby, run `tollbook migrate` on its primary"):
        Server(f"{standby.url.removesuffix('/postgres')}/empty").start()


def test_numbers_are_masked_with_the_key_that_the_primary_has_made(both: Both) -> None:
    primary, standby = both.clusters
    with Server(primary.url, phone_numbers="masked"):
        both.catch_up()
    with Server(standby.url, phone_numbers="masked") as masked, masked.client(both.key) as client:
        assert client.get(USERS).status_code == 200


def test_a_server_on_a_standby_logs_no_error_and_writes_once_it_is_promoted() -> None:
    with pair() as clusters, closing(open_database(clusters.primary.url)) as database:
        migrate(database)
        platform = Platform(database)
        platform.organization()
        key = platform.key()
        clusters.standby.catch_up(clusters.primary)
        with Server(clusters.standby.url) as server, server.client(key) as client:
            assert client.get(USERS).status_code == 200
            log = server.stop()
            assert '"standby"' in log
            assert '"level":"error"' not in log.replace(" ", "")
            server.start()
            clusters.standby.promote()
            wait_for(lambda: client.post("/v1/events", json=event()).status_code == 200)
            assert client.get("/readyz").status_code == 200
            assert calls(client.get(USERS)) == 1
