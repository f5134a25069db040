"""Phone numbers as they are stored where whole ones may not be: first digits and a keyed hash."""

import hmac

from tollbook.domain.charges import Attributes
from tollbook.rating.numbers import SIP, digits_of, kind_of, shown_digits, shown_of

_HASH_BYTES = 8
_NUMBER_MIN = 7


class Masker:
    """Hides the last digits of numbers and all of SIP addresses, by one key.

    Equal numbers stay equal, so they can be counted and found by who holds the key. The digits
    that are left price the same, and tell the same country.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def masked(self, attributes: Attributes) -> dict[str, str | int | float | bool | None]:
        """Hide the numbers among attributes, whatever they are called."""
        return {
            name: self._value(value) if type(value) is str else value
            for name, value in attributes.items()
        }

    def _value(self, value: str) -> str:
        if len(value) < _NUMBER_MIN or shown_of(value) is not None:
            return value
        digits = digits_of(value)
        if digits:
            shown = shown_digits(digits)
            return f"+{digits[:shown]}{'*' * (len(digits) - shown)}#{self._hash(digits)}"
        if kind_of(value) == SIP and not value.startswith("sip:*"):
            return f"sip:*#{self._hash(value.strip())}"
        return value

    def _hash(self, value: str) -> str:
        return hmac.digest(self._key, value.encode(), "sha256")[:_HASH_BYTES].hex()
