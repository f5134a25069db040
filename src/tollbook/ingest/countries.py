"""The country of an event: that of the number at the other end."""

from tollbook.domain.charges import Attributes
from tollbook.domain.meters import Meter
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import country_of as country_of_digits


def country_of(meter: Meter, attributes: Attributes, number_format: str) -> str:
    """Return the ISO 3166 code of the number that an event went `to`, or came `from`.

    Short codes, SIP addresses and events without a number have no country: return "".
    """
    inbound = meter.inbound or (meter.directed and attributes.get("direction") == "inbound")
    digits = digits_of(attributes.get("from" if inbound else "to"), number_format)
    return (country_of_digits(digits) or "") if digits else ""
