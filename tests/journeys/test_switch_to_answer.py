"""A platform that only has its switch's files and its carrier's list gets the documented answer."""

import gzip
import subprocess
from pathlib import Path

import msgspec

from tests.builders import Json
from tests.commands import run_command
from tests.servers import Server
from tollbook.api.openapi.examples import USERS_ANSWER

CARRIER = """\
Sippy tariff of 2024-01-01,,,,,,,
Prefix,Country,Description,Interval 1,Interval N,Price 1,Price N,Forbidden
44,United Kingdom,,60,6,0.0150,0.0120,0
447,United Kingdom,Mobile,60,60,0.0900,0.0900,0
33,France,,1,1,0.0200,0.0200,0
53,Cuba,,60,60,0.9000,0.9000,1
"""
BOOK = """\
name: Calls of 2024
currency: USD
effective_from: 2024-01-01
source: the carrier's tariff
rates:
  - {meter: voice.call, price: 0.006, per: minute, when: {direction: inbound}}
decks:
  - {file: carrier.csv, format: sippy, meter: voice.call, per: minute, when: {direction: outbound}}
"""
ACCOUNTS = "account,organization_id,user_id\nacme,org_acme,\n"
SWITCH = (
    *("import", "Master.csv*", "--format", "asterisk", "--accounts", "accounts.csv"),
    *("--timezone", "Europe/London", "--inbound-context", "from-trunk", "--json"),
)
JANUARY = {"organization_id": "org_acme", "start_date": "2024-01-01", "end_date": "2024-01-31"}


def call(
    number: int, seconds: int, caller: str, called: str, context: str = "from-internal"
) -> str:
    """Return a row of Asterisk's Master.csv, answered 5 seconds after it began."""
    caller_leg, called_leg = f"PJSIP/{caller}-0000000{number}", "PJSIP/trunk-00000009"
    if context == "from-trunk":
        caller_leg, called_leg = called_leg, f"PJSIP/201-0000000{number}"
    answered = f"2024-01-15 10:0{number}:05" if seconds else ""
    cells = (
        *("acme", caller, called, context, f'"""{caller}"" <{caller}>"', caller_leg, called_leg),
        *("Dial", f"PJSIP/{called}@trunk", f"2024-01-15 10:0{number}:00", answered),
        *(f"2024-01-15 10:{number + 30}:00", str(seconds + 5), str(seconds)),
        *("ANSWERED" if seconds else "NO ANSWER", "DOCUMENTATION"),
        *(f"170531280{number}.{number}", "", "", f"170531280{number}.{number}", str(number)),
    )
    return ",".join(it if it.startswith('"') else f'"{it}"' for it in cells) + "\n"


ROTATED = call(1, 61, "201", "02079460100") + call(2, 30, "201", "07700900123")
CURRENT = (
    call(3, 90, "202", "0033123456789")
    + call(4, 0, "202", "02079460100")  # not answered
    + call(5, 60, "201", "202")  # between extensions
    + call(6, 120, "+447700900123", "+442079460199", "from-trunk")
)


def user(identity: str, name: str, calls: int, seconds: int, cost: float) -> Json:
    """Return a user of the documented answer who has calls only."""
    (documented, *_) = USERS_ANSWER["users"]
    nothing: Json = dict.fromkeys(documented["cost_breakdown"], 0)
    found: Json = dict.fromkeys(documented, 0) | {"user_id": identity, "user_name": name}
    found |= {"total_voice_calls": calls, "total_voice_seconds": seconds, "total_cost": cost}
    return {**found, "cost_breakdown": {**nothing, "voice_cost": cost}}


ANSWER = {
    **USERS_ANSWER,
    "organization_id": "org_acme",
    "organization_name": "Acme Corp",
    "users": [
        # 60 s at 0.0150 and 6 s at 0.0120 a minute, a mobile minute, and two received minutes
        user("201", "Ann Lee", 3, 211, 0.1182),
        user("202", "202", 1, 90, 0.03),
    ],
}


def test_from_the_switch_and_the_carrier_to_the_answer(server: Server, tmp_path: Path) -> None:
    def tollbook(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = run_command(server.database_url, *arguments, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        return done

    (tmp_path / "carrier.csv").write_text(CARRIER)
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    (tmp_path / "Master.csv").write_text(CURRENT)
    (tmp_path / "Master.csv.1.gz").write_bytes(gzip.compress(ROTATED.encode()))
    tollbook("organizations", "create", "org_acme", "--name", "Acme Corp", "--number-format", "GB")
    tollbook("users", "create", "org_acme", "201", "--name", "Ann Lee")
    tollbook("prices", "load", "book.yaml")
    key = tollbook("keys", "create", "--permission", "admin", "--name", "reader").stdout.strip()

    report = msgspec.json.decode(tollbook(*SWITCH).stdout)
    assert (report["rows"], report["seconds"]) == (6, 301)
    assert report["skipped"] == {"unanswered": 1, "internal": 1}
    assert report["events"] == {"accepted": 4, "duplicate": 0, "quarantined": 0}
    with server.client(key) as reader:
        answer = reader.get("/v1/analytics/users", params=JANUARY)
        assert answer.json() == ANSWER
        assert list(answer.json()["users"][0]) == list(USERS_ANSWER["users"][0])
        shown = reader.get("/v1/events/org_acme/asterisk:1705312802.2:2").json()
        rate = shown["charge"]["rate"]
        assert rate["destination"] == "Mobile"
        assert rate["matched"] == "voice.call; to 447 (Mobile); direction outbound"
        assert shown["event"]["attributes"]["to"] == "+447700900123"

        again = msgspec.json.decode(tollbook(*SWITCH).stdout)
        assert again["events"] == {"accepted": 0, "duplicate": 4, "quarantined": 0}
        assert reader.get("/v1/analytics/users", params=JANUARY).json() == ANSWER
    tollbook("verify")
