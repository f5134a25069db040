"""The condition that keeps rows of some meters, tried on rows of every code."""

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.filters import Filters, match_meters
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.meters import CATALOG, Category
from tollbook.domain.own_meters import MeterTerms, own_meter

FAX = own_meter(MeterTerms("fax.outbound", "page", Category.MESSAGING), 1000)
LAST = own_meter(MeterTerms("brand.vetting", "item", Category.BRAND_REGISTRATION), 8499)
CATALOGS = (BUILT_IN, Catalog([FAX, LAST]))
CODES = (*(it.code for it in CATALOG), FAX.code, LAST.code)


def kept(types: tuple[str, ...], catalog: Catalog) -> set[int]:
    """Return the codes of the rows that a condition keeps."""
    condition, bound = match_meters(types, catalog)
    values: dict[str, Any] = dict(bound)
    if "codes" in values:
        listed = ", ".join(map(str, values.pop("codes")))
        condition = condition.replace(":codes", f"({listed})")
    rows = " UNION ALL ".join(f"SELECT {code} AS meter" for code in CODES)
    with sqlite3.connect(":memory:") as connection:
        found = connection.execute(f"SELECT meter FROM ({rows}) WHERE 1{condition}", values)
        codes = {code for (code,) in found}
    connection.close()
    return codes


@examples(60)
@given(catalog=st.sampled_from(CATALOGS), data=st.data())
def test_only_the_rows_of_the_meters_are_kept(catalog: Catalog, data: st.DataObject) -> None:
    names = st.sampled_from([it.type for it in catalog])
    types = tuple(data.draw(st.lists(names, min_size=1, unique=True)))
    assert kept(types, catalog) == {catalog.by_type[it].code for it in types}


@pytest.mark.parametrize("catalog", CATALOGS)
def test_without_types_there_is_no_condition(catalog: Catalog) -> None:
    assert match_meters((), catalog) == ("", {})
    assert kept((), catalog) == set(CODES)


@pytest.mark.parametrize("catalog", CATALOGS)
def test_a_type_of_nobody_is_a_defect(catalog: Catalog) -> None:
    with pytest.raises(KeyError):
        match_meters(("no.such.meter",), catalog)


@pytest.mark.parametrize(
    ("filters", "lists_all"),
    [
        (Filters(), True),
        (Filters(meters=("voice.call",), country="GB"), True),
        (Filters(status="active"), False),
        (Filters(min_cost=0), False),
        (Filters(search=""), False),
        (Filters(active=False), False),
    ],
)
def test_usage_is_filtered_without_leaving_out_rows(filters: Filters, lists_all: bool) -> None:
    assert filters.lists_all is lists_all
