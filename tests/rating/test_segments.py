"""Segments of messages: by hand at the borders, and against independent implementations at large.

`smsutil` splits GSM 03.38 and UTF-16 but knows no combining sequences; `regex` knows those (`\\X`,
extended grapheme clusters). Together they say what ours must.
"""

import random
import unicodedata
from time import process_time

import pytest
import regex
import smsutil

from tollbook.rating.segments import count_segments, count_segments_of_length, measure_segments

FAMILY = "👨\u200d👩\u200d👧\u200d👦"

SCRIPTS = {
    "gsm": "Hello world, 1234567890 @£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!#¤%&()*+-./:;<=>?¡ÄÖÑÜ§¿äöñüà",
    "gsm extension": "^{}\\[~]|€\f",
    "latin": "ąćęłńóśźżşğıőűţșâîăđžčşẽ“”…",
    "greek": "Καλημέρα κόσμε",
    "cyrillic": "Привіт Ўзбекистон ѓќ",
    "hebrew": "שָׁלוֹם עֲלֵיכֶם",
    "arabic": "السَّلَامُ عَلَيْكُم ﷺ",
    "thai": "สวัสดีครับน้ำ",
    "tamil": "வணக்கம் நன்றி",
    "chinese": "你好世界這是繁體𠮷𡃁",
    "japanese": "こんにちは が゚ｶﾞ",
    "korean": "안녕하세요 각",
    "zalgo": "e\u0301o\u0302\u0323a\u030a\u0327",
    "emoji": f"😀👍🏽❤️‍🔥🇩🇪🇺🇳1️⃣🏴󠁧󠁢󠁥󠁮󠁧󠁿{FAMILY}",
}
INDIC = {
    "hindi": "नमस्ते दुनिया क्षत्रिय",
    "bengali": "বাংলা স্বাগতম",
    "khmer": "សួស្តី ពិភពលោក",
}


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # 80 characters of 2 septets are 160
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # the pair does not fit the last septet: 152, 153, 1
        ("a" * 153 + "€" + "a" * 151, 2),
        ("é" * 160, 1),
        ("ç" * 70, 1),  # lower-case ç is in no GSM table, capital Ç is
        ("Ç" * 160, 1),
        ("ç" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),  # 33 whole pairs in each 67
        ("😀" * 66, 2),
        ("😀" * 67, 3),  # 134 units would be two, but no pair is cut
        (FAMILY * 6, 1),  # 11 units each
        (FAMILY * 7, 2),
        (FAMILY * 12, 2),  # 6 families of 11 are 66
        (FAMILY * 13, 3),
        ("ж" * 66 + "e\u0301" + "ж" * 65, 2),  # 66 and 67 units: the accent stays with its letter
        ("ж" * 66 + "e\u0301" + "ж" * 66, 3),
        ("e" + "\u0301" * 99, 2),  # longer than a segment: cut between characters
    ],
)
def test_segments_at_the_borders(text: str, segments: int) -> None:
    assert count_segments(text) == segments


@pytest.mark.parametrize(
    ("length", "encoding", "segments"),
    [
        (0, "GSM-7", 1),
        (160, "GSM-7", 1),
        (161, "GSM-7", 2),
        (306, "GSM-7", 2),
        (307, "GSM-7", 3),
        (70, "UCS-2", 1),
        (71, "UCS-2", 2),
        (135, "UCS-2", 3),
    ],
)
def test_segments_of_a_length(length: int, encoding: str, segments: int) -> None:
    assert count_segments_of_length(length, encoding) == segments
    attributes = {"body_length": length, "encoding": encoding, "to": "+1"}
    assert measure_segments(attributes) == (segments, attributes)


def test_the_text_is_used_and_dropped() -> None:
    assert measure_segments({"body": "ж" * 71, "to": "+1"}) == (2, {"to": "+1"})
    assert measure_segments({"to": "+1"}) == (None, {"to": "+1"})
    assert measure_segments({"body_length": 161}) == (2, {"body_length": 161})


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"body": 7}, "body must be text"),
        ({"body_length": "7"}, "body_length must be a whole number up to 1000000"),
        ({"body_length": -1}, "body_length must be a whole number up to 1000000"),
        ({"body_length": True}, "body_length must be a whole number up to 1000000"),
        ({"body_length": 7, "encoding": "utf-8"}, "encoding must be GSM-7 or UCS-2"),
    ],
)
def test_what_is_told_wrongly_is_said(attributes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        measure_segments(attributes)  # type: ignore[arg-type]


def independently(text: str) -> int:
    """Count with the libraries: septets and pairs by the one, sequences kept whole by the other."""
    if not text or smsutil.is_valid_gsm(text):
        return max(1, len(smsutil.split(text).parts)) if text else 1
    sizes = [len(it.encode("utf-16-be")) // 2 for it in regex.findall(r"\X", text)]
    if sum(sizes) <= 70:
        return 1
    segments, used = 1, 0
    for size in sizes:
        used += size
        if used > 67:
            segments, used = segments + 1, size
    return segments


def corpus(scripts: dict[str, str], texts: int) -> list[str]:
    """Texts of 0 to 220 combining sequences, of one to three scripts."""
    chance = random.Random(7)
    found = []
    for _ in range(texts):
        some = chance.sample(sorted(scripts), chance.randint(1, min(3, len(scripts))))
        sequences = [it for name in some for it in regex.findall(r"\X", scripts[name])]
        found.append("".join(chance.choices(sequences, k=chance.randint(0, 220))))
    return found


def test_segments_agree_with_independent_implementations_in_many_scripts() -> None:
    for text in corpus(SCRIPTS, 6_000):
        assert count_segments(text) == independently(text), text


def test_where_one_library_counts_otherwise_it_cuts_a_sequence() -> None:
    """`smsutil` goes by code points, so it may need fewer segments, and then cuts a sequence."""
    others = 0
    for text in corpus(SCRIPTS, 3_000):
        parts = [part.content for part in smsutil.split(text).parts] if text else [""]
        if len(parts) == count_segments(text):
            continue
        others += 1
        assert len(parts) < count_segments(text)
        whole = regex.findall(r"\X", text)
        assert [it for part in parts for it in regex.findall(r"\X", part)] != whole
    assert others


def test_where_the_other_counts_otherwise_it_joins_letters_to_a_conjunct() -> None:
    """Since Unicode 15.1 a grapheme goes on over a virama to the next consonant.

    Two letters are no combining sequence, so a segment may end between them; the marks stay. (It
    also lets go of some spacing marks, such as the Burmese signs for long a, which ours keeps.)
    """
    for text in corpus(INDIC, 2_000):
        assert count_segments(text) <= independently(text)


def test_no_text_is_too_odd_to_count() -> None:
    chance = random.Random(11)
    for _ in range(2_000):
        text = "".join(chr(chance.randrange(0x20, 0x2_0000)) for _ in range(chance.randint(0, 150)))
        text = "".join(it for it in text if unicodedata.category(it) != "Cs")
        units = len(text.encode("utf-16-be")) // 2
        assert units <= 70 or -(-units // 67) <= count_segments(text) <= -(-units // 34)


def test_a_million_marks_on_a_letter_are_counted_in_one_pass() -> None:
    start = process_time()
    assert count_segments("e" + "\u0301" * 1_000_000) == 14_926
    assert process_time() - start < 5
