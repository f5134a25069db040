"""The catalog of meters: stored numbers never change."""

import pytest

from tollbook.domain.meters import BY_CODE, BY_TYPE, CATALOG, Category, codes_of

STORED_CODES = {
    "sms.outbound": 1,
    "sms.inbound": 2,
    "mms.outbound": 3,
    "mms.inbound": 4,
    "voice.call": 5,
    "api.request": 6,
    "api.storage": 7,
    "phone.rental": 8,
    "phone.purchase": 9,
    "kb.rental": 10,
    "kb.usage": 11,
    "brand.registration": 12,
}


def test_the_codes_of_meters_never_change() -> None:
    assert {meter.type: meter.code for meter in CATALOG} == STORED_CODES
    assert len(BY_CODE) == len(CATALOG)


def test_only_brand_registration_is_the_organizations_own() -> None:
    assert [it.type for it in CATALOG if it.organization_level] == ["brand.registration"]


def test_a_meter_is_found_by_its_type_and_its_code() -> None:
    for meter in CATALOG:
        assert BY_TYPE[meter.type] is BY_CODE[meter.code] is meter


def test_the_meters_of_all_categories_are_the_catalog() -> None:
    codes = [code for category in Category for code in codes_of(category)]
    assert sorted(codes) == sorted(BY_CODE)
    assert all(codes_of(category) for category in Category)


@pytest.mark.parametrize(
    ("category", "codes"),
    [
        (Category.MESSAGING, (1, 2, 3, 4)),
        (Category.VOICE, (5,)),
        (Category.KNOWLEDGE_BASE, (10, 11)),
    ],
)
def test_a_category_adds_up_its_own_meters(category: Category, codes: tuple[int, ...]) -> None:
    assert codes_of(category) == codes


def test_rentals_are_charged_once_a_month() -> None:
    assert [it.type for it in CATALOG if it.is_monthly] == ["phone.rental", "kb.rental"]


def test_rentals_purchases_and_registrations_are_charged_on_single_days() -> None:
    assert [it.type for it in CATALOG if it.is_charged_once] == [
        "phone.rental",
        "phone.purchase",
        "kb.rental",
        "brand.registration",
    ]


def test_units_that_are_counted_have_whole_quantities() -> None:
    counted = {"segment", "request", "number", "registration"}
    assert all(meter.whole == (meter.unit in counted) for meter in CATALOG)


def test_the_remote_end_of_received_messages_is_the_sender() -> None:
    assert [it.type for it in CATALOG if it.inbound] == ["sms.inbound", "mms.inbound"]


def test_only_knowledge_bases_are_counted_by_resource() -> None:
    needing = {it.category for it in CATALOG if it.needs_resource}
    assert needing == {Category.KNOWLEDGE_BASE}
