"""Characters that act on a terminal are shown as escapes, and in JSON as JSON's own."""

import json

import pytest

from tollbook.domain.visible import visible, visible_json

DIRECTION = [0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
ACTING = [*range(0x20), *range(0x7F, 0xA0), *DIRECTION, 0xD800, 0xDCFF]


@pytest.mark.parametrize("code", ACTING)
def test_every_character_that_acts_is_escaped(code: int) -> None:
    shown = visible(f"a{chr(code)}é")
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert shown.endswith("é")


def test_escapes_are_those_that_programmers_know() -> None:
    assert visible("\x1b[2J\x9b\u202e\n\t\r\x7f") == "\\x1b[2J\\x9b\\u202e\\n\\t\\r\\x7f"


@pytest.mark.parametrize("text", ["", "plain", "C:\\x1b", "Zoë 李 שלום", "👩\u200d💻", "a\u200cb"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_json_keeps_its_value_and_loses_the_characters() -> None:
    value = {"a\x7f\x9b": "\u202eé\x1b\n"}
    document = json.dumps(value, ensure_ascii=False)
    shown = visible_json(document)
    assert json.loads(shown) == value
    assert shown.isprintable()
    assert "é" in shown
