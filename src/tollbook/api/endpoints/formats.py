"""The format of an answer: by the query parameter, else by `Accept`."""

from tollbook.api.formats.choice import Format, preferred_format
from tollbook.api.formats.parquet import require_pyarrow
from tollbook.api.openapi.endpoint import ApiRequest


def resolve_format(request: ApiRequest, named: Format | None) -> Format:
    """Return the format of an answer; `FormatNotInstalled` when it cannot be written."""
    chosen = named or preferred_format(request.headers.get("accept", ""))
    if chosen is Format.PARQUET:
        require_pyarrow()
    return chosen
