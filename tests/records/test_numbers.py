"""Addresses of records: schemes, hosts, short codes, extensions and channels."""

from typing import Any

import pytest

from tests.records.rows import read
from tollbook.domain.meters import Category
from tollbook.records.addresses import (
    called_address,
    calling_address,
    channel_of,
    skip_internal,
)
from tollbook.records.numbers import (
    format_of,
    is_internal,
    is_possible,
    is_short_code,
    number_in,
    plain,
    scheme_of,
)
from tollbook.records.rows import RefusedRow, SkippedRow


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("1001", "1001"),
        ("+442079460100", "+442079460100"),
        ("sip:1001@host", "1001"),
        ("SIP:1001@host:5060;user=phone", "1001"),
        ("sips:ann@host", "ann"),
        ("tel:+44-20-7946-0100;ext=1", "+44-20-7946-0100"),
        ("<sip:1001@host>", "1001"),
        ('"Ann, at home" <sip:1001@host>;tag=x', "1001"),
        ("1001@host", "1001"),
        ("sip:%2B442079460100%40host", "+442079460100"),
        ("whatsapp:+442079460100", "+442079460100"),
        ("messenger:123", "123"),
        ("client:ann", "client:ann"),
        ("CLIENT:ann", "client:ann"),
        ("client:ann@home", "client:ann@home"),
        (" 1001 ", "1001"),
        ("other:1001", "other:1001"),
        ("", ""),
    ],
)
def test_what_of_an_address_may_be_a_number(address: str, text: str) -> None:
    assert plain(address) == text


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        ("sip:x", "sip"),
        ("SIPS:x", "sips"),
        ("tel:x", "tel"),
        ("WhatsApp:x", "whatsapp"),
        ("rcs:x", "rcs"),
        ("client:x", "client"),
        ("other:x", ""),
        ("sip", ""),
        ("", ""),
    ],
)
def test_schemes(address: str, scheme: str) -> None:
    assert scheme_of(address) == scheme


@pytest.mark.parametrize(
    ("country", "bare", "number_format"),
    [
        (None, None, "strict"),
        (None, "international", "international"),
        (None, "national", "strict"),
        ("GB", None, "GB"),
        ("GB", "national", "GB"),
        ("GB", "international", "GB+international"),
    ],
)
def test_options_name_the_number_format(
    country: str | None, bare: str | None, number_format: str
) -> None:
    assert format_of(country, bare, "strict") == number_format


@pytest.mark.parametrize(
    ("text", "number_format", "access_code", "number"),
    [
        ("+442079460100", "strict", "", "+442079460100"),
        ("442079460100", "strict", "", ""),
        ("442079460100", "international", "", "+442079460100"),
        ("02079460100", "GB", "", "+442079460100"),
        ("00442079460100", "GB", "", "+442079460100"),
        ("902079460100", "GB", "9", "+442079460100"),
        ("02079460100", "GB", "9", "+442079460100"),
        ("9", "GB", "9", ""),
        ("", "GB", "9", ""),
        ("0", "GB", "", ""),
        ("44207", "international", "", ""),
        ("999999999999", "international", "", ""),
        ("442079460100442079460100", "international", "", ""),
        ("ann", "international", "", ""),
        ("+44 20 7946 0100", "strict", "", "+442079460100"),
    ],
)
def test_numbers_in_e164(text: str, number_format: str, access_code: str, number: str) -> None:
    assert number_in(text, number_format, access_code) == number


@pytest.mark.parametrize(
    ("digits", "possible"),
    [
        ("442079460100", True),
        ("14155550100", True),
        ("1415555010", False),
        ("141555501000", False),
        ("999", False),
        ("0", False),
        ("", False),
        ("21012345678", False),
    ],
)
def test_the_length_of_a_number_is_one_of_its_country(digits: str, possible: bool) -> None:
    assert is_possible(digits) is possible


@pytest.mark.parametrize(
    ("caller", "called", "internal"),
    [
        ("1001", "1002", True),
        ("10", "11", True),
        ("100001", "100002", True),
        ("1", "2", False),
        ("1000001", "1000002", False),
        ("1001", "100", False),
        ("ann1", "1002", False),
        ("1001", "*100", False),
        ("", "", False),
    ],
)
def test_two_extensions_of_one_length_are_internal(
    caller: str, called: str, internal: bool
) -> None:
    assert is_internal(caller, called) is internal
    if internal:
        with pytest.raises(SkippedRow, match="internal"):
            skip_internal(f"sip:{called}@host", f'"x" <sip:{caller}@host>')
    else:
        skip_internal(called, caller)


@pytest.mark.parametrize(
    ("text", "short"),
    [("123", True), ("12345678", True), ("12", False), ("123456789", False), ("12a", False)],
)
def test_short_codes(text: str, short: bool) -> None:
    assert is_short_code(text) is short


@pytest.mark.parametrize(
    ("called", "category", "address"),
    [
        ("+442079460100", Category.VOICE, "+442079460100"),
        ("+442079460100", Category.MESSAGING, "+442079460100"),
        ("client:ann", Category.VOICE, "client:ann"),
        ("12345", Category.MESSAGING, "12345"),
        ("12345", Category.VOICE, "invalid_number"),
        ("messenger:ann", Category.MESSAGING, "messenger:ann"),
        ("rcs:agent", Category.MESSAGING, "rcs:agent"),
        ("messenger:ann", Category.VOICE, "invalid_number"),
        ("whatsapp:ann", Category.MESSAGING, "invalid_number"),
        ("whatsapp:+442079460100", Category.MESSAGING, "+442079460100"),
        ("", Category.VOICE, "missing_field"),
        ("sip:@host", Category.MESSAGING, "missing_field"),
        ("", None, ""),
        ("ann", None, "invalid_number"),
    ],
)
def test_called_addresses(called: str, category: Category | None, address: str) -> None:
    try:
        found = called_address(called, category, "strict", "")
    except RefusedRow as refusal:
        found = refusal.code
    assert found == address


@pytest.mark.parametrize(
    ("caller", "number_format", "address"),
    [
        ("02079460100", "GB", "+442079460100"),
        ("1001", "GB", "1001"),
        ("Acme", "GB", "Acme"),
        ("Client:ann", "GB", "client:ann"),
        ("sip:ann@host", "GB", "ann"),
        ("", "GB", ""),
    ],
)
def test_calling_addresses(caller: str, number_format: str, address: str) -> None:
    assert calling_address(caller, number_format) == address


@pytest.mark.parametrize(
    ("called", "caller", "channel"),
    [
        ("whatsapp:+442079460100", "+14155550100", "whatsapp"),
        ("+442079460100", "rcs:agent", "rcs"),
        ("messenger:1", "whatsapp:+14155550100", "messenger"),
        ("sip:1001@host", "tel:+14155550100", ""),
        ("+442079460100", "+14155550100", ""),
    ],
)
def test_channels(called: str, caller: str, channel: str) -> None:
    assert channel_of(called, caller) == channel


@pytest.mark.parametrize(
    ("to", "sender", "attributes"),
    [
        (
            "whatsapp:+442079460100",
            "whatsapp:+14155550100",
            {"to": "+442079460100", "from": "+14155550100", "channel": "whatsapp"},
        ),
        (
            "messenger:ann",
            "messenger:acme",
            {"to": "messenger:ann", "from": "acme", "channel": "messenger"},
        ),
        ("12345", "+14155550100", {"to": "12345", "from": "+14155550100"}),
        ("+442079460100", "+266696687", {"to": "+442079460100", "from": "anonymous"}),
    ],
)
def test_the_channel_of_a_message_is_in_its_addresses(
    to: str, sender: str, attributes: dict[str, Any]
) -> None:
    header = "sid,to,from,status,direction,date_sent,num_segments\n"
    content = header + f"SM1,{to},{sender},sent,outbound-api,2024-06-15T09:00:00Z,1\n"
    (event,) = read(content, "twilio").events
    assert event["attributes"] == {**attributes, "direction": "outbound"}
