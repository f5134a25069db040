"""Targets: message texts, and phone numbers in any notation."""

from collections.abc import Iterator

from fuzz.target import Target, hold
from tollbook.ingest.masking import Masker
from tollbook.rating import national_prefixes, number_formats, numbers
from tollbook.rating.segments import count_segments, count_segments_of_length, measure_segments

_masked = Masker(b"key").mask


def _try_text(data: bytes) -> None:
    text = data.decode(errors="replace")
    segments = count_segments(text)
    units = len(text.encode("utf-16-le")) // 2
    hold(1 <= segments <= max(1, 2 * len(text)), "more segments than the text can need")
    hold(segments >= count_segments_of_length(units, "GSM-7"), "fewer segments than the text needs")
    hold(count_segments(text + "a") >= segments, "a longer text needs fewer segments")
    hold(measure_segments({"body": text, "n": 1}) == (segments, {"n": 1}), "the text is stored")


def _try_number(data: bytes) -> None:
    written = data.decode(errors="replace")
    digits, kind = number_formats.digits_of(written), numbers.kind_of(written)
    hold((kind == numbers.NUMBER) == bool(digits), f"{digits} has the kind {kind}")
    hold(kind in numbers.KINDS, "there is no such kind")
    country = numbers.country_of(digits)
    if digits:
        hold(
            digits.isascii() and digits.isdigit() and len(digits) <= 30, f"{digits} are not digits"
        )
    if digits and numbers.stored_digits_of(written) is None:
        hold(bool(national_prefixes.is_e164("+" + digits)), f"{digits} are not a number")
        hold(
            number_formats.digits_of("+" + digits) == digits,
            f"{digits} differ when written again",
        )
        hidden = str(_masked({"to": written})["to"])
        hold(digits not in hidden, "a number shows through")
        hold(_masked({"to": hidden})["to"] == hidden, "masking a masked number changes it")
        again = number_formats.digits_of(hidden)
        hold(len(again) == len(digits), f"{hidden} has another length")
        # A country that only all digits determine is not revealed.
        same = hidden.count("*") == 1 or numbers.country_of(again) == country
        hold(same, f"{hidden} has another country")


def _texts() -> Iterator[bytes]:
    texts = (
        "Hello",
        "a" * 161,
        "[€]" * 60,
        "ä" * 153 + "€",
        "olá " * 20,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 12,
        "\U0001f44d\U0001f3fd" * 40,
        "\U0001f1e9\U0001f1ea" * 30,
        "e\u0301" * 80,
        "\u1112\u1161\u11ab" * 30,
    )
    return (text.encode() for text in texts)


def _numbers() -> Iterator[bytes]:
    texts = (
        *("+442071838750", "0044 20 7183 8750", "tel:+1-201-555-0123;ext=7", "+7 (701) 123-45-67"),
        *("20300", "ACME", "sip:alice@example.com", "+4420718387**#0123456789abcdef", "erased"),
        *("+800 1234 5678", "+39 06 698 12345", "tel:863-1234;phone-context=+1-914-555", ""),
    )
    return (text.encode() for text in texts)


_MARKS = ("\u200d", "\u0301", "\ufe0f", "\U0001f3fd", "\U0001f1e9", "\U000e0067", "€", "\u1161")

TARGETS = (
    Target(
        "segments",
        "a text has the correct number of segments, a longer text not fewer, and is not stored",
        _try_text,
        _texts,
        _MARKS,
    ),
    Target(
        "numbers",
        "a number is read as its digits or is not a number; a masked number reveals only its "
        "country and length",
        _try_number,
        _numbers,
        ("+44", "00", "tel:", ";phone-context=", ";ext=", "sip:", "@", "****#", "x", "\uff0b"),
    ),
)
