"""Amounts of money as carriers write them: with symbols, codes, hundredths and units.

A sign of the price book's own currency is removed, cents and pence are converted, and any other
currency is refused: nothing is ever converted between currencies.
"""

import re
from decimal import Decimal

from tollbook.domain.directory import currency_problem

_DOLLARS = (
    *("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "BSD", "BBD"),
    *("BZD", "BMD", "BND", "FJD", "GYD", "JMD", "KYD", "LRD", "NAD", "SBD", "SRD", "TTD", "XCD"),
)
_CENTS = (*_DOLLARS, "EUR", "ZAR")
SYMBOLS = {
    "$": _DOLLARS,
    **dict.fromkeys(("us$", "$us"), ("USD",)),
    **dict.fromkeys(("ca$", "c$"), ("CAD",)),
    **dict.fromkeys(("au$", "a$"), ("AUD",)),
    "nz$": ("NZD",),
    "s$": ("SGD",),
    "hk$": ("HKD",),
    "nt$": ("TWD",),
    "mx$": ("MXN",),
    "r$": ("BRL",),
    "\u20ac": ("EUR",),
    "\u00a3": ("GBP",),
    "\u00a5": ("JPY", "CNY"),
    "\u20b9": ("INR",),
    "\u20bd": ("RUB",),
    "\u20ba": ("TRY",),
    "\u20aa": ("ILS",),
    "\u20a9": ("KRW",),
    "\u20b4": ("UAH",),
    "\u20a6": ("NGN",),
    "\u20b1": ("PHP",),
    "\u0e3f": ("THB",),
    "\u20ab": ("VND",),
    "\u20b5": ("GHS",),
    "\u20b8": ("KZT",),
    "z\u0142": ("PLN",),
    "k\u010d": ("CZK",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    **dict.fromkeys(("euro", "euros"), ("EUR",)),
    **dict.fromkeys(("dollar", "dollars"), _DOLLARS),
    **dict.fromkeys(("pound", "pounds"), ("GBP",)),
}
"""Signs of money in lower case, with the currencies that each may be."""
HUNDREDTHS = {
    **dict.fromkeys(("\u00a2", "c", "ct", "cts", "cent", "cents", "cpm"), _CENTS),
    **dict.fromkeys(("p", "pence", "penny", "ppm"), ("GBP",)),
}
"""Signs of a hundredth of a currency, with the currencies that have it under this name."""
_NUMBER = r"[+-]?(?:[0-9]+(?:[.,][0-9]*)*|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
_MONEY = re.compile(rf"(?P<before>[^0-9.,+-]*)(?P<number>{_NUMBER})(?P<after>[^0-9]*)")
_PER = re.compile(r"(?:/|\bper\b)\s*(?P<unit>[^\W\d_]+)$")
_COMMA = re.compile(r"[0-9]+(?:,[0-9]+)?")


def sign_problem(sign: str, currency: str) -> str | None:
    """Return why a sign is not of the price book's currency; None when it is, or is no sign."""
    currencies = SYMBOLS.get(sign.lower()) or HUNDREDTHS.get(sign.lower())
    if currencies is None and is_code(sign.upper()):
        currencies = (sign.upper(),)
    if currencies is None or currency in currencies:
        return None
    named = currencies[0] if len(currencies) == 1 else f"{sign}, of {' or '.join(currencies[:3])}"
    return f"is in {named}, the price book in {currency}"


def is_code(word: str) -> bool:
    """Return whether a word is the code of a currency in force."""
    return len(word) == 3 and currency_problem(word) is None


def is_sign(word: str) -> bool:
    """Return whether a word is a sign of money: a symbol, a code or a hundredth."""
    known = word.lower() in SYMBOLS or word.lower() in HUNDREDTHS
    return known or is_code(word.upper())


def amount_text(
    cell: str, decimal_comma: bool, currency: str = "", hundredths: bool = False, unit: str = ""
) -> str:
    """Return an amount of money in the currency of the book, as a number with a decimal point.

    `hundredths` are those of a header such as `Rate (cents)`; a cell may state them too. A unit in
    the cell, as in `0.01/min`, must be one that `unit` is compared with by the caller's header.
    """
    number, signs, per = _split(cell)
    for sign in signs:
        problem = sign_problem(sign, currency)
        if problem:
            raise ValueError(problem)
        if hundredths and sign.lower() not in HUNDREDTHS:
            raise ValueError(f"has the sign {sign} in a column of cents or pence")
    hundredths |= any(it.lower() in HUNDREDTHS for it in signs)
    if per and not unit.startswith(per.lower().removesuffix("s")[:3]):
        raise ValueError(f"is by {per}, and read as by {unit}")
    text = _decimal_point(number, decimal_comma)
    return hundredth_text(text) if hundredths else text


def hundredth_text(number: str) -> str:
    """Return a hundredth of a number, exactly; the text itself when it is no number."""
    if not re.fullmatch(_NUMBER, number) or "," in number:
        return number
    return format(Decimal(number).scaleb(-2), "f")


def _split(cell: str) -> tuple[str, list[str], str]:
    """Split a cell into its number, its signs of money and its unit; a cell is a number else."""
    found = _MONEY.fullmatch(cell.strip())
    if found is None:
        return cell, [], ""
    after = found["after"].strip()
    per = _PER.search(after)
    if per:
        after = after[: per.start()].strip()
    signs = [it for it in (found["before"].strip(), after) if it]
    if not all(map(is_sign, signs)):
        return cell, [], ""
    return found["number"], signs, per["unit"] if per else ""


def _decimal_point(number: str, decimal_comma: bool) -> str:
    if not decimal_comma:
        if "," in number:
            raise ValueError("has a comma: set decimal_comma if that is the decimal sign")
        return number
    if not _COMMA.fullmatch(number):
        raise ValueError("must be a number with a decimal comma")
    return number.replace(",", ".")
