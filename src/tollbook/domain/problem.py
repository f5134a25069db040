"""A problem with one field of a request."""

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A problem with a field: its name, a stable code and a message."""

    field: str
    code: str
    error: str
