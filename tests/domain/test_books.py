"""Price books in their order: which one is in force on a day, against a search day by day."""

from datetime import date, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.books import BookHead, BookStatus, before, list_books
from tollbook.domain.periods import day_number, day_of

FIRST = date(2023, 12, 28)
DAYS = [FIRST + timedelta(days=n) for n in range(12)]
NUMBERS = [day_number(it) for it in DAYS]


def head(version: int, day: int, **given: object) -> BookHead:
    """A published book of the tenant in dollars from the n-th day on, unless said otherwise."""
    usual: dict[str, object] = {
        "version": version,
        "organization": None,
        "organization_id": None,
        "name": f"Book {version}",
        "currency": "USD",
        "effective_from": NUMBERS[day],
        "source": "a test",
        "created_at": 1,
        "published_at": 1,
        "first_rate": 1,
        "last_rate": 3,
    }
    return BookHead(**{**usual, **given})  # type: ignore[arg-type]


@st.composite
def books(draw: st.DrawFn) -> list[BookHead]:
    """Some versions, drafts among them, of two owners and two currencies, in any order."""
    heads = [
        head(
            version,
            draw(st.integers(2, 9)),
            organization=draw(st.sampled_from((None, 7))),
            currency=draw(st.sampled_from(("USD", "EUR"))),
            published_at=draw(st.sampled_from((None, 1, 1, 1))),
        )
        for version in range(1, draw(st.integers(1, 9)))
    ]
    return list(draw(st.permutations(heads)))


def in_force(heads: list[BookHead], like: BookHead, day: int) -> int | None:
    """Find the version in force: of those that have begun the latest, then the highest."""
    begun = [
        (it.effective_from, it.version)
        for it in heads
        if it.published_at is not None
        and (it.organization, it.currency) == (like.organization, like.currency)
        and it.effective_from <= day
    ]
    return max(begun)[1] if begun else None


@examples(300)
@given(heads=books(), today=st.sampled_from(NUMBERS))
def test_a_book_is_in_force_on_the_days_up_to_its_last(heads: list[BookHead], today: int) -> None:
    for book in list_books(heads, today):
        days = [it for it in NUMBERS if in_force(heads, book.head, it) == book.head.version]
        if book.status is BookStatus.DRAFT:
            assert book.head.published_at is None
            assert days == []
            continue
        last = book.last_day or NUMBERS[-1]
        assert days == [it for it in NUMBERS if book.head.effective_from <= it <= last]
        assert book.prices_some_day == bool(days)


@examples(300)
@given(heads=books(), today=st.sampled_from(NUMBERS))
def test_a_book_is_superseded_once_another_is_in_force_in_its_place(
    heads: list[BookHead], today: int
) -> None:
    for book in list_books(heads, today):
        if book.status is not BookStatus.DRAFT:
            day = max(today, book.head.effective_from)
            is_over = in_force(heads, book.head, day) != book.head.version
            assert (book.status is BookStatus.SUPERSEDED) == is_over


@examples(200)
@given(heads=books())
def test_every_book_is_listed_once_in_the_order_of_versions(heads: list[BookHead]) -> None:
    found = [it.head for it in list_books(iter(heads), NUMBERS[0])]
    assert found == sorted(heads, key=lambda it: it.version)


@examples(200)
@given(heads=books())
@example(heads=[head(1, 3), head(2, 3), head(3, 3)])
def test_the_book_that_another_replaces_was_in_force_just_before(heads: list[BookHead]) -> None:
    for one in heads:
        others = [it for it in heads if it.version != one.version and _is_earlier(it, one)]
        found = before(heads, one)
        expected = in_force(others, one, one.effective_from)
        assert (found.version if found else None) == expected


def _is_earlier(book: BookHead, other: BookHead) -> bool:
    return (book.effective_from, book.version) < (other.effective_from, other.version)


def test_a_book_of_the_first_day_of_all_that_is_replaced_at_once_has_that_last_day() -> None:
    begin = day_number(date.min)
    first, second = head(1, 0, effective_from=begin), head(2, 0, effective_from=begin)
    replaced, latest = list_books([first, second], NUMBERS[0])
    assert day_of(replaced.last_day or 0) == date.min
    assert (replaced.status, latest.status) == (BookStatus.SUPERSEDED, BookStatus.PUBLISHED)


def test_the_rates_of_a_book_are_one_block_of_ids() -> None:
    assert head(1, 0, first_rate=5, last_rate=5).rates == 1
    assert head(1, 0, first_rate=5, last_rate=14).rates == 10
