"""Errors of changes to a tenant's own meters."""

from tollbook.domain.errors import RequestError


class MeterExists(RequestError):
    """The tenant has a meter of this type with other terms."""

    status = 409
    code = "meter_exists"


class MeterInUse(RequestError):
    """The meter has events, so that the fields which the message names cannot change."""

    status = 409
    code = "meter_in_use"


class MeterPriced(RequestError):
    """A price book has a rate for the meter, so that its unit cannot change."""

    status = 409
    code = "meter_priced"


class TooManyMeters(RequestError):
    """The tenant has as many own meters as it may have."""

    status = 409
    code = "too_many_meters"


class BuiltInMeter(RequestError):
    """The meter is built in: it is the same for every tenant and cannot change."""

    status = 409
    code = "built_in_meter"
