"""A month costs F of its total quantity, whatever came in, late or again, and was taken back."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Json, Platform, event, reversal
from tests.properties.model import Price
from tests.properties.profile import examples
from tests.rerating.builders import Past, book
from tollbook.store.database import Database

MONTHS = (202401, 202402)
DAYS = ("2024-01-01", "2024-01-31", "2024-02-01", "2024-02-29")
PERIOD = {"start": "2023-12-15", "end": "2024-03-01"}
PRICES = (
    (
        Price("", tiers=((1000, "1"), (None, "0.5"))),
        "graduated: [{up_to: 1000, price: 1}, {price: 0.5}]",
    ),
    (
        Price("", tiers=((7, "0.0000000005"), (30, "0.7"), (None, "0.0000000015"))),
        "graduated: [{up_to: 7, price: 0.0000000005}, {up_to: 30, price: 0.7}, "
        "{price: 0.0000000015}]",
    ),
    (
        Price("", tiers=((1000, "0.03"), (None, "0.02")), volume=True),
        "volume: [{up_to: 1000, price: 0.03}, {price: 0.02}]",
    ),
    (
        Price("", tiers=((9, "0.01"), (None, "0.0333333335")), volume=True),
        "volume: [{up_to: 9, price: 0.01}, {price: 0.0333333335}]",
    ),
    (Price("10", blocks=1000), "price: 10, package: 1, over: month"),
)
FLAT = (Price("0.25"), "price: 0.25")


@dataclass(frozen=True)
class Priced:
    """A price of a month, in the words of a book, under a tier key."""

    price: Price
    words: str
    group: str

    @property
    def book(self) -> str:
        blocks, flat = "package" in self.words, self.words == FLAT[1]
        per = "1000 segments" if blocks else "segment"
        group = "" if flat else f", tier_group: {self.group}"
        return book(f"{{meter: sms.outbound, per: {per}, {self.words}{group}}}", since="2023-01-01")

    def of_month(self, quantity: Fraction) -> Decimal:
        if self.price == FLAT[0]:
            return Decimal("0.25") * int(quantity)
        return self.price.of_month(quantity)


def priced(*kinds: tuple[Price, str]) -> st.SearchStrategy[Priced]:
    return st.builds(
        lambda kind, group: Priced(*kind, group), st.sampled_from(kinds), st.sampled_from("ab")
    )


sent = st.tuples(
    st.just("send"),
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.sampled_from(DAYS),
            st.sampled_from((0, 1, 1, 2, 6, 100, 500, 900, 1000, 1001)),
            st.sampled_from((None, "user_1", "user_2")),
        ),
        max_size=6,
    ),
)
back = st.tuples(st.just("reverse"), st.lists(st.integers(0, 12), min_size=1, max_size=4))
rerated = st.tuples(st.just("rerate"), priced(FLAT, *PRICES))
reverted = st.tuples(
    st.just("rerate and revert"), priced(FLAT, *PRICES), st.lists(st.integers(0, 12))
)
lives = st.lists(sent | sent | back | back | rerated | reverted, max_size=12)


class Life:
    """A platform with one price for its months at a time."""

    def __init__(self, database: Database, first: Priced) -> None:
        self.platform = Platform(database, f"tenant_{uuid4().hex}")
        self.number = self.platform.organization()
        self.past = Past(self.platform)
        self.priced = first
        self.platform.load(first.book)

    def send(self, events: list[tuple[int, str, int, str | None]]) -> None:
        self.platform.send(*(self._event(*it) for it in events))

    def _event(self, number: int, day: str, quantity: int, user: str | None) -> Json:
        time = f"{day}T{number:02d}:00:00Z"
        given = {"type": "sms.outbound", "time": time, "quantity": quantity, "user_id": user}
        return event(id=f"sms-{number}", **given)

    def reverse(self, numbers: list[int]) -> None:
        self.platform.reverse(*(reversal(f"sms-{it}") for it in numbers))

    def rerate(self, other: Priced) -> int:
        self.platform.load(other.book)
        self.priced = other
        dry, run = self.past.dry_run(**PERIOD), self.past.apply(**PERIOD)
        assert run.changed <= run.events == run.expected
        assert (dry.events, dry.changed, dry.costs) == (run.events, run.changed, run.costs)
        return run.id

    def rerate_and_revert(self, other: Priced, numbers: list[int]) -> None:
        before = self.priced
        number = self.rerate(other)
        self.reverse(numbers)
        self.check()
        assert self.platform.differences() == []
        run = self.past.revert(number)
        assert run.restored == run.changed
        self.priced = before
        self.check()
        self.platform.load(before.book)

    def check(self) -> None:
        """Find the right cost of each month, which is F of what is counted in it."""
        costs = self._sums("SELECT day / 100, SUM(cost), SUM(quantity) FROM events")
        kept = self._sums("SELECT month, SUM(cost), SUM(quantity) FROM organization_monthly")
        for month in MONTHS:
            cost, micros = costs.get(month, (0, 0))
            of_month = self.priced.of_month(Fraction(micros, 10**6))
            assert cost == of_month.scaleb(9), (month, micros)
            assert kept.get(month, (0, 0)) == (cost, micros)

    def _sums(self, sql: str) -> dict[int, tuple[int, int]]:
        where = "WHERE organization_id = :number GROUP BY 1"
        rows = self.past.rows(f"{sql} {where}", number=self.number)
        return {int(it[0]): (int(it[1]), int(it[2])) for it in rows}


@examples(60)
@given(first=priced(*PRICES), life=lives)
def test_a_month_costs_what_its_quantity_costs_in_any_order_and_after_rerating(
    database: Database, first: Priced, life: list[tuple[str, ...]]
) -> None:
    lived = Life(database, first)
    for what, *given_ in life:
        getattr(lived, what.replace(" ", "_"))(*given_)
        lived.check()
    assert lived.platform.differences() == []
