"""Local times: the hour that occurs twice, the one that does not exist, and other notations."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.records.rows import read
from tollbook.records.rows import RefusedRow, SourceRefused
from tollbook.records.times import Clock, plain_time, resolve, written_time

COLUMNS = {"id": "id", "time": "time", "quantity": "seconds", "to": "to"}


def time_of(text: str, zone: str | None = "Europe/London", **options: object) -> str:
    """Return the time of an event, or why there is none."""
    content = f'id,time,seconds,to\n1,"{text}",61,+442079460100\n'
    found = read(content, "csv", columns=COLUMNS, timezone=zone, **options)  # type: ignore[arg-type]
    return found.events[0]["time"] if found.events else found.refused[2]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-06-15 10:00:05", "2024-06-15T10:00:05+01:00"),
        ("2024/06/15 10:00:05", "2024-06-15T10:00:05+01:00"),
        ("2024-01-15T10:00:05.5", "2024-01-15T10:00:05.500000Z"),
        ("2024-06-15T09:00:05Z", "2024-06-15T09:00:05Z"),
        ("2024-06-15 09:00:05 UTC", "2024-06-15T09:00:05Z"),
        ("2024-06-15 14:30:05+0530", "2024-06-15T14:30:05+05:30"),
        ("Sat, 15 Jun 2024 09:00:05 +0000", "2024-06-15T09:00:05Z"),
        ("2024-10-27 01:30:00", "2024-10-27T01:30:00+01:00"),
        ("2024-03-31 01:30:00", "nonexistent_time"),
        ("2024-06-15", "invalid_time"),
        ("yesterday", "invalid_time"),
        ("", "missing_field"),
    ],
)
def test_times_without_a_format(text: str, time: str) -> None:
    assert time_of(text) == time


@pytest.mark.parametrize(
    ("text", "format_", "time"),
    [
        ("15/06/2024 10:00", "%d/%m/%Y %H:%M", "2024-06-15T10:00:00+01:00"),
        ("1718442005", "epoch", "2024-06-15T09:00:05Z"),
        ("1718442005500", "epoch_ms", "2024-06-15T09:00:05.500000Z"),
        ("1718442005500000", "epoch_us", "2024-06-15T09:00:05.500000Z"),
        ("06/15/2024 12:00:05 AM", "%m/%d/%Y %I:%M:%S %p", "2024-06-15T00:00:05+01:00"),
        ("nan", "epoch", "invalid_time"),
        ("1e300", "epoch", "invalid_time"),
        ("x", "epoch", "invalid_time"),
    ],
)
def test_times_with_a_format(text: str, format_: str, time: str) -> None:
    assert time_of(text, time_formats=(format_,)) == time


def test_a_time_without_offset_and_zone_imports_nothing() -> None:
    with pytest.raises(SourceRefused, match="--timezone"):
        time_of("2024-06-15 10:00:05", None)


@pytest.mark.parametrize("format_", ["asterisk", "freeswitch", "kamailio", "3cx", "kannel"])
def test_formats_with_local_times_require_a_zone(format_: str) -> None:
    with pytest.raises(SourceRefused, match="--timezone"):
        read("", format_)


@pytest.mark.parametrize(
    ("answer", "end", "seconds", "time"),
    [
        ("2024-10-27 01:30:00", "2024-10-27 02:10:00", 2400, "2024-10-27T01:30:00Z"),
        ("2024-10-27 01:30:00", "2024-10-27 02:10:00", 6000, "2024-10-27T01:30:00+01:00"),
        ("2024-10-27 01:50:00", "2024-10-27 01:10:00", 1200, "2024-10-27T01:50:00+01:00"),
        ("2024-10-27 00:59:00", "2024-10-27 01:10:00", 660, "2024-10-27T00:59:00+01:00"),
    ],
)
def test_the_end_of_a_call_resolves_the_repeated_hour(
    answer: str, end: str, seconds: int, time: str
) -> None:
    row = f"n,1001,+442079460100,default,{answer},{answer},{end},{seconds},{seconds},x,u1,,a,,\n"
    (event,) = read(row, "freeswitch", timezone="Europe/London").events
    assert event["time"] == time


def test_the_epoch_of_uniqueid_resolves_what_the_end_does_not() -> None:
    cells = (
        "a,201,02079460100,c,n,ch,dch,Dial,x,{0},{0},2024-10-27 01:20:00,300,300,ANSWERED,B,{1}.1"
    )
    for epoch, time in ((1729988100, "01:15:00+01:00"), (1729991700, "01:15:00Z")):
        row = cells.format("2024-10-27 01:15:00", epoch) + "\n"
        (event,) = read(row, "asterisk", timezone="Europe/London", country="GB").events
        assert event["time"] == f"2024-10-27T{time}"


@pytest.mark.parametrize(
    ("name", "year", "unclear_hours"),
    [
        ("Europe/London", 2024, 2),
        ("America/St_Johns", 2006, 4),  # changed at one minute past midnight
        ("Australia/Lord_Howe", 2024, 2),  # half an hour
        ("Asia/Kathmandu", 2024, 0),
        ("Africa/Monrovia", 1960, 0),  # an offset with seconds
        ("Pacific/Apia", 2011, 26),  # a day that did not exist
        ("UTC", 2024, 0),
    ],
)
def test_plain_times_are_read_as_all_others(name: str, year: int, unclear_hours: int) -> None:
    zone = ZoneInfo(name)
    unclear = set()
    time = datetime(year, 1, 1, 0, 0, 1)  # noqa: DTZ001  a local time
    while time.year == year:
        plain = plain_time(str(time), zone)
        if plain is None:
            unclear.add(str(time)[:13])
        else:
            found = resolve("time", time, Clock((), zone))
            assert (plain.time, plain.is_repeated) == (found.time, found.is_repeated)
            assert plain.written == written_time(found.time)
        time += timedelta(minutes=29, seconds=59)
    assert len(unclear) == unclear_hours


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2024-02-30 10:00:00",
            "2024-01-31 24:00:00",
            "2024-01-31 10:00:60",
            "2024-1-31 10:00:000",
        ),
        *("2024-01-31 10:0\uff10:00", "2024-01-31 10:00:0Z", "", "2024-01-31 10:00:00.5"),
    ],
)
def test_other_texts_are_no_plain_times(text: str) -> None:
    assert plain_time(text, ZoneInfo("Europe/London")) is None
    assert plain_time("2024-01-31 10:00:00", ZoneInfo("Europe/London")) is not None


KAMAILIO = (
    "start_time,end_time,setuptime,duration,callid,from_tag,to_tag,caller,callee,method,sip_code\n"
    "{start},{end},{setup},{seconds},c,f,t,sip:1001@h,sip:+442079460100@h,INVITE,200\n"
)


@pytest.mark.parametrize(
    ("start", "setup", "seconds", "end", "time"),
    [
        ("2024-06-15 10:00:00", "5", 61, "2024-06-15 10:01:06", "2024-06-15T10:00:05+01:00"),
        ("2024-06-15 10:00:00", "", 61, "2024-06-15 10:01:01", "2024-06-15T10:00:00+01:00"),
        ("2024-06-15 10:00:00", "5", 61, "", "2024-06-15T10:00:05+01:00"),
        ("2024-06-15 10:00:00", "5", 61, "2024-06-15 10:01:08", "2024-06-15T10:00:05+01:00"),
        ("2024-06-15 10:00:00", "5", 61, "2024-06-15 10:01:09", "impossible_duration"),
        ("2024-06-15 10:00:00", "5", 61, "2024-06-15 10:00:00", "impossible_duration"),
        ("2024-06-15 10:00:00", "x", 61, "2024-06-15 10:01:06", "invalid_quantity"),
        ("2024-06-15 10:00:00", "9" * 25, 61, "2024-06-15 10:01:06", "invalid_time"),
        # Setting up a call takes it over the hour that does not exist.
        ("2024-03-31 00:59:58", "5", 61, "2024-03-31 02:01:04", "2024-03-31T02:00:03+01:00"),
        ("2024-03-31 01:00:00", "5", 61, "2024-03-31 02:01:06", "nonexistent_time"),
        # It takes the call out of the repeated hour, into it, or to the second of both.
        ("2024-10-27 01:59:58", "5", 61, "2024-10-27 02:01:04", "2024-10-27T02:00:03Z"),
        ("2024-10-27 00:59:58", "5", 61, "2024-10-27 01:01:04", "2024-10-27T01:00:03+01:00"),
        ("2024-10-27 01:59:58", "5", 61, "2024-10-27 01:01:04", "2024-10-27T01:00:03Z"),
        # The end is in the second turn of the repeated hour.
        ("2024-10-27 01:50:00", "0", 1200, "2024-10-27 01:10:00", "2024-10-27T01:50:00+01:00"),
        ("2024-10-27 00:50:00", "0", 6000, "2024-10-27 01:30:00", "2024-10-27T00:50:00+01:00"),
        ("2024-10-27 00:50:00", "0", 2400, "2024-10-27 01:30:00", "2024-10-27T00:50:00+01:00"),
        ("2024-10-27 00:50:00", "0", 9000, "2024-10-27 01:30:00", "impossible_duration"),
    ],
)
def test_a_call_of_kamailio_is_answered_after_its_setup(
    start: str, setup: str, seconds: int, end: str, time: str
) -> None:
    content = KAMAILIO.format(start=start, setup=setup, seconds=seconds, end=end)
    found = read(content, "kamailio", timezone="Europe/London")
    assert (found.events[0]["time"] if found.events else found.refused[2]) == time


@pytest.mark.parametrize(
    ("zone", "text", "time"),
    [
        # Changes of half an hour, at midnight, and of a whole day.
        ("Australia/Lord_Howe", "2024-10-06 02:15:00", "nonexistent_time"),
        ("Australia/Lord_Howe", "2024-10-06 02:30:00", "2024-10-06T02:30:00+11:00"),
        ("Australia/Lord_Howe", "2024-04-07 01:29:59", "2024-04-07T01:29:59+11:00"),
        ("America/Santiago", "2024-09-08 00:30:00", "nonexistent_time"),
        ("America/Santiago", "2024-09-08 01:00:00", "2024-09-08T01:00:00-03:00"),
        ("Pacific/Apia", "2011-12-30 12:00:00", "nonexistent_time"),
        ("Pacific/Apia", "2011-12-31 00:00:00", "2011-12-31T00:00:00+14:00"),
        ("Asia/Kathmandu", "2024-06-15 10:00:00", "2024-06-15T10:00:00+05:45"),
        ("America/St_Johns", "2024-06-15 10:00:00", "2024-06-15T10:00:00-02:30"),
        ("UTC", "2024-03-31 01:30:00", "2024-03-31T01:30:00Z"),
        ("Africa/Casablanca", "2024-03-10 02:30:00", "2024-03-10T02:30:00+01:00"),
    ],
)
def test_local_times_of_zones_with_their_own_rules(zone: str, text: str, time: str) -> None:
    assert time_of(text, zone) == time
    assert time_of(text.replace(" ", "T") + ".0", zone) == time


@pytest.mark.parametrize(
    ("text", "formats", "time"),
    [
        ("2024-06-15 10:00", ("%d/%m/%Y", "%Y-%m-%d %H:%M"), "2024-06-15T10:00:00+01:00"),
        ("15/06/2024", ("%d/%m/%Y", "%Y-%m-%d %H:%M"), "2024-06-15T00:00:00+01:00"),
        ("1718442005", ("%d/%m/%Y", "epoch"), "2024-06-15T09:00:05Z"),
        ("x", ("epoch", "%d/%m/%Y"), "invalid_time"),
        ("15.06.2024", ("%d/%m/%Y", "epoch"), "invalid_time"),
        ("-1", ("epoch",), "invalid_time"),
        ("0", ("epoch",), "1970-01-01T00:00:00Z"),
        ("1718442005.25", ("epoch",), "2024-06-15T09:00:05.250000Z"),
        ("253402300799", ("epoch",), "9999-12-31T23:59:59Z"),
        ("253402300800", ("epoch",), "invalid_time"),
        ("15/06/2024 10:00 +0200", ("%d/%m/%Y %H:%M %z",), "2024-06-15T10:00:00+02:00"),
        ("31/06/2024", ("%d/%m/%Y",), "invalid_time"),
    ],
)
def test_formats_are_tried_in_order(text: str, formats: tuple[str, ...], time: str) -> None:
    assert time_of(text, time_formats=formats) == time


def test_the_error_of_a_time_shows_what_was_expected() -> None:
    with pytest.raises(RefusedRow, match="Start is not a time; expected epoch or %Y") as refused:
        Clock(("epoch", "%Y")).parse("Start", "x")
    assert (refused.value.field, refused.value.code) == ("time", "invalid_time")
    with pytest.raises(RefusedRow, match="expected a date and time such as 2024-01-31 10:00:00"):
        Clock().parse("Start", "x")
