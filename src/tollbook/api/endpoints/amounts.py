"""The parameter of every answer that has amounts: how they are written in JSON."""

from typing import Annotated, Literal

from tollbook.api.openapi.parameter_types import about
from tollbook.api.openapi.parameters import Query

AmountsForm = Annotated[
    Literal["number", "string"] | None,
    about(
        "How amounts are written in JSON and NDJSON: as a `number` (default), or as a `string` of "
        "the same digits, for programs that read numbers as floats, which hold 15 digits.",
        "string",
    ),
]


class AmountsQuery(Query, frozen=True, kw_only=True):
    """The query of a question whose answer has amounts; the application sets how to write them."""

    amounts: AmountsForm = None
