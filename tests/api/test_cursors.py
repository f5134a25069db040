"""Cursors: each is read as it was written, and in no other way."""

import msgspec
import pytest

from tollbook.api.pipeline.cursors import read_cursor, read_place, write_cursor
from tollbook.domain.errors import InvalidRequest

NUMBERS = msgspec.json.Decoder(tuple[int, int])


@pytest.mark.parametrize("place", [(0, ""), (2**62, "ä"), (1, "x" * 255)])
def test_a_place_comes_back(place: tuple[int, str]) -> None:
    assert read_place(write_cursor(place)) == place


@pytest.mark.parametrize("text", ["", "!", "ä", "W1", "WzEsMl0=", "WzEsMl1", "WzEsIDJd", "bnVsbA"])
def test_any_other_text_is_refused(text: str) -> None:
    assert read_cursor("WzEsMl0", NUMBERS) == (1, 2)
    with pytest.raises(ValueError):  # noqa: PT011  of several kinds
        read_cursor(text, NUMBERS)


@pytest.mark.parametrize("place", [(-1, "x"), (2**62 + 1, "x"), (1, 2), (1,), (1, "a\0b")])
def test_a_place_that_no_row_has_is_refused(place: tuple[object, ...]) -> None:
    with pytest.raises(InvalidRequest):
        read_place(write_cursor(place))
