"""Numbers, accounts, costs and skips: what options and mappings make of rows."""

from decimal import Decimal
from typing import Any

import pytest

from tests.records.rows import Read, read
from tollbook.domain.errors import InvalidRequest
from tollbook.records.accounts import AccountOwner, read_accounts
from tollbook.records.formats import PRESETS, mapping_of
from tollbook.records.mapping_file import preset, read_mapping
from tollbook.records.options import ConversionOptions, MappingChanges
from tollbook.records.rows import SourceRefused
from tollbook.records.saved_mapping import written_mapping

FREESWITCH = (
    "n,{caller},{called},{context},2024-06-15 09:00:00,2024-06-15 09:00:05,2024-06-15 09:01:06,"
    "66,61,x,{id},,{account},,\n"
)


def freeswitch(called: str = "+442079460100", caller: str = "1001", **options: Any) -> Read:
    cells = {"context": "default", "id": "u1", "account": "acme"}
    row = FREESWITCH.format(called=called, caller=caller, **cells)
    return read(row, "freeswitch", timezone="UTC", **options)


@pytest.mark.parametrize(
    "called", ["0034910000000", "+34910000000", "34910000000", "00034910000000"]
)
def test_one_number_in_every_form_is_one_number(called: str) -> None:
    options = {"country": "GB", "bare": "international", "access_code": "0"}
    assert freeswitch(called, **options).events[0]["attributes"]["to"] == "+34910000000"


@pytest.mark.parametrize(
    ("called", "options", "to"),
    [
        ("02079460100", {"country": "GB"}, "+442079460100"),
        ("2079460100", {"country": "GB", "bare": "national"}, "+442079460100"),
        ("34910000000", {"country": "GB"}, None),
        ("34910000000", {}, None),
        ("34910000000", {"bare": "international"}, "+34910000000"),
        ("34910000000", {"number_format": "international"}, "+34910000000"),
        ("02079460100", {"number_format": "GB+international"}, "+442079460100"),
        ("02079460100", {"number_format": "GB", "bare": "international"}, None),
        ("4155550100", {"country": "US"}, "+14155550100"),
        ("011442079460100", {"country": "US"}, "+442079460100"),
        ("sip:%2B442079460100%40host", {}, "+442079460100"),
        ("<sip:+442079460100;ext=1@host:5060;user=phone>", {}, "+442079460100"),
        ("tel:+44-20-7946-0100;phone-context=x", {}, "+442079460100"),
        ("client:ann", {}, "client:ann"),
        ("sip:bob@host", {}, None),
        ("12", {"bare": "international"}, None),
        ("", {}, None),
    ],
)
def test_called_numbers(called: str, options: dict[str, Any], to: str | None) -> None:
    found = freeswitch(called, **options)
    assert [it["attributes"]["to"] for it in found.events] == [to] * (to is not None)
    assert bool(found.refused) == (to is None)


@pytest.mark.parametrize(
    ("caller", "from_"),
    [
        ("1001", "1001"),
        ("Anonymous", "Anonymous"),
        ("02079460101", "+442079460101"),
        ('"Ann" <sip:1001@host>', "1001"),
        ("", None),
    ],
)
def test_a_calling_text_that_is_no_number_is_kept(caller: str, from_: str | None) -> None:
    quoted = '"' + caller.replace('"', '""') + '"'
    (event,) = freeswitch(caller=quoted, country="GB").events
    assert event["attributes"].get("from") == from_


def test_bare_national_needs_a_country() -> None:
    with pytest.raises(SourceRefused, match="--country"):
        freeswitch(bare="national")


def test_a_template_names_the_columns() -> None:
    content = '"u1","2024-06-15 09:00:05","61","+442079460100","default","1001","fixed"\n'
    header = ("uuid", "answer_stamp", "billsec", "destination_number", "context")
    names = (*header, "caller_id_number", "cell 7")
    (event,) = read(content, "freeswitch", timezone="UTC", header=names).events
    assert (event["id"], event["user_id"]) == ("freeswitch:u1", "1001")


def test_a_source_is_a_part_of_every_id() -> None:
    assert freeswitch(conversion=ConversionOptions("org_1", source="b")).ids == ["freeswitch:b:u1"]


ACCOUNTS = "account,organization_id,user_id\nacme,org_2,user_7\n"


@pytest.mark.parametrize(
    ("accounts", "organization", "owner"),
    [
        (ACCOUNTS, None, ("org_2", "user_7")),
        ("account,organization_id\nacme,org_2\n", None, ("org_2", "1001")),
        (ACCOUNTS.replace("acme", "other"), "org_1", ("org_1", "1001")),
        (ACCOUNTS.replace("acme", "other"), None, None),
    ],
)
def test_accounts_say_whose_usage_rows_are(
    accounts: str, organization: str | None, owner: tuple[str, str] | None
) -> None:
    conversion = ConversionOptions(organization, read_accounts(accounts.encode()))
    found = freeswitch(conversion=conversion)
    owners = [(it["organization_id"], it["user_id"]) for it in found.events]
    assert owners == [owner] * (owner is not None)
    assert found.refused == ({} if owner else {1: "unknown_account"})


def test_wrong_accounts_are_refused_with_every_line() -> None:
    wrong = "account,organization_id,user_id\na,,u\nb,org_1\nb,org_1,u\nc\n"
    with pytest.raises(InvalidRequest) as refused:
        read_accounts(wrong.encode())
    assert [it.error.split(":")[0] for it in refused.value.details] == [
        "line 2",
        "line 4",
        "line 5",
    ]
    with pytest.raises(InvalidRequest):
        read_accounts(b"a,b\n")
    assert read_accounts(b"account,organization_id\nx,o\n") == {"x": AccountOwner("o")}


def call(**changes: Any) -> str:
    fields = {
        "sid": "CA1",
        "to": "+442079460100",
        "from": "+14155550100",
        "status": "completed",
        "start_time": "Sat, 15 Jun 2024 09:00:05 +0000",
        "duration": "61",
        "price": "-0.04000",
        "price_unit": "USD",
        "direction": "outbound-api",
    }
    return str({**fields, **changes}).replace("'", '"').replace("None", "null")


@pytest.mark.parametrize(
    ("price", "unit", "currency", "cost", "refused"),
    [
        ("-0.04000", "USD", "USD", 0.04, {}),
        ("-0.04000", "usd", None, 0.04, {}),
        (None, None, "USD", None, {}),
        ("0.04", "USD", "USD", None, {1: "invalid_cost"}),
        ("x", "USD", "USD", None, {1: "invalid_cost"}),
        ("-0.04", "EUR", "USD", None, {1: "currency_mismatch"}),
    ],
)
def test_the_price_of_the_carrier_is_the_cost(
    price: str | None, unit: str | None, currency: str | None, cost: float | None, refused: Any
) -> None:
    conversion = ConversionOptions("org_1", has_carrier_cost=True)
    content = call(price=price, price_unit=unit)
    found = read(content, "twilio", conversion=conversion, currency=currency)
    assert found.refused == refused
    assert [it.get("cost") for it in found.events] == [cost] * (not refused)


@pytest.mark.parametrize("status", ["busy", "no-answer", "canceled"])
def test_calls_without_an_answer_count_if_that_is_wanted(status: str) -> None:
    content = call(status=status, duration="0", price=None)
    assert read(content, "twilio").skipped == {1: "unanswered"}
    conversion = ConversionOptions("org_1", counts_unanswered=True)
    (event,) = read(content, "twilio", conversion=conversion).events
    assert event["quantity"] == 0


def test_an_unanswered_call_of_a_switch_counts_at_its_start() -> None:
    row = "n,1001,+442079460100,default,2024-06-15 09:00:00,,2024-06-15 09:00:10,10,0,x,u1,,a,,\n"
    conversion = ConversionOptions("org_1", counts_unanswered=True)
    (event,) = read(row, "freeswitch", timezone="UTC", conversion=conversion).events
    assert (event["time"], event["quantity"]) == ("2024-06-15T09:00:00Z", 0)


def test_the_segments_of_a_text_are_counted_when_the_carrier_did_not() -> None:
    message = {"sid": "SM1", "status": "sent", "body": "x" * 200, "num_segments": "0"}
    content = call(**message, date_created="2024-06-15T09:00:00Z", date_sent=None)
    (event,) = read(content, "twilio").events
    assert (event["type"], event["quantity"]) == ("sms.outbound", 2)
    assert "body" not in event["attributes"]
    assert read(content.replace("x" * 200, ""), "twilio").refused == {1: "missing_field"}


@pytest.mark.parametrize(
    ("quantity", "multiply", "written"),
    [
        ("61", None, 61),
        ("61.5", None, 61.5),
        ("00:01:01", None, 61),
        ("1:01", None, 61),
        ("1.0166666667", Decimal(60), 61),
        ("1.5", Decimal(60), 90),
        ("-1", None, "negative_quantity"),
        ("61,5", None, "invalid_quantity"),
        ("1e5", None, "invalid_quantity"),
        ("", None, "missing_field"),
    ],
)
def test_quantities(quantity: str, multiply: Decimal | None, written: Any) -> None:
    columns = {"id": "row", "time": "t", "quantity": "q", "to": "to"}
    content = f't;q;to\n2024-06-15T09:00:05Z;"{quantity}";+442079460100\n'
    found = read(content, "csv", columns=columns, multiply=multiply)
    assert [it["quantity"] for it in found.events] == [written] * (type(written) is not str)
    assert found.refused == ({2: written} if type(written) is str else {})


SAVED = """\
tollbook_mapping: 1
id_prefix: acme
records: csv                      # csv, ndjson, json, or a reader's name
csv: {delimiter: ";", encoding: windows-1252, header: true}    # or the list of names
skip: {unanswered: {Status: [BUSY, NO ANSWER]}, internal: {Trunk: [""]}}
id: [Record, Leg]
type: voice.call
time: {column: Answered, format: "%d/%m/%Y %H:%M:%S", timezone: Europe/London}
quantity: {column: Seconds, multiply: 1}
fields: {to: Called, from: Caller, user_id: Ext, account: Customer,
  direction: {column: Dir, map: {I: inbound, O: outbound}}}
numbers: {country: GB, bare: international, strip: "9"}
"""


def test_a_saved_mapping_converts_rows() -> None:
    content = (
        "Record;Leg;Answered;Seconds;Called;Caller;Ext;Customer;Dir;Status;Trunk\n"
        "7;1;15/06/2024 10:00:05;61;902079460100;1001;ann;c1;O;OK;t1\n"
        "8;1;15/06/2024 10:00:05;61;902079460100;1001;ann;c1;O;BUSY;t1\n"
        "9;1;15/06/2024 10:00:05;61;1002;1001;ann;c1;O;OK;\n"
        "10;1;15/06/2024 10:00:05;61;902079460100;1001;ann;c1;X;OK;t1\n"
    )
    found = read(content.encode("cp1252"), "csv", mapping=read_mapping(SAVED))
    assert found.skipped == {3: "unanswered", 4: "internal"}
    assert found.refused == {5: "unmapped_value"}
    assert found.events == [
        {
            "id": "acme:7:1",
            "type": "voice.call",
            "organization_id": "org_1",
            "time": "2024-06-15T10:00:05+01:00",
            "quantity": 61,
            "attributes": {"to": "+442079460100", "from": "1001", "direction": "outbound"},
            "user_id": "ann",
        }
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_every_mapping_is_written_as_it_is_read(name: str) -> None:
    assert read_mapping(written_mapping(preset(name))) == preset(name)
    inbound = () if name in ("twilio", "telnyx", "plivo", "3cx", "kannel", "bandwidth") else ("x",)
    changes = MappingChanges(timezone="UTC", country="GB", bare="international", inbound=inbound)
    changed = mapping_of(name, changes)
    assert read_mapping(written_mapping(changed)) == changed


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("multiply: 1", "times: 1", "line 9: unknown key 'times'"),
        ("multiply: 1", "multiply: x", "line 9: multiply must be a number"),
        ("unanswered:", "asleep:", "line 5: unknown reason 'asleep'"),
        ("id_prefix: acme\n", "", "line 1: id_prefix is missing"),
        ("tollbook_mapping: 1", "tollbook_mapping: 2", "line 1: tollbook_mapping must be 1"),
        ("bare: international", "bare: any", "line 12: bare must be"),
        ("[Record, Leg]", "{a: b}", "line 6: id must be a column"),
        ("windows-1252", "nope", "line 4: 'nope' is not the name of an encoding"),
        ("id: [Record", "id: [[Record", "line 7: this is not YAML"),
    ],
)
def test_errors_of_a_mapping_name_their_line(old: str, new: str, line: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_mapping(SAVED.replace(old, new))
    assert any(it.error.startswith(line) for it in refused.value.details), refused.value.details


def test_kamailio_and_opensips_tables() -> None:
    header = "created,setuptime,duration,callid,from_tag,to_tag,src_user,dst_user,method,sip_code\n"
    rows = (
        "2024-06-15 09:00:00,5,61,c1,f,t,1001,+442079460100,INVITE,200\n"
        "2024-06-15 09:00:00,5,61,c2,f,t,1001,+442079460100,BYE,200\n"
    )
    found = read(header + rows, "kamailio", timezone="UTC")
    assert [it["time"] for it in found.events] == ["2024-06-15T09:00:05Z"]
    assert found.skipped == {3: "not_a_call"}
    with pytest.raises(SourceRefused, match="duration"):
        read(header.replace("duration", "x") + rows, "kamailio", timezone="UTC")


def test_the_parts_of_a_growing_log_wait_for_the_others() -> None:
    line = (
        "2024-06-15 10:01:0{n} Sent SMS [SMSC:s] [SVC:w] [ACT:] [BINF:] [FID:f{n}] [META:] "
        "[from:447700900100] [to:442079460100] [flags:-1:0:-1:0:1] [msg:1:a] "
        "[udh:6:0500032A030{n}]\n"
    )
    content = "".join(line.format(n=n) for n in (1, 2))
    options = {"timezone": "UTC", "bare": "international"}
    assert read(content, "kannel", is_finished=False, **options).events == []
    (whole,) = read(content + line.format(n=3), "kannel", is_finished=False, **options).events
    assert (whole["id"], whole["quantity"]) == ("kannel:s:f1", 3)
    (partial,) = read(content, "kannel", **options).events
    assert partial["quantity"] == 2


def test_names_without_case_and_punctuation() -> None:
    for name in ("Call ID", "call_id", "CallId"):
        header = f"{name},Answer Time (UTC),Call Duration,CLD,CLI,Direction\n"
        content = header + "x,2024-06-15 09:00:05,61,442079460100,1,outbound\n"
        assert read(content, "telnyx").ids == ["telnyx:x"]
