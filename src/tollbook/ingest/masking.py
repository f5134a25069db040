"""Mask phone numbers for storage: the first digits and a keyed hash."""

import hmac

from tollbook.domain.charges import Attributes
from tollbook.domain.numbers import STRICT
from tollbook.rating.match import SIDES
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import (
    CLIENT,
    NONE,
    SIP,
    count_storable_digits,
    kind_of,
    stored_digits_of,
)

_HASH_BYTES = 8
_NUMBER_MIN = 7
_UNREADABLE = "*#"
_HIDDEN = {SIP: "sip:*#", CLIENT: "client:*#", NONE: _UNREADABLE}
"""The text before the hash of a fully masked value, by the kind of the value."""


class Masker:
    """Masks the last digits of numbers, and whole addresses, with one key.

    Equal numbers stay equal: they can be counted, and the owner of the key can find them. The
    remaining digits have the same price and the same country.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mask(
        self, attributes: Attributes, number_format: str = STRICT, *, waits: bool = False
    ) -> dict[str, str | int | float | bool | None]:
        """Return attributes with masked numbers, whatever the names of the attributes.

        Digits without `+` are numbers in `to` and `from` only. Unreadable ones are masked whole,
        unless the event `waits` in quarantine to be read again.
        """
        return {
            name: self._value(
                value,
                number_format if name in SIDES else STRICT,
                hides_unreadable=name in SIDES and not waits,
            )
            if type(value) is str
            else value
            for name, value in attributes.items()
        }

    def _value(self, value: str, number_format: str, *, hides_unreadable: bool) -> str:
        if len(value) < _NUMBER_MIN or stored_digits_of(value) is not None:
            return value
        digits = digits_of(value, number_format)
        if digits:
            shown = count_storable_digits(digits)
            return f"+{digits[:shown]}{'*' * (len(digits) - shown)}#{self._hash(digits)}"
        hidden = _HIDDEN.get(kind_of(value, number_format))
        if hidden is None or value.startswith(hidden):
            return value
        if hidden == _UNREADABLE and not (hides_unreadable and _digits_in(value) >= _NUMBER_MIN):
            return value
        return f"{hidden}{self._hash(value.strip())}"

    def _hash(self, value: str) -> str:
        return hmac.digest(self._key, value.encode(), "sha256")[:_HASH_BYTES].hex()


def _digits_in(text: str) -> int:
    return sum(map(str.isdecimal, text))
