"""What is usual: measured on made-up histories, as docs/triggers.md and decision 61 state."""

from math import sqrt
from random import Random

import pytest

from tests.alerts.watching import Watching
from tests.builders import event
from tollbook.alerts.usual import FACTORS, LEAST_DAYS, expectation
from tollbook.domain.triggers import Sensitivity, ThresholdKind, TriggerPeriod
from tollbook.store.database import Database

WEEK = (1.0, 1.1, 1.2, 1.1, 0.9, 0.4, 0.3)
"""The rhythm of the made-up histories."""


def history(random: Random, noise: float, days: int = 84) -> list[int]:
    """Return days with a weekly rhythm and a noise of this share."""
    return [
        max(0, round(1_000_000 * WEEK[day % 7] * (1 + random.gauss(0, noise))))
        for day in range(days)
    ]


def fired(noise: float, factor: float, sensitivity: Sensitivity, seed: int = 1) -> float:
    """Return in how many of 400 trials a day that is `factor` times the usual fires."""
    random, found = Random(seed), 0
    for _ in range(400):
        past = history(random, noise)
        today = factor * 1_000_000 * WEEK[0] * (1 + random.gauss(0, noise))
        usual = expectation(past, 1)
        assert usual is not None
        found += today >= usual.above(sensitivity)
    return found / 400


def test_a_short_history_is_learning() -> None:
    assert expectation([5] * (LEAST_DAYS - 1), 1) is None
    assert expectation([], 1) is None


def test_days_that_do_not_differ_have_a_tenth_as_spread() -> None:
    found = expectation([100] * 60, 4)
    assert found is not None
    assert (found.expected, found.spread) == (400, pytest.approx(10 * sqrt(4)))
    assert [found.above(it) for it in Sensitivity] == [520, 480, 460]
    assert [found.below(it) for it in Sensitivity] == [280, 320, 340]


@pytest.mark.parametrize("noise", [0.05, 0.15, 0.3, 0.5])
def test_ordinary_days_seldom_fire(noise: float) -> None:
    most = {Sensitivity.LOW: 0.015, Sensitivity.MEDIUM: 0.035, Sensitivity.HIGH: 0.06}
    for sensitivity in FACTORS:
        assert fired(noise, 1, sensitivity) <= most[sensitivity]


def test_a_doubled_day_is_found_the_better_the_less_noise_there_is() -> None:
    found = {it: fired(0.15, 2, it) for it in Sensitivity}
    assert found[Sensitivity.LOW] < found[Sensitivity.MEDIUM] < found[Sensitivity.HIGH]
    assert found[Sensitivity.HIGH] > 0.9
    assert fired(0.3, 2, Sensitivity.HIGH) < found[Sensitivity.HIGH]


def fill(watching: Watching, last: str = "2024-01-14") -> None:
    """Let each day from 1 December to the last one cost 100, and a rental 1,000 once."""
    sent = [
        event(id=f"{month}-{day}", time=f"{month}-{day:02}T12:00:00Z", cost="100")
        for month, days in (("2023-12", range(1, 32)), ("2024-01", range(1, 15)))
        for day in days
        if f"{month}-{day:02}" <= last
    ]
    sent.append(event(id="rental", type="phone.rental", time="2024-01-15T01:00:00Z", cost="1000"))
    watching.send(*sent)


@pytest.fixture
def watching(database: Database) -> Watching:
    return Watching(database)


@pytest.mark.parametrize("organization", ["org_1", ""])
def test_a_day_above_the_usual_fires_once(watching: Watching, organization: str) -> None:
    fill(watching)
    watching.trigger("medium above", kind=ThresholdKind.DEVIATION, organization=organization)
    watching.send(event(id="1", cost="139.99"))
    assert watching.look(with_ended=False) == []
    watching.send(event(id="2", cost="0.01"))
    assert watching.look(with_ended=False) == ["trigger.reached 140"]
    assert watching.notices()[0]["data"]["threshold"] == {
        "kind": "deviation",
        "sensitivity": "medium",
        "direction": "above",
        "expected": 100,
        "bound": 140,
    }
    watching.restart()
    assert watching.look() == []


def test_what_is_expected_stays_as_it_was_at_the_first_look(watching: Watching) -> None:
    fill(watching)
    watching.trigger("medium above", kind=ThresholdKind.DEVIATION, since=watching.now)
    watching.look()
    late = (event(id=f"late {it}", time=f"2024-01-{it:02}T13:00:00Z", cost="500") for it in (1, 8))
    watching.send(*late, event(id="1", cost="150"))
    watching.restart()
    assert watching.look() == ["trigger.reached 150"]


def test_a_day_below_the_usual_fires_an_hour_after_its_end(watching: Watching) -> None:
    fill(watching)
    watching.trigger("high below", kind=ThresholdKind.DEVIATION, since=watching.now)
    watching.send(event(id="1", cost="70"))
    watching.look()
    watching.at("2024-01-16T00:59:59+00:00")
    assert watching.look() == []
    watching.at("2024-01-16T01:00:00+00:00")
    assert watching.look() == ["trigger.reached 70"]
    watching.send(event(id="2", cost="0.01"))
    assert watching.look() == ["trigger.cleared 70.01"]


def test_with_too_little_history_nothing_fires(watching: Watching) -> None:
    fill(watching, last="2023-12-27")
    watching.trigger("high above", kind=ThresholdKind.DEVIATION, period=TriggerPeriod.WEEK)
    watching.at("2023-12-28T12:00:00+00:00")
    watching.send(event(id="1", time="2023-12-28T12:00:00Z", cost="9000"))
    assert watching.look() == []
