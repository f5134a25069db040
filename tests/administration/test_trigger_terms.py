"""The terms of a trigger: thresholds as they are stored, and what cannot be watched."""

from collections.abc import Callable
from typing import Any

import pytest

from tollbook.administration.trigger_terms import (
    CATEGORIES,
    ChosenThresholds,
    DeviationTerms,
    NewTrigger,
    TriggerThresholds,
    chosen_thresholds,
    endpoints_problem,
    field_problems,
    require_figure,
)
from tollbook.domain.catalog import BUILT_IN
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.trigger_errors import InvalidFigure
from tollbook.domain.triggers import (
    LONGEST_TRIGGER_NAME,
    MOST_ENDPOINTS,
    MOST_VALUES,
    Direction,
    Sensitivity,
    ThresholdKind,
    TriggerOwner,
    TriggerPeriod,
    WatchedFigure,
)

COST, COUNT, QUANTITY = WatchedFigure.COST, WatchedFigure.COUNT, WatchedFigure.QUANTITY
VALUE, BUDGET, DEVIATION = ThresholdKind.VALUE, ThresholdKind.BUDGET, ThresholdKind.DEVIATION


def chosen(figure: WatchedFigure = COST, **given: Any) -> ChosenThresholds:
    return chosen_thresholds(TriggerThresholds(**given), figure)


def refused(call: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as refusal:
        call()
    return [(it.field, it.code) for it in refusal.value.details]


@pytest.mark.parametrize(
    ("figure", "at", "stored"),
    [
        (COST, (1,), ("1000000000",)),
        (COST, ("0.000000001",), ("1",)),
        (COST, (10, "9.5", 0.25), ("250000000", "9500000000", "10000000000")),
        (QUANTITY, ("0.000001", 2), ("1", "2000000")),
        (COUNT, (100, 7), ("7", "100")),
        (COUNT, tuple(range(MOST_VALUES, 0, -1)), tuple(map(str, range(1, MOST_VALUES + 1)))),
    ],
)
def test_values_are_stored_in_the_unit_of_their_figure_from_the_least_on(
    figure: WatchedFigure, at: Any, stored: tuple[str, ...]
) -> None:
    assert chosen(figure, at=at) == ChosenThresholds(VALUE, stored)


@pytest.mark.parametrize(
    ("figure", "at"),
    [
        (COST, ()),
        (COST, (0,)),
        (COST, (-1,)),
        (COST, ("x",)),
        (COST, ("nan",)),
        (COST, ("0.0000000001",)),
        (COST, (1, "1.0")),
        (COST, ("1e30",)),
        (COST, tuple(range(1, MOST_VALUES + 2))),
        (COUNT, (1.5,)),
        (QUANTITY, ("0.0000001",)),
    ],
)
def test_other_values_are_refused(figure: WatchedFigure, at: Any) -> None:
    assert refused(lambda: chosen(figure, at=at)) == [("at", "invalid_thresholds")]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ((1,), ("1.0",)),
        ((0.8, "0.5", 1), ("0.5", "0.8", "1.0")),
        (("0.01",), ("0.01",)),
        ((10,), ("10.0",)),
    ],
)
def test_fractions_of_a_budget_are_sorted(given: Any, stored: tuple[str, ...]) -> None:
    assert chosen(at_budget=given) == ChosenThresholds(BUDGET, stored)


@pytest.mark.parametrize(
    "given",
    [(), (0,), (-0.5,), ("x",), (0.5, "0.50"), (10.01,), (0.00001,), (0.5, "y")],
)
def test_other_fractions_are_refused(given: Any) -> None:
    assert refused(lambda: chosen(at_budget=given)) == [("at_budget", "invalid_thresholds")]


@pytest.mark.parametrize(
    ("terms", "stored"),
    [
        (DeviationTerms(), ("medium above",)),
        (DeviationTerms(Sensitivity.HIGH, Direction.BELOW), ("high below",)),
        (DeviationTerms(Sensitivity.LOW, Direction.BOTH), ("low above", "low below")),
    ],
)
def test_a_deviation_is_watched_in_each_direction(
    terms: DeviationTerms, stored: tuple[str, ...]
) -> None:
    assert chosen(deviation=terms) == ChosenThresholds(DEVIATION, stored)


def test_a_trigger_has_thresholds_of_exactly_one_kind() -> None:
    assert refused(lambda: chosen()) == [("at", "missing_field")]
    assert refused(lambda: chosen(at=(1,), at_budget=(1,))) == [
        ("at", "not_together"),
        ("at_budget", "not_together"),
    ]
    every: dict[str, Any] = {"at": (1,), "at_budget": (1,), "deviation": DeviationTerms()}
    assert [field for field, _ in refused(lambda: chosen(**every))] == [*every]


def trigger(**given: Any) -> NewTrigger:
    usual: dict[str, Any] = {"name": "x", "figure": COST, "period": TriggerPeriod.DAY}
    return NewTrigger(**{**usual, **given})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"name": ""}, [("name", "empty")]),
        ({"name": "x" * LONGEST_TRIGGER_NAME}, []),
        ({"name": "x" * (LONGEST_TRIGGER_NAME + 1)}, [("name", "too_long")]),
        ({"user_id": "ann"}, [("organization_id", "missing_field")]),
        ({"user_id": "ann", "organization_id": "org_1"}, []),
        ({"category": "voice_cost"}, []),
        ({"category": "voice"}, [("category", "invalid_choice")]),
        ({"owner": TriggerOwner.BOTH}, [("owner", "invalid_choice")]),
        ({"owner": TriggerOwner.TENANT}, []),
        ({"endpoint_ids": ("a", "a")}, [("endpoint_ids", "invalid_endpoints")]),
        (
            {"name": " ", "user_id": "a", "category": "x", "owner": TriggerOwner.BOTH},
            [
                ("name", "empty"),
                ("organization_id", "missing_field"),
                ("category", "invalid_choice"),
                ("owner", "invalid_choice"),
            ],
        ),
    ],
)
def test_every_problem_with_a_field_is_listed(given: Any, expected: list[tuple[str, str]]) -> None:
    found = filter(None, field_problems(trigger(**given)))
    assert [(it.field, it.code) for it in found] == expected


def test_a_trigger_has_a_limited_number_of_endpoints() -> None:
    most = [f"end_{it}" for it in range(MOST_ENDPOINTS)]
    assert endpoints_problem(most) is None
    assert endpoints_problem([]) is None
    assert endpoints_problem([*most, "one more"]) is not None


ORG = {"organization_id": "org_1"}
ANN = {**ORG, "user_id": "ann"}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, VALUE),
        ({"currency": "EUR"}, VALUE),
        ({"category": "voice_cost"}, VALUE),
        ({"meter": "voice.call"}, VALUE),
        ({"figure": QUANTITY, "meter": "voice.call"}, VALUE),
        ({"figure": COUNT, "meter": "brand.registration", **ORG}, VALUE),
        ({**ANN, "meter": "voice.call"}, VALUE),
        ({**ANN, "category": "messaging_cost"}, VALUE),
        ({**ORG}, BUDGET),
        ({**ANN, "period": TriggerPeriod.MONTH}, BUDGET),
        ({**ORG, "period": TriggerPeriod.WEEK}, BUDGET),
        ({}, DEVIATION),
        ({"meter": "voice.call", "period": TriggerPeriod.MONTH}, DEVIATION),
    ],
)
def test_what_can_be_watched(given: Any, kind: ThresholdKind) -> None:
    require_figure(trigger(**given), kind, BUILT_IN)


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        ({"figure": COUNT}, VALUE, "figure count requires meter, and excludes category"),
        (
            {"figure": QUANTITY, "meter": "voice.call", "category": "voice_cost"},
            VALUE,
            "figure quantity requires meter",
        ),
        (
            {"meter": "voice.call", "category": "voice_cost"},
            VALUE,
            "category and meter are not possible together",
        ),
        ({"currency": "EUR", **ORG}, VALUE, "currency is possible only"),
        ({"currency": "EUR", "figure": COUNT, "meter": "voice.call"}, VALUE, "currency is"),
        ({**ANN, "meter": "brand.registration"}, VALUE, "no organization-level figures"),
        ({**ANN, "category": "brand_registration_cost"}, VALUE, "no organization-level figures"),
        ({}, BUDGET, "of an organization or user"),
        ({**ORG, "period": TriggerPeriod.HOUR}, BUDGET, "for a day, week or month"),
        ({**ORG, "category": "voice_cost"}, BUDGET, "only for the whole cost"),
        ({**ORG, "meter": "voice.call"}, BUDGET, "only for the whole cost"),
        ({**ORG, "figure": COUNT, "meter": "voice.call"}, BUDGET, "only for the whole cost"),
        ({"period": TriggerPeriod.HOUR}, DEVIATION, "only for a day, week or month"),
        ({"period": TriggerPeriod.ALL}, DEVIATION, "only for a day, week or month"),
        ({"category": "phone_rental_cost"}, DEVIATION, "figures of daily usage"),
        ({"category": "phone_purchase_cost"}, DEVIATION, "figures of daily usage"),
        ({"meter": "phone.purchase"}, DEVIATION, "figures of daily usage"),
    ],
)
def test_what_cannot_be_computed_is_a_sentence(
    given: Any, kind: ThresholdKind, sentence: str
) -> None:
    with pytest.raises(InvalidFigure, match=sentence):
        require_figure(trigger(**given), kind, BUILT_IN)


def test_a_meter_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequest, match="meter"):
        require_figure(trigger(meter="voice.cal"), VALUE, BUILT_IN)


def test_categories_have_the_names_of_the_costs_in_answers() -> None:
    assert {"messaging_cost", "voice_cost", "api_request_cost", "kb_cost"} <= {*CATEGORIES}
    assert len({*CATEGORIES}) == len(CATEGORIES)
