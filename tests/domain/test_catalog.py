"""The catalog of a tenant: what makes two alike, and how unknown types are refused."""

import pytest

from tollbook.domain.catalog import (
    BUILT_IN,
    MOST_HINTS,
    Catalog,
    HintingCatalog,
    known_types,
    unknown_meter_sentence,
)
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.meters import CATALOG, Category, Meter
from tollbook.domain.own_meters import MeterTerms, own_meter

FAX = MeterTerms("fax.outbound", "page", Category.MESSAGING)


def fax(code: int = 1000, **given: int) -> Meter:
    return own_meter(FAX, code, **given)


def refused(*types: str, catalog: Catalog = BUILT_IN, **given: str | tuple[str, ...]) -> list[str]:
    """Return the errors of a list of types, each of which is refused for the same field."""
    with pytest.raises(InvalidRequest) as error:
        known_types(types, catalog, **given)  # type: ignore[arg-type]
    details = error.value.details
    assert {(it.field, it.code) for it in details} == {
        (given.get("field", "meter"), "invalid_choice")
    }
    return [it.error for it in details]


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        (Catalog(), BUILT_IN, True),
        (Catalog([fax()]), Catalog([fax()]), True),
        (Catalog([fax()]), Catalog([fax(1001)]), False),
        (Catalog([fax()]), Catalog([fax(used_at=5)]), False),
        (Catalog([fax()]), BUILT_IN, False),
        (Catalog((), {"com.example.fax": "sms.outbound"}), BUILT_IN, False),
        (Catalog((), {"a": "sms.outbound"}), Catalog((), {"a": "sms.inbound"}), False),
        (HintingCatalog(Catalog([fax()])), Catalog([fax()]), True),
        (BUILT_IN, CATALOG, False),
        (BUILT_IN, None, False),
    ],
)
def test_catalogs_with_the_same_meters_and_mapped_types_are_equal(
    one: Catalog, other: object, are_equal: bool
) -> None:
    assert (one == other) is are_equal
    assert not are_equal or hash(one) == hash(other)


def test_meters_are_equal_in_whatever_order_they_were_read() -> None:
    first = fax(created_at=1)
    second = own_meter(MeterTerms("ai.call", "second", Category.VOICE), 2000, created_at=1)
    third = own_meter(MeterTerms("a.fax", "page", Category.MESSAGING), 1001, created_at=1)
    one, other = Catalog([first, second, third]), Catalog([third, second, first])
    assert one == other
    assert [it.type for it in one][-3:] == ["a.fax", "fax.outbound", "ai.call"]
    assert list(one)[: len(CATALOG)] == list(CATALOG)


@pytest.mark.parametrize(
    ("catalog", "is_built_in"),
    [
        (BUILT_IN, True),
        (Catalog([fax()]), False),
        (Catalog((), {"com.example.fax": "sms.outbound"}), False),
    ],
)
def test_a_catalog_is_built_in_until_the_tenant_adds_something(
    catalog: Catalog, is_built_in: bool
) -> None:
    assert catalog.is_built_in is is_built_in


def test_only_own_meters_without_an_event_are_unused() -> None:
    used = own_meter(MeterTerms("ai.call", "second", Category.VOICE), 2000, used_at=0)
    assert Catalog([fax(), used]).unused == {1000: fax()}
    assert BUILT_IN.unused == {}


def test_built_in_meters_stay_when_a_tenant_adds_its_own() -> None:
    catalog = Catalog([fax()])
    for meter in CATALOG:
        assert catalog.by_type[meter.type] is catalog.of_code(meter.code) is meter
    assert "fax.outbound" not in BUILT_IN.by_type
    assert 1000 not in BUILT_IN.by_code


@pytest.mark.parametrize(
    ("code", "category"),
    [(999, "messaging"), (1999, "messaging"), (8999, "brand_registration"), (9000, "messaging")],
)
def test_a_code_of_no_meter_is_shown_in_the_category_that_it_names(
    code: int, category: str
) -> None:
    meter = Catalog([fax()]).of_code(code)
    assert (meter.type, meter.code) == (f"unknown.code_{code}", code)
    assert (meter.category, meter.unit, meter.built_in) == (category, "unit", False)


def test_known_types_come_in_the_order_of_the_catalog_each_once() -> None:
    types = ["fax.outbound", "voice.call", "sms.outbound", "voice.call"]
    found = known_types(types, Catalog([fax()]))
    assert found == ("sms.outbound", "voice.call", "fax.outbound")
    assert known_types([], BUILT_IN) == ()


def test_a_retired_type_is_known() -> None:
    assert known_types(["fax.outbound"], Catalog([fax(retired_at=5)])) == ("fax.outbound",)


def test_every_unknown_type_is_refused_with_the_nearest_one() -> None:
    first, second = refused("sms.outbond", "voice.call", "zzzz")
    assert first.startswith("meter sms.outbond is unknown; the nearest meter is sms.outbound. ")
    assert second.startswith("meter zzzz is unknown. ")


def test_the_field_of_the_types_is_in_the_refusal() -> None:
    (error,) = refused("sms.outbond", field="meters")
    assert error.startswith("meters sms.outbond is unknown;")


def test_only_an_allowed_type_is_named_as_the_nearest() -> None:
    (error,) = refused("sms.outbond", allowed=("mms.outbound", "voice.call"))
    assert "; the nearest meter is mms.outbound. " in error
    (error,) = refused("sms.outbond", allowed=("voice.call",))
    assert "nearest" not in error


def test_a_refusal_seeks_the_nearest_of_a_few_types_only() -> None:
    errors = refused(*[f"sms.outbound{number}" for number in range(MOST_HINTS + 2)])
    assert ["nearest" in it for it in errors] == [True] * MOST_HINTS + [False] * 2


def test_a_known_type_that_comes_back_needs_no_second_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sought: list[str] = []
    monkeypatch.setattr(HintingCatalog, "nearest", lambda _, type_, __: sought.append(type_))
    catalog = HintingCatalog(BUILT_IN)
    assert [catalog.hint(it) for it in ("sms.outbond", "sms.outbond", "x")] == [None] * 3
    assert sought == ["sms.outbond", "x"]


def test_the_sentence_says_how_a_meter_is_added() -> None:
    assert unknown_meter_sentence("type", None) == (
        "type is unknown. GET /v1/meters lists the meters, and POST /v1/meters or "
        "tollbook meters add adds one"
    )
