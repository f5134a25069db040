"""A tenant's own meters, and the catalog that they are part of."""

import pytest

from tests.store.directories import AT, organization
from tollbook.domain.catalog import BUILT_IN
from tollbook.domain.meters import Category, Meter
from tollbook.domain.own_meters import MeterTerms, own_meter
from tollbook.store import event_types, meters
from tollbook.store.database import Transaction
from tollbook.store.event_ids import encode_id
from tollbook.store.event_types import MappedType
from tollbook.store.meter_checks import meter_differences
from tollbook.store.verification import RowDifference

MESSAGES = range(1000, 2000)


def chat(code: int = 1000, **given: object) -> Meter:
    terms = {"type": f"chat.message{code}", "unit": "message", "category": Category.MESSAGING}
    return own_meter(MeterTerms(**{**terms, **given}), code, created_at=AT)  # type: ignore[arg-type]


def add(transaction: Transaction, *found: Meter, tenant: str = "a") -> None:
    for it in found:
        meters.add_meter(transaction, tenant, it)


def own(transaction: Transaction, tenant: str = "a") -> tuple[Meter, ...]:
    return meters.read_catalog(transaction, tenant).own


def test_a_tenant_without_own_meters_shares_the_built_in_catalog(tx: Transaction) -> None:
    add(tx, chat())
    assert meters.read_catalog(tx, "b") is BUILT_IN


@pytest.mark.parametrize(
    "meter",
    [
        chat(),
        chat(name="Größe 💬", whole=True, resource_required=True),
        own_meter(MeterTerms("a.b", "month", Category.VOICE), 2500, 1, 2, 3),
        own_meter(MeterTerms("a.b", "GB-day", Category.API_STORAGE), 4000, 0, 0, None),
        own_meter(MeterTerms("a.inbound", "page", Category.BRAND_REGISTRATION), 8999),
    ],
    ids=lambda it: it.type,
)
def test_a_meter_comes_back_as_it_was_added(transaction: Transaction, meter: Meter) -> None:
    add(transaction, meter)
    assert own(transaction) == (meter,)
    assert meters.find_own(transaction, "a", meter.type) == meter
    assert meters.hold_meter(transaction, "a", meter.type) == meter
    assert meters.find_own(transaction, "b", meter.type) is None


@pytest.mark.parametrize("type_", ["unknown.type", "sms.outbound", "", "chat.message1000\0"])
def test_no_other_type_is_an_own_meter(transaction: Transaction, type_: str) -> None:
    add(transaction, chat())
    assert meters.hold_meter(transaction, "a", type_) is None


def test_mapped_types_alone_make_a_catalog_of_the_tenant(tx: Transaction) -> None:
    event_types.add_type(tx, "a", MappedType("com.acme.call", 5, 1))
    catalog = meters.read_catalog(tx, "a")
    assert catalog.own == ()
    assert catalog.event_types == {"com.acme.call": "voice.call"}


def test_a_type_may_be_mapped_to_an_own_meter(tx: Transaction) -> None:
    add(tx, chat())
    event_types.add_type(tx, "a", MappedType("com.acme.chat", 1000, 1))
    assert meters.read_catalog(tx, "a").event_types == {"com.acme.chat": chat().type}


def test_a_change_keeps_the_age_and_the_use_of_a_meter(tx: Transaction) -> None:
    add(tx, chat(), tenant="b")
    add(tx, chat(), chat(1001))
    meters.mark_used(tx, "a", [1000], AT + 5)
    changed = own_meter(
        MeterTerms(chat().type, "month", Category.VOICE, "Chats", whole=True), 2500, 9, 9, AT + 7
    )
    meters.change_meter(tx, "a", changed)
    found = meters.find_own(tx, "a", chat().type)
    assert found == own_meter(
        MeterTerms(chat().type, "month", Category.VOICE, "Chats", whole=True),
        2500,
        AT,
        AT + 5,
        AT + 7,
    )
    assert meters.find_own(tx, "a", chat(1001).type) == chat(1001)
    assert own(tx, "b") == (chat(),)


def test_the_first_use_of_a_meter_is_kept(transaction: Transaction) -> None:
    add(transaction, chat(), chat(1001), chat(1002))
    add(transaction, chat(), tenant="b")
    meters.mark_used(transaction, "a", [1001, 1000], AT + 1)
    meters.mark_used(transaction, "a", iter([1000, 5]), AT + 2)
    assert {it.code: it.used_at for it in own(transaction)} == {
        1000: AT + 1,
        1001: AT + 1,
        1002: None,
    }
    assert own(transaction, "b")[0].used_at is None
    assert list(meters.read_catalog(transaction, "a").unused) == [1002]


def test_the_use_of_an_instant_of_zero_is_a_use(tx: Transaction) -> None:
    add(tx, chat())
    meters.mark_used(tx, "a", [1000], 0)
    meters.mark_used(tx, "a", [1000], AT)
    assert own(tx)[0].used_at == 0


def differences(transaction: Transaction) -> list[RowDifference]:
    return list(meter_differences(transaction))


def charge(transaction: Transaction, number: int, *codes: int) -> None:
    """Add a sum for each meter, in two months."""
    transaction.execute_many(
        "INSERT INTO organization_monthly (organization_id, month, meter, count, quantity, "
        "billed, cost) VALUES (:number, :month, :code, 1, 1, 1, 1)",
        [
            {"number": number, "month": month, "code": code}
            for code in codes
            for month in (202401, 202402)
        ],
    )


def test_a_stored_code_has_a_meter_of_its_own_tenant_that_is_used(
    transaction: Transaction,
) -> None:
    first = organization(transaction, "org_1", "a")
    second = organization(transaction, "org_1", "b")
    add(transaction, chat(), chat(1001))
    meters.mark_used(transaction, "a", [1000], AT)
    charge(transaction, first, 1, 999, 1000, 1001)
    charge(transaction, second, 1000)
    assert differences(transaction) == [
        RowDifference("meters", "not marked as used", {"organization_id": first, "meter": 1001}),
        RowDifference("meters", "no such meter", {"organization_id": second, "meter": 1000}),
    ]


def test_a_code_in_quarantine_must_have_a_meter_too(transaction: Transaction) -> None:
    number = organization(transaction, "org_1", "a")
    transaction.execute(
        "INSERT INTO quarantine (organization_id, id, received_at, code, reason, event, time, "
        "user_id, meter, country) VALUES (:number, :id, 1, 'no_price', '', '{}', 1, '', 1000, '')",
        id=encode_id("x"),
        number=number,
    )
    missing = RowDifference("meters", "no such meter", {"organization_id": number, "meter": 1000})
    assert differences(transaction) == [missing]
    add(transaction, chat())
    assert [it.side for it in differences(transaction)] == ["not marked as used"]
    meters.mark_used(transaction, "a", [1000], AT)
    assert differences(transaction) == []


@pytest.mark.parametrize(
    ("category", "unit", "code", "fits"),
    [
        (Category.MESSAGING, "message", 1000, True),
        (Category.MESSAGING, "message", 1499, True),
        (Category.MESSAGING, "message", 1500, False),
        (Category.MESSAGING, "month", 1500, True),
        (Category.MESSAGING, "month", 1499, False),
        (Category.VOICE, "message", 1000, False),
        (Category.VOICE, "message", 2000, True),
        (Category.BRAND_REGISTRATION, "page", 8499, True),
        (Category.BRAND_REGISTRATION, "page", 9000, False),
    ],
)
def test_a_code_is_one_of_its_category_and_unit(
    tx: Transaction, category: Category, unit: str, code: int, fits: bool
) -> None:
    add(tx, own_meter(MeterTerms("a.b", unit, category), code))
    row = {"tenant_id": "a", "type": "a.b", "meter": code, "category": category.value}
    side = "a code of another category or unit"
    assert differences(tx) == ([] if fits else [RowDifference("meters", side, row)])
