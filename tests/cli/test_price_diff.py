"""tollbook prices diff: two versions rate by rate, counted, in a table and as JSON."""

from typing import Any

import pytest

from tests.cli.conftest import Tollbook
from tests.rerating.builders import book

CALLS = "{{meter: voice.call, to: '{}', price: {}, per: minute}}"


def call(to: str, price: str) -> str:
    return CALLS.format(to, price)


def load(tollbook: Tollbook, *rates: str) -> str:
    loaded = tollbook.json("prices", "load", tollbook.write("book.yaml", book(*rates)))
    return str(loaded["version"])


def compared(tollbook: Tollbook, old: list[str], new: list[str]) -> Any:
    versions = load(tollbook, *old), load(tollbook, *new)
    return tollbook.json("prices", "diff", *versions)


def test_every_kind_of_change_is_found(tollbook: Tollbook) -> None:
    old = [call("1", "0.10"), call("2", "0.10"), call("3", "0.10"), call("4", "0.10")]
    minimum = call("4", "0.10").replace("}", ", minimum: 30}")
    new = [call("1", "0.125"), call("2", "0.05"), minimum, call("5", "1")]
    found = compared(tollbook, old, new)
    assert (found["old"], found["new"]) == (1, 2)
    assert found["counts"] == {
        "voice.call": {"added": 1, "removed": 1, "dearer": 1, "cheaper": 1, "changed": 1}
    }
    by_prefix = {it["when"]["to"]: it for it in found["differences"]}
    changes = ("dearer", "cheaper", "removed", "changed", "added")
    assert [by_prefix[f"{to}"]["change"] for to in range(1, 6)] == [*changes]
    percents = [by_prefix[to]["percent"] for to in ("1", "2", "3", "5")]
    assert percents == [25.0, -50.0, None, None]
    assert by_prefix["3"]["new"] is None
    assert by_prefix["5"]["old"] is None
    assert by_prefix["1"]["new"] == {"price": "0.125", "per": "minute"}


@pytest.mark.parametrize(
    ("old", "new", "percent"),
    [
        ("0.03", "0.04", 33.33),
        ("0.03", "0.05", 66.67),
        ("1", "2", 100.0),
        ("3", "2", -33.33),
        ("800", "800.04", 0.0),
        ("800", "800.12", 0.02),
    ],
)
def test_a_percentage_has_two_decimals(
    tollbook: Tollbook, old: str, new: str, percent: float
) -> None:
    (found,) = compared(tollbook, [call("1", old)], [call("1", new)])["differences"]
    assert found["percent"] == percent
    rows = tollbook("prices", "diff", "1", "2").out.splitlines()
    assert any(line.rstrip().endswith(f"{percent:+.2f}%") for line in rows)


def test_the_same_book_has_no_difference(tollbook: Tollbook) -> None:
    found = compared(tollbook, [call("1", "0.10")], [call("1", "0.1")])
    assert (found["counts"], found["differences"]) == ({}, [])
    ran = tollbook("prices", "diff", "1", "2")
    assert ran.out == "no rate is different in versions 1 and 2\n"
    assert tollbook("prices", "diff", "2", "2").out.startswith("no rate is different")


def test_meters_are_counted_each_and_the_first_rates_are_shown(tollbook: Tollbook) -> None:
    codes = [f"4{it}" for it in range(10)]
    sms = "{meter: sms.outbound, price: 0.02, per: segment}"
    load(tollbook, *(call(it, "1") for it in codes), sms)
    load(tollbook, *(call(it, "2") for it in codes), sms.replace("0.02", "0.01"))
    ran = tollbook("prices", "diff", "1", "2", "--limit", "3")
    rows = [it.split() for it in ran.out.splitlines()]
    assert ["Meter", "Added", "Removed", "Dearer", "Cheaper", "Changed"] in rows
    assert ["sms.outbound", "0", "0", "0", "1", "0"] in rows
    assert ["voice.call", "0", "0", "10", "0", "0"] in rows
    shown = [it for it in rows if it and it[0] in ("dearer", "cheaper")]
    assert [it[:2] for it in shown] == [
        ["cheaper", "sms.outbound"],
        *[["dearer", "voice.call"]] * 2,
    ]
    assert ran.out.endswith("and 8 more; --limit or --json shows them\n")
    none = tollbook("prices", "diff", "1", "2", "--limit", "0")
    assert none.out.endswith("and 11 more; --limit or --json shows them\n")
    assert "more" not in tollbook("prices", "diff", "1", "2", "--limit", "11").out


def test_conditions_and_hours_name_a_rate(tollbook: Tollbook) -> None:
    rate = "{meter: sms.outbound, when: {route: direct}, price: 0.02, per: segment}"
    peak = "{meter: voice.call, hours: mon 08:00 to mon 20:00, price: 0.02, per: minute}"
    (sms, call_) = compared(tollbook, [call("1", "1")], [call("1", "1"), rate, peak])["differences"]
    assert (sms["when"], sms["hours"]) == ({"route": "direct"}, [])
    (hours,) = call_["hours"]
    assert (call_["when"], "08:00" in hours) == ({}, True)
    out = tollbook("prices", "diff", "1", "2").out
    assert "route=direct" in out
    assert hours in out


@pytest.mark.parametrize(
    ("versions", "code"), [(("1", "9"), 1), (("9", "1"), 1), (("1",), 2), (("1", "x"), 2)]
)
def test_versions_that_are_not_there_or_not_understood(
    tollbook: Tollbook, versions: tuple[str, ...], code: int
) -> None:
    load(tollbook, call("1", "1"))
    ran = tollbook("prices", "diff", *versions)
    assert ran.code == code
    assert code == 2 or "there is no price book version 9" in ran.err
