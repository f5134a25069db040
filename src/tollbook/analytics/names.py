"""How names are sorted and searched: by one collation, and whatever the Unicode form."""

from functools import cache
from typing import Any
from unicodedata import normalize


def name_key(name: str) -> bytes:
    """Return the key by which a name is sorted: accents beside their letter, numbers by value.

    It is that of the root collation of Unicode CLDR, as in `words/names.js` of the page.
    """
    key: bytes = _collator().getSortKey(name)
    return key


@cache
def _collator() -> Any:
    """Return the collator; its data are loaded when names are sorted for the first time."""
    import icu

    collator = icu.Collator.createInstance(icu.Locale.getRoot())
    collator.setAttribute(icu.UCollAttribute.NUMERIC_COLLATION, icu.UCollAttributeValue.ON)
    collator.setAttribute(icu.UCollAttribute.NORMALIZATION_MODE, icu.UCollAttributeValue.ON)
    return collator


def searched(text: str) -> str:
    """Return a text as a search compares it: without case, and in one Unicode form."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text).casefold())
