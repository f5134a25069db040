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
    whole quantities only. `needs_resource` meters require a `resource_id`; the built-in ones are
    counted by distinct resource. `organization_level` meters are never in a user's figures.
    `inbound` meters count received usage, so the remote end is the sender, which the attribute
    `direction` decides for `directed` meters. If an event has no quantity, that of a `text` meter
    is counted from the message's text, and an event of a `measured` meter is rejected.

    A tenant's own meter (`domain/own_meters.py`) is not `built_in`. `used_at` is when it had its
    first event; a meter with `retired_at` accepts no new events. Both are in microseconds.
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
    directed: bool = False
    name: str = ""
    built_in: bool = True
    created_at: int = 0
    used_at: int | None = None
    retired_at: int | None = None

    @property
    def is_retired(self) -> bool:
        """Return whether the meter accepts no new events."""
        return self.retired_at is not None

    @property
    def is_monthly(self) -> bool:
        """Return whether the meter is charged once a month, and recurs in the next month."""
        return self.unit == "month"

    @property
    def is_charged_once(self) -> bool:
        """Return whether the meter is charged on single days, unlike usage."""
        return self.is_monthly or self.category in ONCE_CATEGORIES


ONCE_CATEGORIES = (Category.PHONE_PURCHASE, Category.BRAND_REGISTRATION)
"""The categories whose usage is charged on single days, whatever its unit."""


CATALOG = (
    Meter("sms.outbound", 1, Category.MESSAGING, "segment", whole=True, text=True, name="SMS sent"),
    Meter(
        "sms.inbound",
        2,
        Category.MESSAGING,
        "segment",
        whole=True,
        text=True,
        inbound=True,
        name="SMS received",
    ),
    Meter("mms.outbound", 3, Category.MESSAGING, "segment", whole=True, name="MMS sent"),
    Meter(
        "mms.inbound",
        4,
        Category.MESSAGING,
        "segment",
        whole=True,
        inbound=True,
        name="MMS received",
    ),
    Meter(
        "voice.call", 5, Category.VOICE, "second", measured=True, directed=True, name="Voice calls"
    ),
    Meter("api.request", 6, Category.API_REQUEST, "request", whole=True, name="API requests"),
    Meter("api.storage", 7, Category.API_STORAGE, "GB-day", measured=True, name="Storage"),
    Meter("phone.rental", 8, Category.PHONE_RENTAL, "month", name="Phone monthly"),
    Meter(
        "phone.purchase", 9, Category.PHONE_PURCHASE, "number", whole=True, name="Phones purchased"
    ),
    Meter(
        "kb.rental",
        10,
        Category.KNOWLEDGE_BASE,
        "month",
        needs_resource=True,
        name="Knowledge base rental",
    ),
    Meter(
        "kb.usage",
        11,
        Category.KNOWLEDGE_BASE,
        "second",
        needs_resource=True,
        measured=True,
        name="Knowledge base minutes",
    ),
    Meter(
        "brand.registration",
        12,
        Category.BRAND_REGISTRATION,
        "registration",
        whole=True,
        organization_level=True,
        name="Brand registration",
    ),
)

BY_TYPE = {meter.type: meter for meter in CATALOG}
BY_CODE = {meter.code: meter for meter in CATALOG}


def codes_of(category: Category) -> tuple[int, ...]:
    """Return the codes of a category's meters."""
    return tuple(meter.code for meter in CATALOG if meter.category is category)


def is_organization_level(code: int) -> bool:
    """Return whether the usage of a stored code is of the organization, never of a user.

    The code of a tenant's own meter has its category in it (`domain/own_meters.py`).
    """
    meter = BY_CODE.get(code)
    if meter is not None:
        return meter.organization_level
    return OWN_ORGANIZATION_LEVEL.start <= code < OWN_ORGANIZATION_LEVEL.stop


OWN_ORGANIZATION_LEVEL = range(8000, 9000)
"""The codes of own meters of the category brand registration."""
