"""The country of an event is that of the number at the other end."""

import pytest

from tollbook.domain.charges import Attributes
from tollbook.domain.meters import BY_TYPE
from tollbook.ingest.countries import country_of

GB, DE = "+442071838750", "+4930123456"


@pytest.mark.parametrize(
    ("meter", "attributes", "country"),
    [
        ("sms.outbound", {"to": GB, "from": DE}, "GB"),
        ("sms.inbound", {"to": GB, "from": DE}, "DE"),
        ("mms.outbound", {"to": GB, "from": DE}, "GB"),
        ("mms.inbound", {"to": GB, "from": DE}, "DE"),
        ("voice.call", {"to": GB, "from": DE}, "GB"),
        ("voice.call", {"to": GB, "from": DE, "direction": "outbound"}, "GB"),
        ("voice.call", {"to": GB, "from": DE, "direction": "inbound"}, "DE"),
        ("sms.outbound", {"to": GB, "direction": "inbound"}, "GB"),
        ("sms.inbound", {"to": GB}, ""),
        ("sms.outbound", {"from": DE}, ""),
        ("sms.outbound", {"to": "12345"}, ""),
        ("voice.call", {"to": "sip:ann@example.org"}, ""),
        ("voice.call", {"to": ""}, ""),
        ("voice.call", {"to": None}, ""),
        ("voice.call", {}, ""),
    ],
)
def test_the_other_end_has_the_country(meter: str, attributes: Attributes, country: str) -> None:
    assert country_of(BY_TYPE[meter], attributes, "strict") == country


def test_how_numbers_are_written_decides_what_is_a_number() -> None:
    assert country_of(BY_TYPE["sms.outbound"], {"to": "442071838750"}, "strict") == ""
    assert country_of(BY_TYPE["sms.outbound"], {"to": "442071838750"}, "international") == "GB"
    assert country_of(BY_TYPE["sms.outbound"], {"to": "020 7183 8750"}, "international") == ""
    assert country_of(BY_TYPE["sms.outbound"], {"to": "020 7183 8750"}, "GB") == "GB"
