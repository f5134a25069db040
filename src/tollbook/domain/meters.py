"""The catalog of meters: one entry for each kind of usage."""

from enum import StrEnum

import msgspec


class Category(StrEnum):
    """A cost of the cost breakdown: the name of its field without `_cost`."""

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

    Tables store a meter as its `code`, which never changes and is never reused. `whole` meters have
    whole quantities only. `needs_resource` meters are counted by distinct resource.
    `organization_level` meters are never in a user's figures. `inbound` meters count received
    usage, so the remote end is the sender. If an event has no quantity, that of a `text` meter is
    counted from the message's text, and an event of a `measured` meter is rejected.
    """

    type: str
    code: int
    category: Category
    unit: str
    whole: bool = False
    needs_resource: bool = False
    organization_level: bool = False
    text: bool = False
    inbound: bool = False
    measured: bool = False

    @property
    def is_monthly(self) -> bool:
        """Return whether the meter is charged once a month, and recurs in the next month."""
        return self.unit == "month"

    @property
    def is_charged_once(self) -> bool:
        """Return whether the meter is charged on single days, unlike usage."""
        return self.is_monthly or self.category in _BOUGHT


_BOUGHT = (Category.PHONE_PURCHASE, Category.BRAND_REGISTRATION)


CATALOG = (
    Meter("sms.outbound", 1, Category.MESSAGING, "segment", whole=True, text=True),
    Meter("sms.inbound", 2, Category.MESSAGING, "segment", whole=True, text=True, inbound=True),
    Meter("mms.outbound", 3, Category.MESSAGING, "segment", whole=True),
    Meter("mms.inbound", 4, Category.MESSAGING, "segment", whole=True, inbound=True),
    Meter("voice.call", 5, Category.VOICE, "second", measured=True),
    Meter("api.request", 6, Category.API_REQUEST, "request", whole=True),
    Meter("api.storage", 7, Category.API_STORAGE, "GB-day", measured=True),
    Meter("phone.rental", 8, Category.PHONE_RENTAL, "month"),
    Meter("phone.purchase", 9, Category.PHONE_PURCHASE, "number", whole=True),
    Meter("kb.rental", 10, Category.KNOWLEDGE_BASE, "month", needs_resource=True),
    Meter("kb.usage", 11, Category.KNOWLEDGE_BASE, "second", needs_resource=True, measured=True),
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
    """Return the codes of a category's meters."""
    return tuple(meter.code for meter in CATALOG if meter.category is category)
