"""Two readers of one event, the quick one and the one that explains, never disagree."""

import json
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import example, given, note
from hypothesis import strategies as st

from tests.builders import event
from tests.properties.model import TYPES
from tests.properties.profile import examples
from tollbook.domain.errors import Problem, UnreadableBody
from tollbook.domain.events import microseconds
from tollbook.domain.receipts import Receipt
from tollbook.ingest.decode import Decoded, InvalidEvent, decode_json, decode_lines
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.ingest.problems import fields_of, problems_of

_NUMBERS = """
0 -0 1 -1 61 1.0 1.5 0.000001 0.0000001 1e3 1E+3 1e-6 1e-7 1e400 -1e400 1e-400 12e00001 1e18
1000000000 1000000000.000001 100000000.000000001 0.0000000001 9007199254740992 9007199254740993
18446744073709551616 -9223372036854775809
"""
NUMBERS = st.sampled_from((*_NUMBERS.split(), "1" * 80, "7" * 5000)) | st.integers().map(str)
WORDS = st.text(max_size=8) | st.sampled_from(
    ("", " ", "\u2003", "x" * 255, "x" * 256, "a\nb", "\x00", "\x7f", "\u200b", "\ue000", "é")
)
NUMBER_WORDS = st.sampled_from(
    (
        '"5"',
        '"',
        '"x',
        "5",
        " 5",
        "5 ",
        "+5",
        "0x5",
        "5.",
        ".5",
        "05",
        "1_000",
        "\u0665",
        "NaN",
        "inf",
    )
)
TIMES = st.sampled_from(
    (
        "2024-01-15T10:30:00Z",
        "2024-01-15t10:30:00z",
        "2024-01-15 10:30:00Z",
        "2024-01-15T10:30:00+05:45",
        "2024-01-15T10:30:00-0500",
        "2024-01-15T10:30:00+24:00",
        "2024-01-15T10:30:00",
        "2024-01-15T10:30Z",
        "2024-01-15",
        "2024-02-30T00:00:00Z",
        "2024-01-15T24:00:00Z",
        "2024-06-30T23:59:60Z",
        "2024-06-30T18:59:60.25-05:00",
        "2024-06-30T18:59:60Z",
        "2024-06-30T23:59:61Z",
        "2024-02-29T23:59:59.9999999Z",
        "1705314600",
        "2024-01-15T10:30:00.123456789Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00+00:01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
    )
)


def quoted(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return words.map(json.dumps)


def object_of(pairs: dict[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in pairs.items()) + "}"


SCALARS = NUMBERS | quoted(WORDS | NUMBER_WORDS) | st.sampled_from(("null", "true", "false"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda it: f"[{', '.join(it)}]")
        | st.dictionaries(WORDS, inner, max_size=2).map(object_of)
    ),
    max_leaves=4,
)
NAMES = WORDS | st.sampled_from(("n" * 64, "n" * 65))
LIKELY = {
    "id": quoted(WORDS),
    "type": quoted(st.sampled_from(TYPES)),
    "organization_id": quoted(WORDS),
    "user_id": quoted(WORDS),
    "resource_id": quoted(WORDS),
    "time": quoted(TIMES),
    "quantity": NUMBERS | quoted(NUMBERS | NUMBER_WORDS),
    "cost": NUMBERS | quoted(NUMBERS | NUMBER_WORDS),
    "attributes": st.dictionaries(st.sampled_from("ab"), SCALARS).map(object_of)
    | st.dictionaries(NAMES, VALUES, max_size=3).map(object_of)
    | st.just(object_of({f"name {n}": "1" for n in range(65)}))
    | st.just(object_of({"long": f'"{"x" * 2001}"', "longest": f'"{"x" * 2000}"'})),
    "colour": st.just('"red"'),
}
SOUND = {name: json.dumps(value) for name, value in event().items()}


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A sound event with a few fields replaced, some by anything at all, or taken away."""
    fields = dict(SOUND)
    for name in draw(st.lists(st.sampled_from(sorted(LIKELY)), max_size=3, unique=True)):
        text = draw(st.none() | LIKELY[name] | LIKELY[name] | VALUES)
        if text is None:
            fields.pop(name, None)
        else:
            fields[name] = text
    return object_of(fields)


def decoded(text: str) -> list[Decoded]:
    """Decode an event alone, in an array, and as a line."""
    alone, array = decode_json(text.encode()), decode_json(f"[{text}]".encode())
    return [*alone, *array, *decode_lines(text.encode())]


def wrong_with(refused: InvalidEvent | Receipt) -> tuple[Problem, ...]:
    return refused.problems if isinstance(refused, InvalidEvent) else refused.details


@examples(800)
@example(object_of({**SOUND, "time": '"9999-12-31T23:59:59-14:00"'}))
@given(text=texts())
def test_an_event_is_taken_exactly_when_nothing_is_wrong_with_it(text: str) -> None:
    note(text)
    problems = tuple(problems_of(fields_of(text.encode())))
    # Whether the quantity of a measured meter may be missing is known in the transaction only.
    missing = ("quantity", "missing_field")
    if [(it.field, it.code) for it in problems] == [missing] and "quantity" not in fields_of(
        text.encode()
    ):
        problems = ()
    for it in decoded(text):
        assert problems == (it.problems if isinstance(it, InvalidEvent) else ())
        assert bool(problems) == (not isinstance(it, NormalizedEvent))


OFFSETS = st.sampled_from(("Z", "z", "+00:00", "-00:00", "+23:59", "-23:59", "-0500", "+05:45"))


@examples(400)
@given(
    second=st.integers(31_536_000, 1_704_067_200),
    fraction=st.text("0123456789", max_size=12) | st.sampled_from(("9999995", "9999999", "5" * 30)),
    offset=OFFSETS,
    mark=st.sampled_from("Tt "),
    dot=st.sampled_from((".", r"\u002e")),
    others=st.lists(st.sampled_from(("2024-01-15T10:30:00Z", "2016-12-31T23:59:60Z")), max_size=2),
)
def test_an_instant_is_what_its_digits_say_cut_off_after_the_microsecond(
    second: int, fraction: str, offset: str, mark: str, dot: str, others: list[str]
) -> None:
    """However many digits, whatever else is in the batch."""
    local = datetime.fromtimestamp(second, UTC)
    plain = f"{local:%Y-%m-%d}{mark}{local:%H:%M:%S}"
    time = f'"{plain}{dot + fraction if fraction else ""}{offset}"'
    note(time)
    hours, minutes = (int(offset[1:3]), int(offset[-2:])) if offset not in "Zz" else (0, 0)
    ahead = (hours * 3600 + minutes * 60) * (-1 if offset[0] == "-" else 1)
    expected = (second - ahead) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
    text = object_of({**SOUND, "time": time})
    batch = [text, *(object_of({**SOUND, "time": f'"{it}"'}) for it in others)]
    for it in (*decoded(text), decode_json(f"[{', '.join(batch)}]".encode())[0]):
        assert isinstance(it, NormalizedEvent)
        assert it.time == microseconds(it.event.time) == expected


@examples(200)
@given(text=VALUES)
def test_any_other_json_value_is_no_event(text: str) -> None:
    note(text)
    (refused,) = decode_json(f"[{text}]".encode())
    assert not isinstance(refused, NormalizedEvent)
    assert wrong_with(refused)[0].code != "invalid_event"


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Events of which some bytes were lost or overwritten on the way."""
    text = draw(texts())
    whole = draw(st.sampled_from((text, f"[{text}, {text}]", f"{text}\n{text}"))).encode()
    start = draw(st.integers(0, len(whole)))
    noise = st.binary(max_size=3) | st.sampled_from((b"\xff", b"\x0b", b"\\", b'"', b"\\ud800"))
    return whole[:start] + draw(noise) + whole[start + draw(st.integers(0, 3)) :]


@examples(400)
@given(body=bodies() | st.binary(max_size=9))
@example(body=b"[" * 100_000)
@example(body=b"\x0b\n\x0c")
@example(body=b'[{"id": "\xff"}]')
@example(body=object_of({**SOUND, "quantity": r'"\"x"'}).encode())
@example(body=object_of({**SOUND, "quantity": "1" * 5000}).encode())
def test_any_bytes_are_read_or_called_unreadable(body: bytes) -> None:
    note(repr(body))
    for decode in (decode_json, decode_lines):
        with suppress(UnreadableBody):
            for it in decode(body):
                assert isinstance(it, NormalizedEvent) or wrong_with(it)
