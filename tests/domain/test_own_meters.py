"""A tenant's own meters: their rules, their codes, and the catalog that they are part of."""

import pytest

from tollbook.domain.catalog import BUILT_IN, MOST_HINTS, Catalog, HintingCatalog
from tollbook.domain.meters import (
    BY_TYPE,
    CATALOG,
    OWN_ORGANIZATION_LEVEL,
    Category,
    is_organization_level,
)
from tollbook.domain.own_meters import (
    MOST_OWN_METERS,
    RESERVED_UNITS,
    MeterTerms,
    category_of_code,
    fits_code,
    free_code,
    is_own_code,
    own_codes_of,
    own_meter,
    terms_of,
    terms_problems,
)
from tollbook.domain.ready_catalogs import READY_CATALOGS

WHATSAPP = MeterTerms("whatsapp.marketing", "message", Category.MESSAGING, whole=True)


def codes_of_problems(type_: str = "fax.page", unit: str = "page", name: str = "") -> list[str]:
    return [it.code for it in terms_problems(MeterTerms(type_, unit, Category.VOICE, name))]


@pytest.mark.parametrize("type_", ["a.b", "whatsapp.marketing", "x1.y_2.z", "a." + "b" * 62])
def test_a_type_is_two_or_more_words_joined_by_dots(type_: str) -> None:
    assert codes_of_problems(type_) == []


@pytest.mark.parametrize(
    "type_",
    [
        *("", "total", "A.b", "a.1b", "a..b", ".a.b", "a.b.", "a-b.c", "a.b c", "é.b", "a.b\n"),
        "a." + "b" * 63,
    ],
)
def test_anything_else_is_no_type(type_: str) -> None:
    assert codes_of_problems(type_) == ["invalid_type"]


@pytest.mark.parametrize("unit", ["message", "GB-day", "minute-month", "m", "x" * 32])
def test_a_unit_is_a_word(unit: str) -> None:
    assert codes_of_problems(unit=unit) == []


@pytest.mark.parametrize("unit", ["", "two words", "a-", "-a", "a--b", "k1", "x" * 33, "Ä", "a\n"])
def test_anything_else_is_no_unit(unit: str) -> None:
    assert codes_of_problems(unit=unit) == ["invalid_unit"]


@pytest.mark.parametrize("unit", sorted(RESERVED_UNITS))
def test_a_word_of_prices_is_no_unit(unit: str) -> None:
    assert codes_of_problems(unit=unit) == ["reserved_unit"]


def test_a_name_has_the_rules_of_the_name_of_an_organization() -> None:
    assert codes_of_problems(name="x" * 200) == []
    assert codes_of_problems(name="x" * 201) == ["too_long"]
    assert codes_of_problems(name="a\nb") == ["control_characters"]


def test_the_name_is_the_type_unless_it_is_given() -> None:
    assert own_meter(WHATSAPP, 1000).name == "whatsapp.marketing"
    terms = MeterTerms("a.b", "item", Category.VOICE, "Something")
    assert terms_of(own_meter(terms, 2000)) == terms


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("unit", ["message", "month"])
def test_a_code_names_the_category_and_the_kind(category: Category, unit: str) -> None:
    code = free_code(category, unit, ())
    assert category_of_code(code) is category
    assert is_own_code(code)
    assert fits_code(code, category, unit)
    assert not fits_code(code, category, "message" if unit == "month" else "month")
    assert code % 1000 == (500 if unit == "month" else 0)
    others = [it for it in Category if it is not category]
    assert not any(fits_code(code, it, unit) for it in others)


def test_a_tenant_finds_a_code_for_each_meter_that_it_may_have() -> None:
    taken: set[int] = set()
    for _ in range(MOST_OWN_METERS):
        taken.add(free_code(Category.KNOWLEDGE_BASE, "month", taken))
    assert len(taken) == MOST_OWN_METERS
    assert all(it < 2**15 for it in taken)


def test_codes_of_the_built_in_meters_are_not_those_of_own_ones() -> None:
    assert not any(is_own_code(it.code) for it in CATALOG)
    assert all(category_of_code(it.code) is None for it in CATALOG)


def test_organization_level_is_in_the_code() -> None:
    assert own_codes_of(Category.BRAND_REGISTRATION) == OWN_ORGANIZATION_LEVEL
    for meter in (*CATALOG, *(own_meter(WHATSAPP, it) for it in (1000, 1500, 7999))):
        assert is_organization_level(meter.code) == meter.organization_level
    campaign = MeterTerms("campaign.monthly", "month", Category.BRAND_REGISTRATION)
    assert own_meter(campaign, 8500).organization_level
    assert is_organization_level(8500)


def test_the_sender_is_the_other_end_of_meters_whose_last_word_is_inbound() -> None:
    inbound = MeterTerms("inbound.fax.inbound", "page", Category.MESSAGING)
    assert own_meter(inbound, 1000).inbound
    assert not own_meter(MeterTerms("fax.inbound.page", "page", Category.MESSAGING), 1000).inbound


def test_seconds_and_gigabyte_days_need_a_quantity_as_those_of_built_in_meters() -> None:
    units = {"second": True, "GB-day": True, "message": False, "month": False, "token": False}
    for unit, is_measured in units.items():
        assert own_meter(MeterTerms("a.b", unit, Category.VOICE), 2000).measured is is_measured


def test_the_catalog_has_own_meters_after_the_built_in_ones_by_category_and_age() -> None:
    voice = own_meter(MeterTerms("a.voice", "second", Category.VOICE), 2000, created_at=1)
    late = own_meter(MeterTerms("a.late", "message", Category.MESSAGING), 1001, created_at=3)
    early = own_meter(MeterTerms("b.early", "message", Category.MESSAGING), 1000, created_at=2)
    catalog = Catalog([voice, late, early])
    assert catalog.meters == (*CATALOG, early, late, voice)
    assert catalog.in_order(["a.voice", "b.early", "sms.inbound"]) == [
        "sms.inbound",
        "b.early",
        "a.voice",
    ]
    assert catalog.by_type["a.late"] is catalog.of_code(1001) is late
    assert set(catalog.unused) == {1000, 1001, 2000}


def test_a_code_without_a_meter_has_a_name_of_its_own() -> None:
    meter = BUILT_IN.of_code(2007)
    assert (meter.type, meter.category) == ("unknown.code_2007", Category.VOICE)


def test_the_nearest_type_is_one_that_may_be_sent() -> None:
    retired = own_meter(WHATSAPP, 1000, retired_at=5)
    catalog = Catalog([retired])
    assert BUILT_IN.nearest("sms.outbond") == "sms.outbound"
    assert catalog.nearest("whatsapp.marketin") is None
    assert Catalog([own_meter(WHATSAPP, 1000)]).nearest("whatsapp.marketin") == WHATSAPP.type
    assert BUILT_IN.nearest("sms.outbond", ("voice.call",)) is None
    assert BUILT_IN.nearest("zzzz") is None
    assert BUILT_IN.nearest("sms.outbound" * 10) is None


def test_hints_are_sought_for_a_few_types_of_a_request_only() -> None:
    catalog = HintingCatalog(BUILT_IN)
    assert BUILT_IN.hint("sms.outbond") is None
    assert catalog.hint("sms.outbond") == catalog.hint("sms.outbond") == "sms.outbound"
    for number in range(MOST_HINTS):
        catalog.hint(f"x{number}")
    assert catalog.hint("sms.inbond") is None
    assert catalog.hint("sms.outbond") == "sms.outbound"


@pytest.mark.parametrize("name", READY_CATALOGS)
def test_ready_made_catalogs_follow_the_rules(name: str) -> None:
    meters = READY_CATALOGS[name]
    assert [terms_problems(it) for it in meters] == [[]] * len(meters)
    assert all(it.type not in BY_TYPE for it in meters)
    assert all(it.name for it in meters)


def test_no_type_is_in_two_ready_made_catalogs() -> None:
    types = [it.type for meters in READY_CATALOGS.values() for it in meters]
    assert len(types) == len(set(types)) == 38
    assert len(READY_CATALOGS) == 12
