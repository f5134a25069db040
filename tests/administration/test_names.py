"""Mapped types, origins and own meters on both engines: refusals, limits, and their acts."""

import pytest

from tests.administration.office import Office
from tests.builders import event
from tollbook.administration import event_types, meters, origins
from tollbook.administration.event_types import (
    find_event_type,
    list_event_types,
    remove_event_type,
    set_event_type,
)
from tollbook.administration.meters import MeterChange, add_catalog, add_meter, change_meter
from tollbook.administration.organizations import NewOrganization, create_organization
from tollbook.administration.origins import add_origin, remove_origin, require_registered
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.event_type_errors import NameTaken, TooManyEventTypes, TypeMapped
from tollbook.domain.meter_errors import BuiltInMeter, MeterExists, MeterInUse, TooManyMeters
from tollbook.domain.meters import Category
from tollbook.domain.origin_errors import InvalidOrigin, TooManyOrigins
from tollbook.domain.own_meters import MeterTerms
from tollbook.domain.ready_catalogs import READY_CATALOGS

CALL, TEXT = "com.example.call", "com.example.text"
PAGE = "https://app.example.com"
FAX = MeterTerms("fax.page", "page", Category.MESSAGING, whole=True)


def mapped(office: Office) -> dict[str, str]:
    with office.database.reading() as snapshot:
        return {it.name: it.meter for it in list_event_types(snapshot, office.tenant)}


def test_types_are_mapped_once_and_removed(office: Office) -> None:
    first = office.act(set_event_type, CALL, "voice.call")
    assert office.act(set_event_type, CALL, "voice.call") == first
    office.act(set_event_type, TEXT, "sms.outbound")
    assert mapped(office) == {CALL: "voice.call", TEXT: "sms.outbound"}
    with pytest.raises(TypeMapped, match=f"{CALL} is mapped to voice.call: remove it before"):
        office.act(set_event_type, CALL, "sms.outbound")
    assert office.act(remove_event_type, CALL) == first
    with pytest.raises(NotFound, match="no type of this name is mapped"):
        office.act(remove_event_type, CALL)
    office.act(set_event_type, CALL, "sms.outbound")
    assert mapped(office) == {CALL: "sms.outbound", TEXT: "sms.outbound"}
    assert office.log() == [
        ("event_type.set", f"type {CALL}", {"meter": "voice.call"}),
        ("event_type.set", f"type {TEXT}", {"meter": "sms.outbound"}),
        ("event_type.remove", f"type {CALL}", {"meter": "voice.call"}),
        ("event_type.set", f"type {CALL}", {"meter": "sms.outbound"}),
    ]


def test_types_that_cannot_be_mapped(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, meter, problems in (
        (CALL, "voice.cal", [("meter", "unknown_type")]),
        ("", "voice.call", [("type", "empty")]),
        ("x" * 256, "voice.call", [("type", "too_long")]),
        ("a\nb", "nothing", [("type", "control_characters"), ("meter", "unknown_type")]),
    ):
        assert office.problems(set_event_type, name, meter) == problems
    with pytest.raises(NameTaken, match=r"sms.outbound is a meter: a CloudEvent of this type"):
        office.act(set_event_type, "sms.outbound", "voice.call")
    monkeypatch.setattr(event_types, "MOST_EVENT_TYPES", 1)
    office.act(set_event_type, CALL, "voice.call")
    with pytest.raises(TooManyEventTypes, match="a tenant may map at most 1 types"):
        office.act(set_event_type, TEXT, "voice.call")
    assert office.act(set_event_type, CALL, "voice.call").name == CALL
    with office.database.reading() as snapshot:
        assert find_event_type(snapshot, office.tenant, CALL).meter == "voice.call"
        with pytest.raises(NotFound):
            find_event_type(snapshot, "another", CALL)


def test_origins_are_registered_once_and_removed(office: Office) -> None:
    row, is_new = office.act(add_origin, PAGE)
    assert (row.origin, is_new) == (PAGE, True)
    assert office.act(add_origin, PAGE) == (row, False)
    with pytest.raises(InvalidOrigin, match=f"as browsers send it: {PAGE}$"):
        office.act(add_origin, f"{PAGE}/usage")
    assert office.act(remove_origin, PAGE) == row
    with pytest.raises(NotFound, match="Origin not found"):
        office.act(remove_origin, PAGE)
    assert office.log() == [
        ("origin.add", f"origin {PAGE}", {}),
        ("origin.remove", f"origin {PAGE}", {}),
    ]


def test_the_origins_of_a_tenant_are_limited(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.act(add_origin, PAGE)
    monkeypatch.setattr(origins, "MOST_CHARACTERS", 2 * len(PAGE))
    with pytest.raises(TooManyOrigins, match="may have at most 46 characters together"):
        office.act(add_origin, "https://app2.example.com")
    office.act(add_origin, "https://ap2.example.com")
    monkeypatch.setattr(origins, "MOST_ORIGINS", 2)
    with pytest.raises(TooManyOrigins, match="a tenant may register at most 2 origins"):
        office.act(add_origin, "https://a.example")
    assert office.act(add_origin, PAGE)[1] is False


def test_a_token_names_registered_origins(office: Office) -> None:
    office.act(add_origin, PAGE)
    long = f"https://{'a' * 60}.example"
    with office.database.reading() as snapshot:
        require_registered(snapshot, office.tenant, [PAGE])
        require_registered(snapshot, office.tenant, [])
        for named, codes in (
            (["https://b.example"], ["not_registered"]),
            ([PAGE, "https://b.example", "https://c.example"], ["not_registered"] * 2),
            ([PAGE] * 44, ["too_long"]),
            ([long] * 15, ["not_registered"] * 15 + ["too_long"]),
        ):
            with pytest.raises(InvalidRequest) as refusal:
                require_registered(snapshot, office.tenant, named)
            assert [it.code for it in refusal.value.details] == codes
        with pytest.raises(InvalidRequest):
            require_registered(snapshot, "another", [PAGE])


def test_own_meters_are_added_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    (fax,) = office.act(add_meter, FAX).added
    assert (fax.type, fax.name, fax.unit, fax.whole) == ("fax.page", "fax.page", "page", True)
    again = office.act(add_meter, FAX)
    assert (list(again.added), [it.type for it in again.unchanged]) == ([], ["fax.page"])
    for other in (
        MeterTerms("fax.page", "sheet", Category.MESSAGING, whole=True),
        MeterTerms("fax.page", "page", Category.VOICE, whole=True),
        MeterTerms("fax.page", "page", Category.MESSAGING),
        MeterTerms("fax.page", "page", Category.MESSAGING, "Fax", whole=True),
    ):
        with pytest.raises(MeterExists, match=r"fax\.page"):
            office.act(add_meter, other)
    with pytest.raises(BuiltInMeter, match=r"voice\.call"):
        office.act(add_meter, MeterTerms("voice.call", "second", Category.VOICE))
    assert office.problems(add_meter, MeterTerms("fax", "minutes", Category.VOICE, "\n")) == [
        *(("type", "invalid_type"), ("unit", "reserved_unit"), ("name", "empty")),
    ]
    monkeypatch.setattr(meters, "MOST_OWN_METERS", 1)
    with pytest.raises(TooManyMeters):
        office.act(add_meter, MeterTerms("fax.sheet", "sheet", Category.MESSAGING))
    assert [action for action, _, _ in office.log()] == ["meter.add"]


def test_a_meter_changes_until_it_has_events(office: Office) -> None:
    office.act(add_meter, FAX)
    changed = office.act(
        change_meter, "fax.page", MeterChange(unit="sheet", category=Category.VOICE, name="Fax")
    )
    assert (changed.unit, changed.category, changed.name) == ("sheet", Category.VOICE, "Fax")
    assert office.act(change_meter, "fax.page", MeterChange()) == changed
    office.act(create_organization, NewOrganization("Acme", "org_1"))
    office.send(event(type="fax.page", quantity=2))
    for change, field in (
        (MeterChange(unit="page"), "unit"),
        (MeterChange(category=Category.MESSAGING), "category"),
    ):
        with pytest.raises(MeterInUse, match=field):
            office.act(change_meter, "fax.page", change)
    renamed = office.act(change_meter, "fax.page", MeterChange(name="Fax page", whole=False))
    assert (renamed.name, renamed.whole, renamed.code) == ("Fax page", False, changed.code)


def test_a_retired_meter_can_be_activated(office: Office) -> None:
    office.act(add_meter, FAX)
    retired = office.act(change_meter, "fax.page", MeterChange(retired=True))
    assert retired.retired_at == office.at
    again = office.act(change_meter, "fax.page", MeterChange(retired=True))
    assert again.retired_at == retired.retired_at
    assert office.act(change_meter, "fax.page", MeterChange(retired=False)).retired_at is None
    with pytest.raises(NotFound, match=r"fax\.page"):
        office.act(change_meter, "fax.pag", MeterChange(retired=True))
    with pytest.raises(BuiltInMeter):
        office.act(change_meter, "voice.call", MeterChange(retired=True))
    assert office.problems(change_meter, "fax.page", MeterChange(unit="two words")) == [
        ("unit", "invalid_unit")
    ]
    assert office.problems(change_meter, "fax.page", MeterChange(name="")) == [("name", "empty")]


def test_a_catalog_is_added_whole_or_not(office: Office) -> None:
    assert office.problems(add_catalog, "telegraph") == [("catalog", "unknown_catalog")]
    terms = READY_CATALOGS["fax"]
    added = office.act(add_catalog, "fax")
    assert [it.type for it in added.added] == [it.type for it in terms]
    again = office.act(add_catalog, "fax")
    assert (len(again.added), len(again.unchanged)) == (0, len(terms))
    first = READY_CATALOGS["whatsapp"][0]
    office.act(add_meter, MeterTerms(first.type, "letter", first.category))
    before = office.log()
    with pytest.raises(MeterExists, match=first.type):
        office.act(add_catalog, "whatsapp")
    assert office.log() == before
