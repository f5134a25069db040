"""Random tokens, which name states of the directory and of each ledger (decision 31)."""

from secrets import randbelow

_TOKENS = 2**40 - 1


def new_token() -> int:
    """Return a random number that names a state: no other state has it, lost ones included.

    It has 40 bits, so that the tokens of eight million organizations add up within 64 bits.
    """
    return 1 + randbelow(_TOKENS)
