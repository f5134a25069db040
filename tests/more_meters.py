"""Tollbook with two more meters: one of a category that exists, one of the organization itself."""

from tollbook.domain import meters
from tollbook.domain.meters import Category, Meter

MORE = (
    Meter("fax.outbound", 13, Category.MESSAGING, "page", whole=True),
    Meter(
        "campaign.registration",
        14,
        Category.BRAND_REGISTRATION,
        "item",
        whole=True,
        organization_level=True,
    ),
)


def add(*more: Meter) -> None:
    """Add meters to the catalog, before modules are imported that make statements of it."""
    meters.CATALOG += more
    for meter in more:
        meters.BY_TYPE[meter.type] = meters.BY_CODE[meter.code] = meter


if __name__ == "__main__":
    add(*MORE)
    from tollbook.__main__ import main

    main()
