"""What a trend adds up: the usage that counts, and sums bucket by bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.filters import meter_bits
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series_buckets import Bucket
from tollbook.analytics.series_question import SeriesQuestion
from tollbook.analytics.series_reads import EVERY_METER, BucketSums, UsageFilter
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.margin import Purchases
from tollbook.domain.meters import CATALOG, Category
from tollbook.domain.named_periods import named
from tollbook.domain.own_meters import MeterTerms, own_meter
from tollbook.domain.periods import parsed_day

FAX = own_meter(MeterTerms("fax.outbound", "page", Category.MESSAGING), 1000)
VETTING = own_meter(MeterTerms("brand.vetting", "item", Category.BRAND_REGISTRATION), 8000)
OWN = Catalog([FAX, VETTING])
TODAY = parsed_day("2024-01-31")


def asked(catalog: Catalog = BUILT_IN, **given: object) -> UsageFilter:
    period = named("this_month", TODAY)
    question = SeriesQuestion(QuestionScope("demo"), period, Bucket.DAY, catalog=catalog)
    return question._replace(**given).usage_filter  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("catalog", "meters", "expected"),
    [
        (BUILT_IN, None, UsageFilter()),
        (BUILT_IN, ("voice.call",), UsageFilter(1 << 5)),
        (BUILT_IN, (), UsageFilter()),
        (OWN, ("voice.call", "sms.outbound"), UsageFilter(0b100010)),
        (OWN, ("fax.outbound",), UsageFilter(0, codes=(1000,))),
        (OWN, ("voice.call", "fax.outbound"), UsageFilter(0, codes=(5, 1000))),
        (OWN, None, UsageFilter(0, codes=(*range(1, 13), 1000, 8000))),
    ],
)
def test_meters_are_bits_unless_the_tenants_own_are_among_them(
    catalog: Catalog, meters: tuple[str, ...] | None, expected: UsageFilter
) -> None:
    assert asked(catalog, meters=meters) == expected


@pytest.mark.parametrize("catalog", [BUILT_IN, OWN])
def test_country_and_margin_are_passed_on(catalog: Catalog) -> None:
    found = asked(catalog, country="GB", with_margin=True)
    assert (found.country, found.margin) == ("GB", True)
    found = asked(catalog)
    assert (found.country, found.margin) == (None, False)


def codes_of(found: UsageFilter) -> set[int]:
    if found.codes is not None:
        return set(found.codes)
    return {it.code for it in CATALOG if found.meters >> it.code & 1}


@examples(40)
@given(
    catalog=st.sampled_from([BUILT_IN, OWN]),
    data=st.data(),
)
def test_usage_is_of_users_or_of_the_organization_alone(
    catalog: Catalog, data: st.DataObject
) -> None:
    types = [it.type for it in catalog]
    meters = data.draw(st.lists(st.sampled_from(types), min_size=1, unique=True))
    found = asked(catalog, meters=tuple(meters))
    wanted = [catalog.by_type[it] for it in meters]
    assert codes_of(found) == {it.code for it in wanted}
    of_users = {it.code for it in wanted if not it.organization_level}
    assert codes_of(found.of_users) == of_users
    assert codes_of(found.of_organization) == {it.code for it in wanted} - of_users
    assert found.of_users.is_empty is (not of_users)
    assert not found.is_empty


def test_a_filter_of_nothing_is_empty() -> None:
    assert UsageFilter(0).is_empty
    assert UsageFilter(EVERY_METER, codes=()).is_empty
    assert not UsageFilter(0, codes=(1000,)).is_empty
    assert meter_bits([]) == EVERY_METER


FIGURES = st.tuples(*[st.integers(-(2**63), 2**63)] * 6)


@examples(40)
@given(st.lists(st.tuples(st.integers(0, 2), FIGURES), max_size=6), st.sampled_from([1, -1]))
def test_sums_are_added_bucket_by_bucket(
    rows: list[tuple[int, tuple[int, ...]]], sign: int
) -> None:
    one, other = BucketSums(3), BucketSums(3)
    for bucket, figures in rows:
        one.add(bucket, figures)
        other.add(2 - bucket, figures)
    mirrored = [other.counts[2 - it] for it in range(3)]
    assert one.counts == mirrored == [sum(it[0] for at, it in rows if at == n) for n in range(3)]
    for bucket in range(3):
        count, _, cost, *bought = (
            sum(it[place] for at, it in rows if at == bucket) for place in range(6)
        )
        assert one.purchases(bucket) == Purchases(count, cost, *bought)
    assert one.all_purchases == other.all_purchases
    costs, quantities = list(one.costs), list(one.quantities)
    one.add_all(other, sign)
    assert one.costs == [costs[n] + sign * other.costs[n] for n in range(3)]
    assert one.quantities == [quantities[n] + sign * other.quantities[n] for n in range(3)]


def test_sums_without_margins_have_nothing_bought() -> None:
    found = BucketSums(1)
    found.add(0, (1, 2, 3))
    assert found.purchases(0) == Purchases(events=1, cost=3)
    assert not found.is_empty()
    assert BucketSums(1).is_empty()
