"""The number formats of organizations, and the countries of numbers."""

import re

STRICT = "strict"
"""Only digits in international notation are a number: with `+`, or with `00` instead."""
INTERNATIONAL = "international"
"""Digits without `+` are read as with it. Any other format begins with an ISO 3166 country code."""
AND_INTERNATIONAL = "+international"
"""Ends a country's format: digits with its 0 or access code are dialed there, others are not."""

NO_COUNTRY = "none"
"""The name of usage without a country, which is stored as ""."""
COUNTRY_PATTERN = f"^([A-Z]{{2}}|001|{NO_COUNTRY})$"
COUNTRY_FORM = f"an ISO 3166 code of two capital letters, such as GB, 001 or {NO_COUNTRY}"


def parsed_country(text: str) -> str:
    """Return a country as it is stored: a code, `001` for numbers of no country, or "" for none.

    `ValueError` for any other text.
    """
    if not re.fullmatch(COUNTRY_PATTERN, text):
        raise ValueError(f"{text} is not {COUNTRY_FORM}")
    return "" if text == NO_COUNTRY else text
