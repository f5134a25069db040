"""The query parameter that says how an answer is written."""

from tollbook.api.formats.choice import Format, accepted
from tollbook.api.formats.parquet import require_pyarrow
from tollbook.api.openapi.endpoint import ApiRequest, Parameter, ParameterKind

FORMAT = Parameter(
    "format",
    "How the answer is written: `json`, or its rows as `csv`, `ndjson` (an object a line) or "
    "`parquet`. Default: what `Accept` asks for, else JSON.",
    ParameterKind.CHOICE,
    choices=tuple(Format),
)


def format_of(call: ApiRequest) -> Format:
    """Tell how an answer is to be written; raise `FormatNotInstalled` when it cannot be.

    A question that does not offer the parameter answers in JSON.
    """
    if "format" not in call.query:
        return Format.JSON
    named = call.query["format"]
    chosen = Format(named) if named else accepted(call.headers.get("accept", ""))
    if chosen is Format.PARQUET:
        require_pyarrow()
    return chosen
