"""Measure loading a deck: from the CSV text to the commit, and reading it for rating."""

import csv
import random
from collections import deque
from dataclasses import dataclass
from time import perf_counter

from tests.builders import TENANT, Platform

from benchmarks.databases import Databases
from tollbook.administration.price_books import load_book
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.rating.tariff import Tariff
from tollbook.store import prices
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate
from tollbook.wiring import now

_PREFIXES = 100_000
_PRICES = 2_000
_INCREMENTS = ("60/60", "60/6", "30/6", "1/1")
_TERMS = DeckTerms("voice.call", "minute")
_BOOK = BookTerms("deck", "USD", "2024-02-01", "generated")


@dataclass(frozen=True)
class DeckFigure:
    """The seconds of each step of a load."""

    engine: str
    prefixes: int
    templates: int
    read_seconds: float
    stored_seconds: float
    arranged_seconds: float
    csv_seconds: float
    """Only splitting the lines of the file into their fields."""

    @property
    def seconds(self) -> float:
        """Return the seconds until a load is done."""
        return self.read_seconds + self.stored_seconds


def decks(databases: Databases) -> DeckFigure:
    """Load a deck into a fresh database, and index it for rating."""
    url = databases.fresh()
    database = open_database(url)
    migrate(database)
    Platform(database)
    figure = _load(databases.name, database)
    database.close()
    databases.drop(url)
    return figure


def _load(engine: str, database: Database) -> DeckFigure:
    text = _deck()
    begin = perf_counter()
    deque(csv.reader(text.splitlines()), maxlen=0)
    split = perf_counter() - begin
    begin = perf_counter()
    book = parse_deck(text, _TERMS, _BOOK)
    read = perf_counter()
    with database.writing() as transaction:
        head = load_book(transaction, Actor(TENANT, COMMAND_LINE, now()), book)
    stored = perf_counter()
    with database.reading() as snapshot:
        Tariff(prices.read_price_book(snapshot, TENANT, head))
    arranged = perf_counter()
    templates = len(book.decks[0].templates)
    return DeckFigure(
        engine=engine,
        prefixes=head.rates,
        templates=templates,
        read_seconds=read - begin,
        stored_seconds=stored - read,
        arranged_seconds=arranged - stored,
        csv_seconds=split,
    )


def _deck() -> str:
    """Return a deck of prefixes of three to nine digits at some thousand prices."""
    chance = random.Random(1)
    prefixes: dict[str, None] = {}
    while len(prefixes) < _PREFIXES:
        digits = chance.randint(3, 9)
        prefixes[str(chance.randint(10 ** (digits - 1), 10**digits - 1))] = None
    rows = (
        f'"Place {prefix[:3]}, mobile",{prefix},0.{chance.randint(1, _PRICES):06d},'
        f"{chance.choice(_INCREMENTS)},2024-02-01"
        for prefix in prefixes
    )
    return "\n".join(("Destination,Prefix,Rate per minute,Increments,Effective date", *rows))
