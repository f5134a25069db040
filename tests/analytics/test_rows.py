"""Rows of sums as answers and tables, laid out by the table of figures."""

import msgspec
import pytest

from tollbook.analytics.figures import FIGURES, AnswerKind, Measure, figures_of
from tollbook.analytics.rows import RowLayout, define, scale_of, sum_sql
from tollbook.analytics.tables import ColumnKind
from tollbook.domain.exact import AmountJson
from tollbook.domain.meters import codes_of

LAYOUTS = [
    RowLayout(AnswerKind.USER, "user_id", "user_name"),
    RowLayout(AnswerKind.ORGANIZATION, "organization_id", "organization_name"),
    RowLayout(AnswerKind.ORGANIZATION_LEVEL),
    RowLayout(AnswerKind.OVERVIEW),
]
USER = LAYOUTS[0]


def numbered(layout: RowLayout, scale: int = 1) -> tuple[object, ...]:
    """A row in which each figure has the number of its place."""
    figures = range(len(layout.identity), layout.width)
    return (*layout.identity, *(at * scale for at in figures))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_figure_has_one_place_after_the_identity(layout: RowLayout) -> None:
    assert sorted(layout.place.values()) == list(range(layout.width))
    assert set(layout.place) == {*layout.identity, *(it.name for it in layout.figures)}
    assert [layout.place[name] for name in layout.identity] == list(range(len(layout.identity)))
    assert (layout.events, layout.status) == (layout.width, layout.width + 1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_columns_of_a_file_are_as_documented(layout: RowLayout) -> None:
    names = [column.name for column in layout.columns]
    assert names == [*layout.identity, *(it.name for it in layout.figures)]
    assert all(layout.kinds[name] is ColumnKind.TEXT for name in layout.identity)
    assert all(layout.kinds[it.name] is it.kind for it in layout.figures)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_costs_are_adjacent(layout: RowLayout) -> None:
    names = [it.name for it in layout.stored if it.measure is Measure.COST]
    if names:
        places = range(layout.width)[layout.costs]
        assert [layout.place[name] for name in names] == list(places)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_amounts_are_the_sums_that_can_pass_64_bits(layout: RowLayout) -> None:
    assert layout.amounts == {layout.place[it.name] for it in layout.figures if it.is_amount}


def test_a_sum_is_filtered_by_its_meters() -> None:
    sums = {it.name: sum_sql(it) for it in FIGURES if it.name in USER.sums}
    assert sums["total_voice_seconds"] == "SUM(quantity) FILTER (WHERE meter = 5)"
    assert sums["total_sms_sent"] == "SUM(count) FILTER (WHERE meter = 1)"
    assert sums["messaging_cost"] == "SUM(cost) FILTER (WHERE meter IN (1, 2, 3, 4))"
    assert USER.sums == sums
    assert {"total_cost", "kb_count"}.isdisjoint(USER.sums)


def test_only_whole_quantities_are_shown_in_units() -> None:
    scaled = {it.name for it in FIGURES if scale_of(it) != 1}
    assert scaled == {"api_requests_count", "phone_purchase_count", "brand_registration_count"}


def test_the_total_of_rows_adds_up_each_figure() -> None:
    rows = [(*numbered(USER), 7, "active"), (*numbered(USER), 1, "inactive")]
    assert USER.total(rows) == ("", "", *(2 * at for at in range(2, USER.width)), 8)


def test_the_total_of_no_rows_is_zero() -> None:
    assert USER.total([]) == ("", "", *[0] * (USER.width - 1))


def test_a_table_has_its_figures_in_the_documented_order() -> None:
    row = numbered(USER, 1_000_000)
    table = USER.table([row], USER.total([row, row]))
    (cells,) = table.rows
    names = [column.name for column in table.columns]
    expected = {
        it.name: USER.place[it.name] * (1 if scale_of(it) != 1 else 1_000_000)
        for it in USER.figures
    }
    assert dict(zip(names[2:], cells[2:], strict=True)) == expected
    assert table.totals is not None
    assert table.totals[:2] == ("", "Total")
    assert list(table.totals[2:]) == [2 * it for it in cells[2:]]


def test_a_table_without_sums_has_no_last_row() -> None:
    assert USER.table([]).totals is None
    assert list(USER.table([]).rows) == []


def test_an_answer_has_its_breakdown_as_an_object() -> None:
    breakdown = USER.breakdown_type("Breakdown", "Costs.")
    answer = define("Answer", "A row.", [("id", str), ("name", str), *USER.fields(breakdown)])
    columns = USER.cells([numbered(USER), numbered(USER)], breakdown)
    first, second = map(answer, *columns)
    assert first == second
    shown = msgspec.json.decode(msgspec.json.encode(first))
    assert (shown["id"], shown["name"]) == ("user_id", "user_name")
    assert list(shown)[-1] == "total_cost"
    costs = shown["cost_breakdown"]
    assert costs["voice_cost"] == pytest.approx(USER.place["voice_cost"] / 10**9)
    assert costs["kb_count"] == USER.place["kb_count"]
    assert shown["total_voice_calls"] == USER.place["total_voice_calls"]


def test_seconds_of_knowledge_bases_are_shown_as_minutes() -> None:
    breakdown = USER.breakdown_type("Breakdown", "Costs.")
    figures = {"kb_minutes": 90_000_000, "total_voice_seconds": 61_500_000}
    row = ["a", "b", *[0] * (USER.width - 2)]
    for name, value in figures.items():
        row[USER.place[name]] = value
    answer = define("Answer", "A row.", [("id", str), ("name", str), *USER.fields(breakdown)])
    (found,) = map(answer, *USER.cells([tuple(row)], breakdown))
    shown = msgspec.json.decode(msgspec.json.encode(found))
    assert shown["cost_breakdown"]["kb_minutes"] == 1.5
    assert shown["total_voice_seconds"] == 61.5


def test_no_rows_are_columns_without_cells() -> None:
    breakdown = USER.breakdown_type("Breakdown", "Costs.")
    assert [list(column) for column in USER.cells([], breakdown)] == [
        [] for _ in range(2 + len(dict(USER.fields(breakdown))))
    ]


def test_counts_are_integers_and_amounts_exact_numbers() -> None:
    kinds = {it.name: it.kind for it in figures_of(AnswerKind.ORGANIZATION)}
    types = {ColumnKind.COUNT: int, ColumnKind.AMOUNT: AmountJson}
    for name, kind in LAYOUTS[1].fields():
        assert kind is types.get(kinds[name], msgspec.Raw)


def test_a_new_type_has_the_name_and_description_of_the_document() -> None:
    kind = define("Thing", "A thing.", [("value", int)])
    assert (kind.__name__, kind.__doc__) == ("Thing", "A thing.")
    with pytest.raises(AttributeError):
        kind(1).value = 2  # type: ignore[attr-defined]


def test_the_codes_of_a_sum_are_those_of_its_figure() -> None:
    for layout in LAYOUTS:
        for figure in layout.stored:
            if figure.name in layout.sums and not isinstance(figure.meters, tuple):
                codes = ", ".join(map(str, codes_of(figure.meters)))
                assert codes in layout.sums[figure.name]
