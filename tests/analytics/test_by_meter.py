"""The sums of a period by meter: figures of one meter, of a category, and the total."""

import pytest

from tollbook.analytics.by_meter import ByMeter, MeterSums
from tollbook.analytics.figures import FIGURES, Figure, Measure, is_cost
from tollbook.domain.meters import BY_TYPE, CATALOG, Category

EVERY_METER = [(it.code, 1, it.code * 10, it.code * 100) for it in CATALOG]


def figure(measure: Measure, meters: tuple[str, ...] | Category) -> Figure:
    return Figure("any", measure, meters, {})


def test_without_rows_every_meter_is_zero() -> None:
    sums = ByMeter([])
    assert all(sums[it.type] == MeterSums(0, 0, 0) for it in CATALOG)
    assert sums.total_cost() == 0
    assert sums.figure(figure(Measure.COST, Category.MESSAGING)) == 0


def test_a_meter_is_found_by_its_type() -> None:
    sums = ByMeter(iter(EVERY_METER))
    for meter in CATALOG:
        assert sums[meter.type] == (1, meter.code * 10, meter.code * 100)


def test_a_meter_that_does_not_exist_is_a_defect() -> None:
    with pytest.raises(KeyError):
        ByMeter([])["fax.outbound"]


def test_own_meters_are_in_the_costs_of_their_category_and_in_no_count() -> None:
    sums = ByMeter([*EVERY_METER, (1000, 7, 7_000_000, 5), (7000, 1, 1, 30), (7500, 1, 1, 200)])
    costs = {it.name: sums.figure(it) for it in FIGURES if it.measure is Measure.COST}
    assert costs["messaging_cost"] == 1_005
    assert costs["kb_usage_cost"] == 1_130
    assert costs["kb_monthly_cost"] == 1_200
    assert costs["kb_cost"] == 2_330
    assert sums.figure(figure(Measure.EVENTS, Category.MESSAGING)) == 4
    assert sums.total_cost() == sum(it[3] for it in EVERY_METER) + 235


@pytest.mark.parametrize(
    ("measure", "expected"),
    [(Measure.EVENTS, 4), (Measure.QUANTITY, 100), (Measure.COST, 1_000)],
)
def test_a_figure_adds_up_the_meters_of_a_category(measure: Measure, expected: int) -> None:
    assert ByMeter(EVERY_METER).figure(figure(measure, Category.MESSAGING)) == expected


def test_a_figure_of_one_meter_has_no_other() -> None:
    code = BY_TYPE["voice.call"].code
    assert ByMeter(EVERY_METER).figure(figure(Measure.COST, ("voice.call",))) == code * 100
    assert ByMeter(EVERY_METER).figure(figure(Measure.COST, ())) == 0


def test_the_costs_of_all_categories_are_the_total() -> None:
    sums = ByMeter(EVERY_METER)
    categories = [sums.figure(it) for it in FIGURES if is_cost(it)]
    assert sum(categories) == sums.total_cost() == sum(row[3] for row in EVERY_METER)


def test_a_figure_that_is_not_a_sum_of_usage_is_a_defect() -> None:
    with pytest.raises(KeyError):
        ByMeter(EVERY_METER).figure(figure(Measure.RESOURCES, Category.KNOWLEDGE_BASE))
