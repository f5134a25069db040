"""How names are sorted and searched: by one collation, and whatever the Unicode form."""

from collections.abc import Callable
from functools import cache
from unicodedata import normalize


@cache
def collation_key() -> Callable[[str], bytes]:
    """Return the function that makes the key by which a name is sorted.

    Accents are next to their letter, and numbers are sorted by value. The order is the root
    collation of Unicode CLDR, as in `words/names.js` of the page. Its data are loaded when names
    are sorted for the first time.
    """
    import icu

    collator = icu.Collator.createInstance(icu.Locale.getRoot())
    collator.setAttribute(icu.UCollAttribute.NUMERIC_COLLATION, icu.UCollAttributeValue.ON)
    collator.setAttribute(icu.UCollAttribute.NORMALIZATION_MODE, icu.UCollAttributeValue.ON)
    key: Callable[[str], bytes] = collator.getSortKey
    return key


def searched(text: str) -> str:
    """Return a text as a search compares it: without case, and in one Unicode form."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text).casefold())
