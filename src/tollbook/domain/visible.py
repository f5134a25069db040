"""Escape characters that control a terminal or change the text direction."""

_DIRECTION_MARKS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that change the direction of the text around them."""
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_SURROGATES = range(0xD800, 0xE000)
"""Arguments that are not UTF-8 contain surrogates, which cannot be printed."""
_SHORT = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}

_ESCAPES = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*_CONTROLS, *_DIRECTION_MARKS, *_SURROGATES)
} | _SHORT
_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in _ESCAPES if code >= 0x7F}


def visible(text: str) -> str:
    """Return a text for one line of a terminal, with control characters written as escapes.

    Escape C0 and C1 control characters, DEL, text direction marks, and lone surrogates. This
    includes line breaks and tabs, because outside text must not add a line.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_ESCAPES)


def visible_json(document: str) -> str:
    """Return a JSON document of the same value that contains none of these characters.

    JSON itself escapes C0. The others occur only in strings, which have escapes for them.
    """
    harmless = document.isascii() and "\x7f" not in document
    return document if harmless else document.translate(_JSON_ESCAPES)
