"""Ids of events as bytes: every id comes back, and the order is as documented."""

import sqlite3
from contextlib import closing
from typing import Any

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders import Platform, event
from tollbook.domain.directory import LONGEST_ID, id_problem
from tollbook.store.database import Database
from tollbook.store.event_ids import decode_id, encode_id
from tollbook.store.sqlite.event_ids import text_of_id

UUID = "0b6f8a52-7c1d-4e3f-9a2b-5c6d7e8f9a0b"
HEX = UUID.replace("-", "")
texts = st.text(min_size=1, max_size=LONGEST_ID).filter(lambda it: id_problem("id", it) is None)
uuids = st.uuids().map(str)
digits = st.text("0123456789abcdef", min_size=32, max_size=32)
short = st.text(max_size=40).filter(lambda it: id_problem("id", f"{it}x") is None)
ids = st.one_of(
    texts,
    uuids,
    digits,
    st.builds("{}{}".format, short, uuids),
    st.builds("{}{}".format, short, digits),
    st.binary(min_size=16, max_size=16).map(lambda it: it.decode("latin-1")),
).filter(lambda it: id_problem("id", it) is None)


@given(ids)
@example("x" * 16)
@example("é" * 8)
@example("\u00a0" * 8)
@example("0b6f8a527c1d4e3f9a2b-5c6d7-e8f-9a0-b")
@example(" " + HEX[1:])
@example(f"{HEX[:-1]}\u0661")
@example(f"{HEX}{UUID}")
@example(f"{UUID}{HEX}")
def test_every_id_that_the_wire_accepts_comes_back(identity: str) -> None:
    assert decode_id(encode_id(identity)) == identity


@given(ids, ids)
def test_different_ids_are_different_bytes(one: str, other: str) -> None:
    assert (encode_id(one) == encode_id(other)) == (one == other)


@pytest.mark.parametrize(
    ("identity", "size"),
    [
        (UUID, 16),
        (f"call-{UUID}", 22),
        (HEX, 17),
        (f"call-{HEX}", 22),
        (UUID.upper(), 36),
        (HEX[1:], 31),
        ("call-7731", 9),
        ("x" * 16, 17),
        ("é" * 8, 17),
        ("", 0),
    ],
)
def test_a_uuid_or_hexadecimal_digits_at_the_end_take_16_bytes(identity: str, size: int) -> None:
    assert len(encode_id(identity)) == size
    assert decode_id(encode_id(identity)) == identity


def test_a_text_that_begins_with_a_control_character_is_the_id_of_no_event() -> None:
    for text in ("\x00", "\x01" + "x" * 17, "\x03" + "x" * 15, "\x03" + "x" * 16):
        assert encode_id(text) == b"\x00"


@given(uuids, uuids)
def test_uuids_are_in_their_own_order(one: str, other: str) -> None:
    assert (encode_id(one) < encode_id(other)) == (one < other)


@given(short, digits, digits)
def test_digits_after_the_same_text_are_in_their_own_order(text: str, one: str, other: str) -> None:
    assert (encode_id(text + one) < encode_id(text + other)) == (one < other)


SOME = [
    *("a", "call-7731", "x" * 16, "é" * 8, "y" * 17, "日本語", UUID, HEX, f"日本 {UUID}"),
    *(f"call-{HEX}", f"{HEX}{HEX}", f"{UUID}{UUID}", "z" * 255, f"{UUID.upper()}", "~", "'\"\\%:"),
]


@given(st.lists(ids, min_size=1, max_size=20, unique=True))
def test_sqlite_returns_the_same_texts(found: list[str]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for identity in found:
            sql = f"SELECT {text_of_id('id')} FROM (SELECT ? AS id)"
            assert connection.execute(sql, [encode_id(identity)]).fetchone() == (identity,)


def test_postgresql_returns_the_same_texts(postgres_url: str) -> None:
    found: list[str] = []

    @given(st.lists(ids, min_size=50, max_size=50))
    def collect(some: list[str]) -> None:
        found.extend(some)

    collect()
    with psycopg.connect(postgres_url) as connection:
        stored: list[Any] = [encode_id(it) for it in found]
        sql = (
            "SELECT id_text(it) FROM unnest(%s::bytea[]) WITH ORDINALITY AS rows(it, n) ORDER BY n"
        )
        assert [row[0] for row in connection.execute(sql, [stored])] == found


def test_events_of_every_form_are_found_listed_and_duplicates(database: Database) -> None:
    platform = Platform(database)
    platform.organization()
    sent = [event(id=identity) for identity in SOME]
    assert platform.statuses(*sent) == ["accepted"] * len(SOME)
    assert platform.statuses(*sent) == ["duplicate"] * len(SOME)
    assert platform.differences() == []
    rows = platform.rows("SELECT id FROM events ORDER BY id")
    assert [row[0] for row in rows] == sorted(SOME, key=encode_id)
    shown = platform.rows("SELECT id, time, received_at, reverses FROM readable_events")
    assert sorted(row[0] for row in shown) == sorted(SOME)
    assert {(row[1], row[3]) for row in shown} == {("2024-01-15T10:30:00.000000Z", None)}
