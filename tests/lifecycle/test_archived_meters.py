"""Archived events of own meters: their files have the meters, and a restore compares them."""

from pathlib import Path

import msgspec
import pytest

from tests.builders import Platform, event
from tests.lifecycle.test_archive import Keeper
from tollbook.administration.meters import MeterChange, change_meter
from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms
from tollbook.lifecycle.restore import NotRestored, Restored, RestoredPart, restore
from tollbook.store.audit import Actor
from tollbook.store.database import Database
from tollbook.store.meter_checks import CHECK
from tollbook.store.parquet import about
from tollbook.wiring import now

pytest.importorskip("pyarrow")

FAX = MeterTerms("fax.call", "second", Category.VOICE)
CAMPAIGN = MeterTerms("campaign.monthly", "month", Category.BRAND_REGISTRATION)
BOOK = """
name: Standard
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: fax.call, price: 0.6, per: minute}
  - {meter: campaign.monthly, price: 10, per: month}
  - {meter: voice.call, price: 0.6, per: minute}
"""
EVENTS = (
    event(id="fax-1", type="fax.call", quantity=30),
    event(id="campaign-1", type="campaign.monthly", quantity=1),
    event(id="call-1", quantity=60),
)


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> Keeper:
    platform = Platform(database)
    platform.organization()
    platform.add_meters(FAX, MeterTerms("fax.unused", "page", Category.MESSAGING), CAMPAIGN)
    platform.load(BOOK)
    assert [it.status for it in platform.send(*EVENTS).receipts] == ["accepted"] * 3
    return Keeper(platform, tmp_path / "archive")


def restored(keeper: Keeper) -> Restored | NotRestored:
    actor = Actor(keeper.platform.tenant, "cli", now())
    (done,) = restore(keeper.platform.database, actor, RestoredPart(None, 202401, keeper.folder))
    return done


def test_a_file_has_the_own_meters_of_its_events(keeper: Keeper) -> None:
    (file,) = keeper.archive()
    assert msgspec.json.decode(about(keeper.folder / file.file)["meters"]) == [
        {"code": 2000, "type": "fax.call", "unit": "second", "category": "voice"},
        {
            "code": 8500,
            "type": "campaign.monthly",
            "unit": "month",
            "category": "brand_registration",
        },
    ]
    assert keeper.platform.differences() == []
    assert isinstance(restored(keeper), Restored)
    assert keeper.platform.differences() == []


def test_a_file_without_own_meters_says_nothing_of_them(database: Database, tmp_path: Path) -> None:
    platform = Platform(database)
    platform.organization()
    platform.send(event())
    (file,) = Keeper(platform, tmp_path / "archive").archive()
    assert "meters" not in about(tmp_path / "archive" / file.file)


def test_a_retired_and_renamed_meter_is_the_same(keeper: Keeper) -> None:
    keeper.archive()
    actor = Actor(keeper.platform.tenant, "cli", now())
    with keeper.platform.database.writing() as transaction:
        change_meter(transaction, actor, "fax.call", MeterChange(name="Fax", retired=True))
    assert isinstance(restored(keeper), Restored)


def test_events_of_another_meter_are_not_restored(keeper: Keeper) -> None:
    keeper.archive()
    with keeper.platform.database.writing() as transaction:
        transaction.execute(
            "UPDATE meters SET unit = 'page' WHERE tenant_id = :tenant AND code = 2000",
            tenant=keeper.platform.tenant,
        )
    done = restored(keeper)
    assert isinstance(done, NotRestored)
    assert "has events of the meter fax.call, which the tenant does not have" in done.reason


def test_verify_finds_codes_without_a_meter_that_is_in_use(keeper: Keeper) -> None:
    with keeper.platform.database.writing() as transaction:
        for sql in (
            "UPDATE meters SET used_at = NULL WHERE tenant_id = :tenant AND code = 2000",
            "DELETE FROM meters WHERE tenant_id = :tenant AND code = 8500",
            "UPDATE meters SET unit = 'month' WHERE tenant_id = :tenant AND code = 1000",
        ):
            transaction.execute(sql, tenant=keeper.platform.tenant)
    found = [it for it in keeper.platform.differences() if it.check == CHECK]
    assert [(it.side, it.row["meter"]) for it in found] == [
        ("not marked as used", 2000),
        ("no such meter", 8500),
        ("a code of another category or unit", 1000),
    ]
