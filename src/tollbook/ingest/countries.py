"""The country of an event: that of the number at the other end."""

from tollbook.domain.charges import Attributes
from tollbook.domain.meters import BY_TYPE
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import country_of as country_of_digits

_CALL = "voice.call"


def country_of(meter: str, attributes: Attributes, number_format: str) -> str:
    """Give the ISO 3166 code of whom a message or call went `to`, or came `from`; else nothing.

    What has no number, such as a short code or a SIP address, has no country.
    """
    inbound = BY_TYPE[meter].inbound or (
        meter == _CALL and attributes.get("direction") == "inbound"
    )
    digits = digits_of(attributes.get("from" if inbound else "to"), number_format)
    return (country_of_digits(digits) or "") if digits else ""
