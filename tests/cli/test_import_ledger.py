"""The ledger of an import: its terms and meters are read once, its events are stored in batches."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec
import pytest

from tests.builders import Platform, event
from tollbook.cli.import_ledger import ImportLedger
from tollbook.cli.importer import MOST_SHOWN, Importer
from tollbook.domain.errors import StoreUnavailable
from tollbook.domain.keys import KeyScope
from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms
from tollbook.domain.receipts import Outcome
from tollbook.records.convert import OrganizationTerms
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.database import open_database

Found = TypeVar("Found")


class Attempts:
    """Counts the calls that need the database; the next ones may fail."""

    def __init__(self) -> None:
        self.count = 0
        self.failures: list[Exception] = []

    def __call__(self, call: Callable[[], Found]) -> Found:
        self.count += 1
        if self.failures:
            raise self.failures.pop(0)
        return call()


@pytest.fixture
def platform(sqlite_url_in_memory: str) -> Iterator[Platform]:
    database = open_database(sqlite_url_in_memory)
    yield Platform(database)
    database.close()


@pytest.fixture
def attempts() -> Attempts:
    return Attempts()


@pytest.fixture
def ledger(platform: Platform, attempts: Attempts, sqlite_url_in_memory: str) -> Iterator[Any]:
    made = ImportLedger(Settings(database_url=sqlite_url_in_memory), "default", attempts)
    made.open()
    yield made
    made.close()


def line(identity: str, **given: Any) -> bytes:
    return msgspec.json.encode(event(id=identity, **given))


def test_a_ledger_that_was_not_opened_is_closed_without_an_error(platform: Platform) -> None:
    ImportLedger(Settings(), "default").close()


def test_the_tenant_is_created_by_the_import(sqlite_url_in_memory: str) -> None:
    made = ImportLedger(Settings(database_url=sqlite_url_in_memory), "brand new")
    made.open()
    try:
        assert made.meter_of("voice.call") is not None
    finally:
        made.close()
    database = open_database(sqlite_url_in_memory)
    with database.reading() as snapshot:
        assert directory.find_tenant(snapshot, "brand new") is not None
    database.close()


def test_the_terms_of_an_organization_are_read_once(
    platform: Platform, ledger: ImportLedger, attempts: Attempts
) -> None:
    platform.organization("org_1", currency="EUR", number_format="GB")
    before = attempts.count
    assert ledger.terms_of("org_1") == OrganizationTerms("GB", "EUR")
    assert ledger.terms_of("org_1") == OrganizationTerms("GB", "EUR")
    assert ledger.terms_of("nobody") == OrganizationTerms("strict")
    assert attempts.count == before + 2


def test_an_organization_that_is_not_there_has_the_number_format_of_the_tenant(
    platform: Platform, ledger: ImportLedger
) -> None:
    with platform.database.writing() as transaction:
        transaction.execute(
            "UPDATE tenants SET number_format = 'DE' WHERE tenant_id = :t", t=platform.tenant
        )
    platform.organization("org_1")
    assert ledger.terms_of("nobody") == OrganizationTerms("DE")
    assert ledger.terms_of("org_1").number_format == "DE"


def test_the_meters_are_those_of_each_batch(
    platform: Platform, ledger: ImportLedger, attempts: Attempts
) -> None:
    assert ledger.meter_of("own.meter") is None
    platform.add_meters(MeterTerms("own.meter", "thing", Category.MESSAGING))
    before = attempts.count
    assert ledger.meter_of("own.meter") is None  # of this batch
    assert attempts.count == before
    ledger.store([line("a")])
    found = ledger.meter_of("own.meter")
    assert found is not None
    assert (found.type, found.unit) == ("own.meter", "thing")
    assert ledger.meter_of("voice.call") is not None
    assert attempts.count == before + 2


def test_receipts_are_in_the_order_of_the_events(platform: Platform, ledger: ImportLedger) -> None:
    platform.organization()
    receipts = ledger.store([line("a"), line("b", quantity=-1), line("a"), b"{broken"])
    assert [(it.index, it.status.value) for it in receipts] == [
        (0, "accepted"),
        (1, "rejected"),
        (2, "duplicate"),
        (3, "rejected"),
    ]


def test_a_database_that_is_away_stores_nothing(
    platform: Platform, ledger: ImportLedger, attempts: Attempts
) -> None:
    platform.organization()
    attempts.failures = [StoreUnavailable("away")]
    with pytest.raises(StoreUnavailable):
        ledger.store([line("a")])
    assert platform.rows("SELECT 1 FROM events") == []
    assert [it.status.value for it in ledger.store([line("a")])] == ["accepted"]


def importer(platform: Platform, name: str = "") -> Importer:
    made = Importer(platform.database, platform.directory_cache, KeyScope(platform.tenant))
    made.name = name
    return made


def test_refused_lines_are_kept_with_their_numbers(platform: Platform) -> None:
    platform.organization()
    made = importer(platform, "a.ndjson ")
    made.store([(3, line("a")), (7, line("b", quantity=-1)), (9, b"x"), (12, line("a"))])
    made.store([(20, line("a", quantity=5))])
    assert made.counts == {
        Outcome.ACCEPTED: 1,
        Outcome.REJECTED: 2,
        Outcome.DUPLICATE: 1,
        Outcome.CONFLICT: 1,
    }
    assert made.refused[0] == "a.ndjson line 7: b: quantity must not be negative"
    assert made.refused[1].startswith("a.ndjson line 9: no id: line 9 is not JSON")
    assert made.refused[2].startswith("a.ndjson line 20: a: this id already belongs")


def test_of_quarantined_events_the_first_reasons_are_kept(platform: Platform) -> None:
    made = importer(platform)
    lines = [(it, line(f"e{it}", organization_id="nobody")) for it in range(1, MOST_SHOWN + 3)]
    made.store(lines[:1])
    made.store(lines[1:])
    assert made.counts[Outcome.QUARANTINED] == MOST_SHOWN + 2
    assert len(made.quarantined) == MOST_SHOWN
    assert made.quarantined[0].startswith("line 1: e1: no organization has this id yet; ways out: ")
    assert made.quarantined[0].endswith("(in quarantine)")
    assert made.refused == []


def test_a_line_of_an_own_meter_is_read_by_the_newest_catalog(platform: Platform) -> None:
    platform.organization()
    made = importer(platform)
    own = line("a", type="own.meter", cost=1)
    made.store([(1, own)])
    assert made.counts == {Outcome.REJECTED: 1}
    platform.add_meters(MeterTerms("own.meter", "thing", Category.MESSAGING))
    made.store([(2, own)])
    assert made.counts[Outcome.ACCEPTED] == 1
