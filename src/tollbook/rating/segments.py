"""How many segments a message takes: GSM 03.38 with its extension table, or UCS-2.

A message of characters that are all in the GSM tables is coded in septets, any other in 16-bit
units. What fits one segment is one; longer messages are filled segment by segment, each a little
shorter, because it carries which part it is. What belongs together stays in one segment: the two
septets of an extension character, the two units of a surrogate pair, and a combining sequence:
a character with the marks, variation selectors, joiners, skin tones and tags after it, what is
joined to it by a zero-width joiner, a pair of regional indicators, or a syllable of jamo. Only a
sequence longer than a whole segment is cut, between its characters.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from tollbook.domain.charges import Attributes

BODY = "body"
BODY_LENGTH = "body_length"
ENCODING = "encoding"
GSM = "GSM-7"
UCS2 = "UCS-2"

_SIZES = {GSM: (160, 153), UCS2: (70, 67)}
_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM_ALL = _GSM_BASIC | _GSM_EXTENSION
_MARKS = {"Mn", "Mc", "Me"}
_JOINING_LETTERS = "\u0e33\u0eb3\uff9e\uff9f"
"""Thai and Lao am, and the sound marks of halfwidth kana: letters that join like marks."""

_JOINER = "\u200d"
_NON_JOINER = "\u200c"
_LONGEST = 1_000_000


def count_segments(text: str) -> int:
    """Count the segments of a text. An empty text is one segment: it is sent too."""
    if _GSM_ALL.issuperset(text):
        doubled = sum(character in _GSM_EXTENSION for character in text)
        units = len(text) + doubled
        single, part = _SIZES[GSM]
        if units <= single:
            return 1
        return _fill((1 + (it in _GSM_EXTENSION) for it in text), part)
    single, part = _SIZES[UCS2]
    if _units(text) <= single:
        return 1
    return _fill(_sizes_of(_sequences(text), part), part)


def count_segments_of_length(length: int, encoding: str) -> int:
    """Count the segments of a number of units of an encoding whose characters are unknown."""
    single, part = _SIZES[encoding]
    return 1 if length <= single else -(-length // part)


def measure_segments(attributes: Attributes) -> tuple[int | None, Attributes]:
    """Count the segments of a message, and return its attributes without the text.

    The text (`body`) takes precedence over its length (`body_length`, in units of `encoding`).
    None when both are absent; ValueError with a sentence when they are wrong.
    """
    if BODY in attributes:
        body = attributes[BODY]
        if not isinstance(body, str):
            raise ValueError(f"{BODY} must be text")
        return count_segments(body), {it: attributes[it] for it in attributes if it != BODY}
    if BODY_LENGTH not in attributes:
        return None, attributes
    length, encoding = attributes[BODY_LENGTH], attributes.get(ENCODING, GSM)
    if type(length) is not int or not 0 <= length <= _LONGEST:
        raise ValueError(f"{BODY_LENGTH} must be a whole number up to {_LONGEST}")
    if not isinstance(encoding, str) or encoding not in _SIZES:
        raise ValueError(f"{ENCODING} must be {' or '.join(_SIZES)}")
    return count_segments_of_length(length, encoding), attributes


def _fill(sizes: Iterable[int], room: int) -> int:
    """Count the segments of sequences of these sizes, none of which is cut."""
    segments, used = 1, 0
    for size in sizes:
        used += size
        if used > room:
            segments, used = segments + 1, size
    return segments


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _sizes_of(sequences: Iterable[str], room: int) -> Iterator[int]:
    """Yield the sizes of sequences; a sequence that fits no segment is split into characters."""
    for sequence in sequences:
        size = _units(sequence)
        if size <= room:
            yield size
        else:
            yield from map(_units, sequence)


def _sequences(text: str) -> Iterator[str]:
    """Split a text into combining sequences."""
    start = 0
    for here in range(1, len(text) + 1):
        if here == len(text) or not _continues(text[here - 1], here - start, text[here]):
            yield text[start:here]
            start = here


def _continues(last: str, length: int, character: str) -> bool:
    """Return whether a character continues the sequence of `length` characters that `last` ends."""
    if character < "\u0300":
        return False
    return (
        unicodedata.category(character) in _MARKS
        or character in (_JOINER, _NON_JOINER, *_JOINING_LETTERS)
        or (last == _JOINER and length > 1)
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or (_is_regional(character) and length == 1 and _is_regional(last))
        or _is_syllable(last, character)
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_syllable(last: str, character: str) -> bool:
    """Return whether jamo continue a syllable: leading, vowel and trailing ones in this order."""
    jamo = "\u1100" <= last <= "\u11ff" and "\u1100" <= character <= "\u11ff"
    return jamo and 0 <= _place(character) - _place(last) <= 1


def _place(jamo: str) -> int:
    return (jamo >= "\u1160") + (jamo >= "\u11a8")
