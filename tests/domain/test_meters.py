"""The catalog of meters: stored numbers never change."""

from tollbook.domain.meters import BY_CODE, CATALOG

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


def test_the_codes_of_meters_are_for_ever() -> None:
    assert {meter.type: meter.code for meter in CATALOG} == STORED_CODES
    assert len(BY_CODE) == len(CATALOG)


def test_only_brand_registration_is_the_organizations_own() -> None:
    assert [it.type for it in CATALOG if it.organization_level] == ["brand.registration"]
