"""Small JSON bodies: what is wrong is said in words of JSON, none of Python."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from tollbook.api.pipeline.json_body import read_body
from tollbook.domain.errors import InvalidRequest, UnreadableBody


class Asked(msgspec.Struct):
    seconds: Annotated[int, Meta(ge=1, le=60)] = 1
    name: str = ""
    user: str | None = None
    meters: list[str] = []
    apply: bool = False


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"seconds": 61}', "seconds must be a whole number up to 60"),
        (b'{"seconds": 0}', "seconds must be a whole number of at least 1"),
        (b'{"seconds": "1"}', "seconds must be a whole number"),
        (b'{"seconds": 1.5}', "seconds must be a whole number"),
        (b'{"name": 1}', "name must be a text"),
        (b'{"user": 1}', "user must be a text or null"),
        (b'{"meters": {}}', "meters must be a list"),
        (b'{"meters": ["a", 1]}', "meters[1] must be a text"),
        (b'{"apply": "yes"}', "apply must be true or false"),
    ],
)
def test_a_wrong_value_is_told_in_words(body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_body(body, Asked)
    assert [it.error for it in refusal.value.details] == [sentence]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "it is incomplete (byte 1)"),
        (b'{"name": "\xff"}', "invalid UTF-8 (byte 10)"),
        (b"[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_is_no_json_says_where(body: bytes, why: str) -> None:
    with pytest.raises(UnreadableBody) as refusal:
        read_body(body, Asked)
    assert refusal.value.sentence == f"the body is not JSON: {why}"
