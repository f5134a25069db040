"""Bandwidth: billing detail records."""

from typing import Any

from tollbook.records.readers import Reader

_ORIGINATION = "ORIGINATION"


class BandwidthReader(Reader):
    """Adds `way`, the direction of a call, and `jurisdiction`, its CallType in lower case."""

    def derive(self, values: Any) -> None:
        """Add what the columns do not say."""
        kind = values.get("calltype", "").strip().upper()
        values["way"] = "inbound" if _ORIGINATION in kind else "outbound"
        values["jurisdiction"] = kind.lower()
