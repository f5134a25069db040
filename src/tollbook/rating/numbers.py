"""What a telephone number says about itself (E.164, by the phonenumbers library)."""

from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=65_536)
def country_of(number: str) -> str | None:
    """Give the ISO 3166 code of the country of an E.164 number, None when it has none."""
    if not number.startswith("+"):
        return None
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_number(parsed)
