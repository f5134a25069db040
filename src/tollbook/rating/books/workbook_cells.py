"""The cells of a workbook as texts of a deck; ValueError with the rest of a sentence.

A spreadsheet keeps a number for what was typed: `4474,4475` becomes one number, `1/1` a day, and
`06` a 6. Such cells are refused, because the text is gone.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tollbook.rating.books.deck_days import FIRST_SERIAL, LAST_SERIAL
from tollbook.rating.books.deck_money import is_sign
from tollbook.rating.books.deck_terms import DeckTerms

_DIGITS = 15
"""The significant digits that a spreadsheet keeps of a number."""
_ZEROS = re.compile(r"00+")
_SECTION = re.compile(r";")
_BRACKETS = re.compile(r"\[\$([^\]-]*)[^\]]*\]")
_QUOTED = re.compile(r'"([^"]*)"')
_ESCAPED = re.compile(r"\\(.)")
_REMOVED = re.compile(r"\[[^\]]*\]|_.|\*.|[#0?.,\s()+-]|General|@|E\+?0*")
_AS_TEXT = "format the column as text and type it again"


class CellText(str):
    """The text of a cell that is no text, with what the workbook has of it."""

    __slots__ = ("formula", "is_error", "number_format", "value")

    value: Any
    number_format: str
    is_error: bool
    formula: str

    @property
    def is_number(self) -> bool:
        """Return whether the cell has a number."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    @property
    def shows_zeros(self) -> bool:
        """Return whether the cell shows a number with its first zeros."""
        return _ZEROS.fullmatch(self.number_format) is not None


Convert = Callable[[CellText, DeckTerms], str]
"""Returns the text of a cell as a deck has it."""


def cell_text(cell: Any, formula: object = None) -> str:
    """Return a cell as a text: one that is typed as it is, another with what it is made of."""
    value = cell.value
    is_formula = value is None and isinstance(formula, str) and formula.startswith("=")
    if value is None and not is_formula:
        return ""
    is_error = getattr(cell, "data_type", "") == "e"
    if isinstance(value, str) and not is_error:
        return value
    text = CellText(formula if is_formula else _plain_text(value))
    text.value = value
    text.is_error = is_error
    text.formula = str(formula) if is_formula else ""
    text.number_format = getattr(cell, "number_format", None) or "General"
    return text


def code_text(cell: CellText, _terms: DeckTerms) -> str:
    """Return the digits of a prefix."""
    number = _number(cell)
    if "," in _SECTION.split(cell.number_format)[0]:
        raise ValueError(
            f"is the number {number} with thousands, and may have been a list: {_AS_TEXT}"
        )
    if number != int(number):
        raise ValueError(f"is {number}, which is no whole number")
    if abs(number) >= 10**_DIGITS:
        raise ValueError(f"has more than {_DIGITS} digits, and the last ones are lost: {_AS_TEXT}")
    digits = str(int(number))
    return digits.zfill(len(cell.number_format)) if cell.shows_zeros else digits


def price_text(cell: CellText, terms: DeckTerms) -> str:
    """Return an amount of money with the signs of its number format."""
    text = format(_number(cell), "f")
    if terms.decimal_comma:
        text = text.replace(".", ",")
    signs = _signs_of(cell.number_format)
    return " ".join((*signs[:1], text, *signs[1:]))


def day_text(cell: CellText, epoch: datetime) -> str:
    """Return a day as 2024-01-31; a number is one as Excel counts days since an epoch."""
    _check(cell, allows_dates=True)
    value = cell.value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) and value == int(value):
        if FIRST_SERIAL <= value <= LAST_SERIAL:
            return (epoch + timedelta(days=int(value))).date().isoformat()
        raise ValueError(f"is {value}, which is no day of this century")
    raise ValueError("must be a date such as 2024-01-31")


def other_text(cell: CellText, _terms: DeckTerms) -> str:
    """Return a cell with neither a prefix, a price nor a day: a number or a text."""
    _check(cell)
    return str(cell)


def _plain_text(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return format(_rounded(value), "f")
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _number(cell: CellText) -> Decimal:
    _check(cell)
    if not cell.is_number:
        raise ValueError(f"is {cell}, which is no number")
    return _rounded(cell.value)


def _rounded(value: float) -> Decimal:
    """Return a number without the error of its binary form."""
    return Decimal(value) if isinstance(value, int) else Decimal(f"{value:.{_DIGITS}g}")


def _check(cell: CellText, *, allows_dates: bool = False) -> None:
    """Refuse a cell whose text is gone, or that never had one."""
    if cell.formula:
        raise ValueError(
            "is a formula without a stored value: open the workbook in a spreadsheet and save it"
        )
    if cell.is_error:
        raise ValueError(f"is the error {cell}")
    if isinstance(cell.value, bool):
        raise ValueError(f"is the truth value {cell}")
    if isinstance(cell.value, date | time | timedelta) and not allows_dates:
        raise ValueError(f"is the date {cell}, which was typed as something else: {_AS_TEXT}")


def _signs_of(number_format: str) -> list[str]:
    """Return what a number format adds to a number: signs of money, and anything unknown."""
    section = _SECTION.split(number_format)[0]
    found = [*_BRACKETS.findall(section), *_QUOTED.findall(section)]
    rest = _QUOTED.sub(" ", _BRACKETS.sub(" ", section))
    rest = _REMOVED.sub(" ", _ESCAPED.sub(lambda it: it[1], rest))
    found += rest.split()
    texts = [it.strip() for it in found if it.strip()]
    return sorted(texts, key=lambda it: not is_sign(it))
