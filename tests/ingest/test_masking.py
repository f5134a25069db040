"""Phone numbers are stored as first digits and a keyed hash, and everything else stays the same."""

from collections.abc import Iterator

import msgspec
import phonenumbers
import pytest

from tests.builders import Platform, event
from tollbook.analytics.event import ChargedEvent, find_event
from tollbook.domain.charges import Attributes
from tollbook.domain.directory import Organization
from tollbook.domain.rerating import RerateRange
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.masking import Masker
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import CLIENT, NONE, NUMBER, SIP, country_of, kind_of, stored_digits_of
from tollbook.rerating.dry_run import dry_run
from tollbook.store import directory
from tollbook.store.database import Database
from tollbook.wiring import now

MASK = Masker(b"a key of some length")
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
BOOK = """
name: By prefix
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: voice.call, to: "44", price: "0.02", per: minute}
  - {meter: voice.call, to: "4420", price: "0.03", per: minute}
  - {meter: voice.call, price: "0.50", per: minute}
  - {meter: sms.outbound, when: {to.country: GB}, price: "0.04", per: segment}
  - {meter: sms.outbound, price: "0.05", per: segment}
"""
DEEP = '  - {meter: voice.call, to: "442071838750", price: "9", per: minute}\n'


@pytest.fixture
def platform(database: Database) -> Platform:
    made = Platform(database)
    made.directory_cache = DirectoryCache(database, now, MASK)
    made.load(BOOK)
    return made


def masked(value: str) -> str:
    found = MASK.mask({"to": value})["to"]
    assert isinstance(found, str)
    return found


def examples() -> Iterator[str]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_a_masked_number_has_the_country_and_the_length_of_the_whole_one() -> None:
    for number in examples():
        text = masked(number)
        assert number[1:] not in text
        assert kind_of(text) == NUMBER
        assert len(digits_of(text)) == len(number) - 1, number
        assert country_of(digits_of(text)) == country_of(number[1:]), number


@pytest.mark.parametrize("value", ["+442071838750", "00442071838750", "tel:+44-20-7183-8750"])
def test_however_it_is_written_a_number_is_stored_as_one_text(value: str) -> None:
    text = masked(value)
    assert text == masked("+442071838750")
    assert text.startswith("+44207183****#")
    assert stored_digits_of(text) == "44207183"
    assert masked(text) == text, "masking again changes nothing"
    assert masked(f" {text}\n") == f" {text}\n", "whatever stands around it"


def test_another_key_gives_another_hash() -> None:
    assert Masker(b"another").mask({"to": "+442071838750"})["to"] != masked("+442071838750")


@pytest.mark.parametrize("value", ["sip:jane@acme.example", "jane@acme.example"])
def test_addresses_are_hidden_whole(value: str) -> None:
    text = masked(value)
    assert "jane" not in text
    assert kind_of(text) == SIP
    assert masked(text) == text


@pytest.mark.parametrize(
    ("value", "number_format"),
    [
        ("442071838750", "international"),
        ("020 7183 8750", "GB"),
        ("sip:+442071838750@gw;user=phone", "strict"),
        ("\u200e+442071838750", "strict"),
        ("+4402071838750", "strict"),
    ],
)
def test_a_number_in_its_organizations_format_is_masked_as_any(
    value: str, number_format: str
) -> None:
    found = MASK.mask({"to": value, "from": value}, number_format)
    assert found == {"to": masked("+442071838750"), "from": masked("+442071838750")}


def test_digits_without_plus_are_read_in_to_and_from_only() -> None:
    given: Attributes = {"to": "442071838750", "reference": "442071838750"}
    found = MASK.mask(given, "international")
    assert found == {"to": masked("+442071838750"), "reference": "442071838750"}


def test_digits_that_cannot_be_read_are_hidden_whole_once_they_are_charged() -> None:
    given: Attributes = {"to": "442071838750", "reference": "442071838750", "from": "anybody"}
    hidden = MASK.mask(given)
    assert "2071838" not in str(hidden["to"])
    assert kind_of(hidden["to"]) == NONE
    assert MASK.mask(hidden) == hidden
    assert (hidden["reference"], hidden["from"]) == ("442071838750", "anybody")
    assert MASK.mask(given, waits=True) == given, "it is to be read again"


def test_the_name_of_a_client_is_hidden() -> None:
    text = masked("client:jane.doe")
    assert "jane" not in text
    assert kind_of(text) == CLIENT
    assert masked(text) == text


@pytest.mark.parametrize("value", ["72345", "ACME", "outbound", ""])
def test_what_is_no_number_stays(value: str) -> None:
    assert masked(value) == value


def test_other_kinds_of_values_stay() -> None:
    given: Attributes = {"media_bytes": 5, "flag": True, "none": None, "callback": "+442071838750"}
    found = MASK.mask(given)
    assert {name: found[name] for name in ("media_bytes", "flag", "none")} == {
        "media_bytes": 5,
        "flag": True,
        "none": None,
    }
    assert str(found["callback"]).startswith("+44207183****#")


CALL = {"attributes": {"to": "+442071838750", "from": "+14155550100", "direction": "outbound"}}


def test_a_charge_is_that_of_the_whole_number_and_replays(platform: Platform) -> None:
    number = platform.organization()
    assert platform.statuses(event(**CALL), event(**CALL)) == ["accepted", "duplicate"]
    (row,) = platform.rows("SELECT attributes, country, cost FROM events")
    assert "8750" not in row[0]
    assert "5550100" not in row[0]
    assert row[1:] == ("GB", 30_500_000)
    with platform.database.reading() as snapshot:
        found = find_event(snapshot, platform.tenant, number, "call-1")
    assert isinstance(found, ChargedEvent)
    assert found.replay_mismatch is None
    assert found.explanation.to == "4420"


def test_the_fingerprint_is_of_the_whole_number(platform: Platform) -> None:
    platform.organization()
    other = {"attributes": {**CALL["attributes"], "to": "+442071838751"}}
    assert platform.statuses(event(**CALL), event(**other)) == ["accepted", "conflict"]


@pytest.mark.parametrize("written", ["442071838750", "02071838750", "sip:+442071838750@gw"])
def test_a_number_in_its_organizations_format_costs_what_it_does_unmasked(
    platform: Platform, written: str
) -> None:
    platform.organization(number_format="GB")
    assert platform.statuses(event(attributes={"to": written})) == ["accepted"]
    assert platform.rows("SELECT country, cost FROM events") == [("GB", 30_500_000)]
    ((attributes,),) = platform.rows("SELECT attributes FROM events")
    assert msgspec.json.decode(attributes)["to"] == masked("+442071838750")


def test_a_number_that_waits_to_be_read_is_masked_when_it_is(platform: Platform) -> None:
    number = platform.organization()
    assert platform.statuses(event(attributes={"to": "442071838750"})) == ["quarantined"]
    change = Organization("org_1", "Acme", number_format="international")
    with platform.database.writing() as transaction:
        directory.change_organization(transaction, platform.tenant, number, change)
    assert platform.replay() == 1
    ((attributes, cost),) = platform.rows("SELECT attributes, cost FROM events")
    assert (msgspec.json.decode(attributes)["to"], cost) == (masked("+442071838750"), 30_500_000)


def rerated(platform: Platform) -> tuple[int, int, list[str]]:
    with platform.database.reading() as snapshot:
        found = dry_run(snapshot, platform.tenant, RerateRange(20240101, 20240131), now(), 10)
    return found.events, found.changed, [it.code for it in found.left]


def test_rerating_by_the_same_book_changes_nothing(platform: Platform) -> None:
    platform.organization()
    text = {"type": "sms.outbound", "quantity": 1}
    platform.send(event(**CALL), event(id="text", **text, **CALL))
    assert rerated(platform) == (2, 0, [])


def test_a_rate_that_asks_for_hidden_digits_leaves_an_event_as_it_is(platform: Platform) -> None:
    platform.organization()
    platform.send(event(**CALL), event(id="far", attributes={"to": "+4930123456789"}))
    platform.load(BOOK.replace("By prefix", "Deeper") + DEEP)
    # The other one gets another rate of the same price, which is no change.
    assert rerated(platform) == (2, 0, ["number_hidden"])


def test_quarantine_keeps_neither_whole_numbers_nor_texts(platform: Platform) -> None:
    text = {"type": "sms.outbound", "quantity": None}
    attributes = {"to": "+442071838750", "body": "a secret"}
    assert platform.statuses(event(**text, attributes=attributes)) == ["quarantined"]
    (row,) = platform.rows("SELECT event, reason FROM quarantine")
    assert not [it for it in ("a secret", "8750") if it in row[0] + row[1]]
    platform.organization()
    assert platform.replay() == 1
    (kept,) = platform.rows("SELECT attributes, cost FROM events")
    assert msgspec.json.decode(kept[0])["to"].startswith("+44207183****#")
    assert kept[1] == 40_000_000
    assert platform.statuses(event(**text, attributes=attributes)) == ["duplicate"]


def test_texts_are_dropped_from_quarantine_without_masking_too(database: Database) -> None:
    platform = Platform(database)
    platform.send(event(type="sms.outbound", quantity=None, attributes={"body": "a secret"}))
    (row,) = platform.rows("SELECT event FROM quarantine")
    assert "a secret" not in row[0]
    assert "body" not in msgspec.json.decode(row[0])["attributes"]
