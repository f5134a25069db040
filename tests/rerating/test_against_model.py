"""Whatever the ledger holds and whatever books come: rerating is exact and can be taken back."""

from typing import Any
from uuid import uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Json, Platform, event, reversal
from tests.properties.profile import examples
from tests.rerating.builders import Past, book
from tollbook.domain.charges import Charge, RatingInput
from tollbook.domain.meters import BY_CODE
from tollbook.domain.periods import local_time
from tollbook.domain.rerating import RunStatus
from tollbook.rating.charge import rate_usage
from tollbook.store.database import Database

CALLS = (
    "{meter: voice.call, price: 0.002, per: second}",
    "{meter: voice.call, price: 0.07, per: minute, increments: 60/6, markup: 15%}",
    "{meter: voice.call, price: 0.05, per: minute, buy: {price: 0.013, per: minute}}",
    "{meter: voice.call, per: second, tier_group: calls, "
    "graduated: [{up_to: 500, price: 0.004}, {price: 0.001}]}",
    "{meter: voice.call, per: second, tier_group: calls, connect_fee: 0.02, "
    "graduated: [{up_to: 300, price: 0.003, connect_fee: 0.07}, {price: 0.002}]}",
    "{meter: voice.call, price: 1, per: 7 seconds, when: {route: gold}}",
)
MESSAGES = (
    "{meter: sms.outbound, price: 0.03, per: segment}",
    "{meter: sms.outbound, per: segment, graduated: [{up_to: 5, price: 0.05}, {price: 0.003}]}",
    "{meter: sms.outbound, per: segment, volume: [{up_to: 9, price: 0.05}, {price: 0.0333}]}",
    "{meter: sms.outbound, per: segment, tier_group: mine, "
    "graduated: [{up_to: 3, price: 0.07}, {price: 0.01}]}",
)
BRAND = "{meter: brand.registration, price: 4, per: registration}"
DAYS = ("2024-01-01", "2024-01-20", "2024-02-01", "2024-02-29")

books = st.builds(
    lambda calls, messages, since: book(calls, messages, BRAND, since=since),
    st.sampled_from(CALLS),
    st.sampled_from(MESSAGES),
    st.sampled_from(("2023-01-01", *DAYS)),
)
events = st.builds(
    lambda kind, day, hour, quantity, user, cost, route: event(
        type=kind,
        time=f"{day}T{hour:02d}:15:00Z",
        quantity=1 if kind == "brand.registration" else quantity,
        user_id=user,
        cost=cost,
        attributes={"route": route},
    ),
    st.sampled_from(["voice.call", "voice.call", "sms.outbound", "sms.outbound", BRAND[8:26]]),
    st.sampled_from(DAYS),
    st.integers(0, 23),
    st.integers(0, 400),
    st.sampled_from([None, "user_1", "user_2"]),
    st.sampled_from([None, None, None, "0.333333333"]),
    st.sampled_from(["gold", "tin"]),
)
batches = st.lists(st.tuples(st.none() | books, st.lists(events, max_size=8)), max_size=4)


class History:
    """A platform that lived through books and events, some of them reversed."""

    def __init__(self, database: Database, lived: list[tuple[str | None, list[Json]]]) -> None:
        self.platform = Platform(database, f"tenant_{uuid4().hex}")
        self.number = self.platform.organization(timezone="America/New_York")
        self.past = Past(self.platform)
        for at, (loaded, sent) in enumerate(lived):
            if loaded:
                self.platform.load(loaded)
            named = [{**it, "id": f"{at}-{n}"} for n, it in enumerate(sent)]
            self.platform.send(*named)
            back = [reversal(it["id"], id=f"back-{it['id']}") for it in named[::3]]
            self.platform.reverse(*back)

    def charges(self) -> dict[str, tuple[Any, ...]]:
        """Return the stored charge of each event that is not a reversal, and its rated charge."""
        terms = self.platform.directory_cache
        with self.platform.database.reading() as snapshot:
            found = terms.terms(snapshot, self.platform.tenant, {"org_1"})["org_1"]
            rows = snapshot.rows(
                "SELECT id_text(id), meter, quantity, day, time, attributes, own_cost, position, "
                "cost, billed, rate_id, buy FROM events "
                "WHERE organization_id = :number AND reverses IS NULL ORDER BY day, id",
                number=self.number,
            )
        charges = {}
        for id_, meter, quantity, day, time, attributes, own, position, *stored in rows:
            minute = local_time(time, found.zone)[1]
            usage = RatingInput(
                BY_CODE[meter].type, quantity, day, msgspec.json.decode(attributes), own, minute
            )
            charges[id_] = (stored, rate_usage(found.books, usage, found.currency, position))
        return charges


PERIOD = {"start": "2023-12-01", "end": "2024-02-29"}


@examples(25)
@given(lived=batches, new=books)
def test_after_a_run_every_charge_is_what_rating_says_and_the_run_can_be_taken_back(
    database: Database, lived: list[tuple[str | None, list[Json]]], new: str
) -> None:
    history = History(database, lived)
    platform, past = history.platform, history.past
    before = past.ledger()
    platform.load(new)
    dry, run = past.dry_run(limit=1_000, **PERIOD), past.apply(**PERIOD)
    assert run.status is RunStatus.DONE
    assert (dry.costs, dry.changed, dry.unpriced) == (run.costs, run.changed, run.unpriced)
    assert platform.differences() == []
    unpriced = {identity for identity, _ in past.unpriced(run.id)}
    for identity, (stored, said) in history.charges().items():
        if identity not in unpriced:
            assert isinstance(said, Charge)
            assert stored == [said.cost, said.billed, said.rate_id, said.buy]
    assert past.apply(**PERIOD).changed == 0
    past.revert(run.id + 1)
    past.revert(run.id)
    assert past.ledger() == before


@examples(20)
@given(lived=batches)
def test_rerating_by_the_same_books_changes_nothing(
    database: Database, lived: list[tuple[str | None, list[Json]]]
) -> None:
    history = History(database, [(None, []), *lived[-1:]])
    before = history.past.ledger()
    run = history.past.apply(**PERIOD)
    assert (run.changed, run.unpriced) == (0, 0)
    assert history.past.ledger() == before


@examples(25)
@given(lived=batches, one=books, other=books, stops=st.lists(st.integers(1, 3), max_size=3))
def test_a_run_stopped_anywhere_is_whole_days_and_ends_as_if_it_had_not_been(
    database: Database,
    lived: list[tuple[str | None, list[Json]]],
    one: str,
    other: str,
    stops: list[int],
) -> None:
    whole, parts = History(database, lived), History(database, lived)
    for history in (whole, parts):
        history.platform.load(one)
        history.platform.load(other)
    whole.past.apply(**PERIOD)
    run = parts.past.begin(**PERIOD)
    for most in stops:
        parts.past.steps(run.id, most)
        assert parts.platform.differences() == []
    parts.past.steps(run.id)
    assert [it[0][:2] for it in parts.charges().values()] == [
        it[0][:2] for it in whole.charges().values()
    ]
