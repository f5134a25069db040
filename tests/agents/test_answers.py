"""Answers for a model: small enough, and what is cut is said."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook.agents import answers
from tollbook.agents.answers import MOST_ERROR_CHARACTERS, TooLarge, error_text, shown


def read(answer: dict[str, Any], rows: str | None = None) -> Any:
    return json.loads(shown({"success": True, **answer}, rows))


def test_an_answer_without_rows_begins_with_its_time_and_currency() -> None:
    meta = {"as_of": "2024-01-31T00:00:00Z", "currency": "USD", "quarantined_events": 0, "x": 1}
    found = read({"cost": "1.50", "next_cursor": None, "meta": meta})
    assert list(found.items()) == [
        ("as_of", "2024-01-31T00:00:00Z"),
        ("currency", "USD"),
        ("quarantined", 0),
        ("cost", "1.50"),
    ]
    assert read({"cost": "1.50", "meta": None}) == {"cost": "1.50"}


@pytest.mark.parametrize(
    ("answer", "total", "cursor"),
    [
        ({"users": [1, 2]}, 2, None),
        ({"users": [1, 2], "next_cursor": None}, 2, None),
        ({"users": [1, 2], "next_cursor": "n"}, None, "n"),
        ({"users": []}, 0, None),
        ({"users": None}, 0, None),
        ({}, 0, None),
    ],
)
def test_rows_are_counted_and_the_whole_only_if_it_is_known(
    answer: Any, total: int | None, cursor: str | None
) -> None:
    rows = answer.get("users") or []
    assert read({"success": True, **answer}, "users") == {
        "rows": rows,
        "shown": len(rows),
        "total": total,
        "next_cursor": cursor,
    }


def test_text_is_written_as_it_is() -> None:
    assert shown({"success": True, "name": "Büro ☎"}, None) == '{"name":"Büro ☎"}'


@given(
    st.lists(st.text("aé", max_size=40), min_size=1, max_size=30),
    st.none() | st.just("cursor"),
    st.integers(150, 600),
)
def test_as_many_rows_as_fit_are_shown(rows: list[str], cursor: str | None, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "MOST_CHARACTERS", most)
        answer = {"success": True, "users": rows, "next_cursor": cursor}
        try:
            text = shown(answer, "users")
        except TooLarge:
            count = 0
        else:
            assert len(text) <= most
            found = json.loads(text)
            count = found["shown"]
            assert found["rows"] == rows[:count]
            # A cursor would skip the rows that were cut.
            assert found["next_cursor"] == (cursor if count == len(rows) else None)
            assert ("note" in found) == (count < len(rows))
            if count < len(rows) - 1:  # one row more, and a digit more in two numbers, is too much
                row = json.dumps(rows[count], ensure_ascii=False)
                assert len(text) + len(row) + 1 + 2 > most
        if count < len(rows):
            patch.setattr(answers, "MOST_CHARACTERS", 10**6)
            whole = shown(answer, "users")
            assert len(whole) > most


@pytest.mark.parametrize(
    ("bucket", "advice"),
    [
        ("hour", "use bucket=day, a lower top, or a shorter period"),
        ("day", "use bucket=week, a lower top, or a shorter period"),
        ("week", "use bucket=month, a lower top, or a shorter period"),
        ("month", "use a lower limit, a filter, or a shorter period"),
        (None, "use a lower limit, a filter, or a shorter period"),
    ],
)
def test_what_to_ask_instead_depends_on_the_question(
    monkeypatch: pytest.MonkeyPatch, bucket: str | None, advice: str
) -> None:
    monkeypatch.setattr(answers, "MOST_CHARACTERS", 250)
    rows = ["x" * 40] * 9
    assert read({"bucket": bucket, "series": rows}, "series")["note"].endswith(advice)
    with pytest.raises(TooLarge, match=advice):
        shown({"bucket": bucket, "series": ["x" * 400] * 2}, "series")
    with pytest.raises(TooLarge, match=f"the answer has 4.. characters; {advice}"):
        shown({"bucket": bucket, "text": "x" * 400}, None)
    with pytest.raises(TooLarge, match=advice):
        shown({"bucket": bucket, "text": "x" * 400, "series": []}, "series")


def test_an_error_is_its_code_its_sentence_and_its_details() -> None:
    assert error_text({"code": "not_found", "error": "no such thing"}) == (
        "not_found: no such thing"
    )
    details = [{"field": "a", "error": "a is wrong"}, {"field": "b", "error": "b is wrong"}]
    assert error_text({"code": "x", "error": "y", "details": details}) == (
        "x: y\n- a: a is wrong\n- b: b is wrong"
    )
    long = error_text({"code": "x", "error": "y" * 10_000})
    assert len(long) == MOST_ERROR_CHARACTERS
