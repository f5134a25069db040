"""The table of figures: one definition for every number in the answers."""

import pytest

from tollbook.analytics.figures import (
    FIGURES,
    AnswerKind,
    Figure,
    Measure,
    Section,
    figures_of,
    is_cost,
    key_of,
    require_every_cost,
)
from tollbook.analytics.tables import ColumnKind
from tollbook.domain.meters import CATALOG, Category, Meter, codes_of


def test_the_names_of_figures_are_distinct() -> None:
    names = [it.name for it in FIGURES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("answer", AnswerKind)
def test_the_figures_of_an_answer_are_in_the_order_of_its_sections(answer: AnswerKind) -> None:
    figures = figures_of(answer)
    sections = [it.sections[answer] for it in figures]
    assert sections == sorted(sections)
    assert sorted(it.name for it in figures) == sorted(
        it.name for it in FIGURES if answer in it.sections
    )
    for section in Section:
        within = [it for it in figures if it.sections[answer] is section]
        assert within == [it for it in FIGURES if it in within]


def test_every_answer_ends_with_its_total_or_has_it_at_the_start() -> None:
    assert figures_of(AnswerKind.USER)[-1].name == "total_cost"
    assert figures_of(AnswerKind.ORGANIZATION)[-1].name == "total_cost"
    overview = [it.name for it in figures_of(AnswerKind.OVERVIEW)]
    assert overview.index("total_cost") < overview.index("messaging_cost")


def test_the_costs_of_categories_add_up_to_the_total() -> None:
    costs = [it for it in FIGURES if is_cost(it)]
    assert [it.meters for it in costs].count(Category.VOICE) == 1
    assert sorted(code for it in costs for code in it.codes) == sorted(it.code for it in CATALOG)


@pytest.mark.parametrize(
    ("name", "measure", "codes"),
    [
        ("total_voice_calls", Measure.EVENTS, (5,)),
        ("total_voice_seconds", Measure.QUANTITY, (5,)),
        ("kb_cost", Measure.COST, codes_of(Category.KNOWLEDGE_BASE)),
        ("kb_monthly_cost", Measure.COST, (10,)),
        ("total_cost", Measure.TOTAL, ()),
    ],
)
def test_a_figure_has_the_codes_of_its_meters(
    name: str, measure: Measure, codes: tuple[int, ...]
) -> None:
    (found,) = (it for it in FIGURES if it.name == name)
    assert (found.measure, found.codes) == (measure, codes)


def test_sums_of_quantities_and_costs_can_pass_64_bits() -> None:
    amounts = {it.measure for it in FIGURES if it.is_amount}
    assert amounts == {Measure.QUANTITY, Measure.COST, Measure.TOTAL}


def test_every_cost_is_an_amount_of_money() -> None:
    costs = [it for it in FIGURES if it.measure in (Measure.COST, Measure.TOTAL)]
    assert all(it.kind is ColumnKind.AMOUNT for it in costs)
    assert all(it.name.endswith("_cost") for it in costs)


FAX = Meter("fax.outbound", 99, Category.VOICE, "page", whole=True)


def test_a_category_that_a_breakdown_leaves_out_is_a_defect() -> None:
    voice = next(it for it in FIGURES if it.name == "voice_cost")
    without = [it for it in FIGURES if it is not voice]
    with pytest.raises(AssertionError, match=r"voice_cost of fax.outbound in USER"):
        require_every_cost(without, [FAX])
    only_user = voice._replace(sections={AnswerKind.USER: Section.BREAKDOWN})
    with pytest.raises(AssertionError, match=r"^no figure shows voice_cost of .* in OVERVIEW$"):
        require_every_cost([*without, only_user], [FAX])
    require_every_cost(FIGURES, [FAX])


def test_an_organization_level_category_is_in_the_overview_only() -> None:
    branded = Meter("x", 99, Category.BRAND_REGISTRATION, "x", organization_level=True)
    require_every_cost(FIGURES, [branded])
    with pytest.raises(AssertionError, match="in USER"):
        require_every_cost(FIGURES, [Meter("x", 99, Category.BRAND_REGISTRATION, "x")])
    with pytest.raises(AssertionError, match="in OVERVIEW"):
        require_every_cost([], [branded])


def test_the_cost_of_single_meters_does_not_stand_for_a_category() -> None:
    sections = {AnswerKind.USER: Section.BREAKDOWN, AnswerKind.OVERVIEW: Section.BREAKDOWN}
    single = Figure("voice_cost", Measure.COST, ("voice.call",), sections)
    assert not is_cost(single)
    with pytest.raises(AssertionError):
        require_every_cost([single], [FAX])


def test_a_column_has_the_key_of_its_label() -> None:
    keys = [key_of(it) for it in FIGURES if it.label]
    assert len(set(keys)) == len(keys)
    assert "sms_sent" in keys
    assert all(it.about for it in FIGURES if it.label)
