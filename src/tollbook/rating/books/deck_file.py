"""The file of a deck: text in its encoding, or a workbook."""

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_table import CsvTable, DeckTable
from tollbook.rating.books.deck_workbook import WORKBOOK_MAGIC, open_workbook

_OTHER_WORKBOOKS = {b"\xd0\xcf\x11\xe0": "an .xls file"}


def open_deck(content: bytes, sheet: str = "") -> DeckTable:
    """Open the content of a deck's file; `sheet` is the one of a workbook to read.

    Raise `PriceBookRefused` for a workbook that cannot be read.
    """
    if content.startswith(WORKBOOK_MAGIC):
        return open_workbook(content, sheet)
    for magic, what in _OTHER_WORKBOOKS.items():
        if content.startswith(magic):
            raise PriceBookRefused(f"the deck is {what}: save it as .xlsx or CSV")
    return CsvTable(decode_deck(content))


def decode_deck(content: bytes) -> str:
    """Decode a deck in UTF-8 or UTF-16, with or without a byte order mark, or in Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
