"""The catalogue of meters: every kind of usage Tollbook knows, one entry each."""

from enum import StrEnum

import msgspec


class Category(StrEnum):
    """What a meter's cost is called in an answer's cost breakdown."""

    MESSAGING = "messaging"
    VOICE = "voice"
    API_REQUEST = "api_request"
    API_STORAGE = "api_storage"
    PHONE_RENTAL = "phone_rental"
    PHONE_PURCHASE = "phone_purchase"
    KNOWLEDGE_BASE = "kb"
    BRAND_REGISTRATION = "brand_registration"


class Meter(msgspec.Struct, frozen=True):
    """One kind of usage.

    `code` is how the hot tables name the meter: it is stored, so it never changes and is never
    used again. `whole` meters take whole quantities only. `needs_resource` meters are counted by
    distinct resource. `organization_level` meters never enter a user's figures. The quantity of a
    `text` meter is counted from the message's text when an event does not say it.
    """

    type: str
    code: int
    category: Category
    unit: str
    whole: bool = False
    needs_resource: bool = False
    organization_level: bool = False
    text: bool = False


CATALOG = (
    Meter("sms.outbound", 1, Category.MESSAGING, "segment", whole=True, text=True),
    Meter("sms.inbound", 2, Category.MESSAGING, "segment", whole=True, text=True),
    Meter("mms.outbound", 3, Category.MESSAGING, "segment", whole=True),
    Meter("mms.inbound", 4, Category.MESSAGING, "segment", whole=True),
    Meter("voice.call", 5, Category.VOICE, "second"),
    Meter("api.request", 6, Category.API_REQUEST, "request", whole=True),
    Meter("api.storage", 7, Category.API_STORAGE, "GB-day"),
    Meter("phone.rental", 8, Category.PHONE_RENTAL, "month"),
    Meter("phone.purchase", 9, Category.PHONE_PURCHASE, "number", whole=True),
    Meter("kb.rental", 10, Category.KNOWLEDGE_BASE, "month", needs_resource=True),
    Meter("kb.usage", 11, Category.KNOWLEDGE_BASE, "second", needs_resource=True),
    Meter(
        "brand.registration",
        12,
        Category.BRAND_REGISTRATION,
        "registration",
        whole=True,
        organization_level=True,
    ),
)

BY_TYPE = {meter.type: meter for meter in CATALOG}
BY_CODE = {meter.code: meter for meter in CATALOG}


def codes_of(category: Category) -> tuple[int, ...]:
    """List the codes of a category's meters."""
    return tuple(meter.code for meter in CATALOG if meter.category is category)
