"""Each sample yields its events, and a second import of it changes nothing."""

import gzip
from pathlib import Path

import msgspec
import pytest

from tests.cli.conftest import Tollbook
from tests.records.rows import SAMPLES, expected

ASTERISK = ("--timezone", "Europe/London", "--country", "GB", "--inbound-context", "from-trunk")
FREESWITCH = (
    *("--timezone", "UTC", "--country", "GB", "--bare", "international"),
    *("--inbound-context", "public"),
)
SOURCES = [
    ("asterisk", "asterisk-Master.csv", "asterisk", ASTERISK, 0),
    ("freeswitch", "freeswitch-Master.csv", "freeswitch-csv", FREESWITCH, 0),
    ("freeswitch-json", "freeswitch-json_cdr.ndjson", "freeswitch-json", ("--legs", "a"), 0),
    ("kamailio", "kamailio-acc_cdrs.csv", "kamailio", ("--timezone", "UTC", "--country", "GB"), 1),
    ("twilio", "twilio-calls.ndjson", "twilio-calls", (), 0),
    ("twilio", "twilio-messages.csv", "twilio-messages", ("--timezone", "UTC"), 0),
    ("telnyx", "telnyx-cdr.csv", "telnyx-cdr", (), 0),
    ("plivo", "plivo-calls.json", "plivo-calls", (), 0),
    ("cucm", "cucm-cdr.csv", "cucm-cdr", ("--country", "GB", "--strip-access-code", "9"), 0),
    ("3cx", "3cx-cdr.log", "3cx-cdr", ("--timezone", "Europe/London", "--country", "GB"), 0),
    (
        *("kannel", "kannel-access.log", "kannel-access"),
        *(("--timezone", "Europe/London", "--bare", "international"), 0),
    ),
    ("bandwidth", "bandwidth-bdr.csv", "bandwidth-bdr", (), 0),
]
SKIPPED = {
    "asterisk-Master.csv": {"unanswered": 2, "internal": 1, "not_a_call": 1, "half_line": 1},
    "freeswitch-Master.csv": {"unanswered": 1, "internal": 1},
    "freeswitch-json_cdr.ndjson": {"other_leg": 1, "unanswered": 1},
    "kamailio-acc_cdrs.csv": {"unanswered": 1},
    "twilio-calls.ndjson": {"unanswered": 1},
    "twilio-messages.csv": {"failed": 1},
    "telnyx-cdr.csv": {"unanswered": 1},
    "plivo-calls.json": {"unanswered": 1},
    "cucm-cdr.csv": {"internal": 1, "unanswered": 1, "not_a_call": 1},
    "3cx-cdr.log": {"internal": 1, "unanswered": 1},
    "kannel-access.log": {"not_a_call": 1, "delivery_report": 1, "failed": 1},
    "bandwidth-bdr.csv": {"unanswered": 1},
}


@pytest.mark.parametrize(("format_", "file", "events", "options", "code"), SOURCES)
def test_a_sample_yields_its_events_and_all_rows_are_accounted_for(
    tollbook: Tollbook, format_: str, file: str, events: str, options: tuple[str, ...], code: int
) -> None:
    wanted = list(expected(events))
    arguments = ("import", "--format", format_, "--organization", "org_1", *options)
    printed = tollbook(*arguments, str(SAMPLES / file), "--print")
    assert list(map(msgspec.json.decode, printed.out.splitlines())) == wanted
    tollbook("organizations", "create", "org_1")
    tollbook("prices", "load", "--example")
    first = tollbook.json(*arguments, str(SAMPLES / file), code=code)
    assert first["events"] == {"accepted": len(wanted), "duplicate": 0, "quarantined": 0}
    assert first["skipped"] == SKIPPED[file]
    calls = [it for it in wanted if it["type"] == "voice.call"]
    assert first["seconds"] == pytest.approx(sum(it["quantity"] for it in calls))
    others = sum(it["quantity"] for it in wanted if it not in calls)
    assert first["segments"] == others
    counted = sum(sum(first[it].values()) for it in ("events", "skipped", "refused"))
    assert first["rows"] == counted + first["merged"]
    packed = tollbook.write("again.gz", gzip.compress((SAMPLES / file).read_bytes()))
    second = tollbook.json(*arguments, packed, code=code if format_ != "asterisk" else 1)
    assert second["events"] == {"accepted": 0, "duplicate": len(wanted), "quarantined": 0}
    assert tollbook("verify").code == 0


def test_the_samples_are_complete() -> None:
    named = {file for _, file, *_ in SOURCES} | {f"{it[2]}.expected.ndjson" for it in SOURCES}
    assert named <= {it.name for it in Path(SAMPLES).iterdir()}
