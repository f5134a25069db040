"""Kamailio and OpenSIPS: exports of the tables acc_cdrs and acc."""

from typing import Any

from tollbook.records.numbers import plain
from tollbook.records.readers import Reader

_CALLERS = ("caller", "src_user", "from_uri", "src_uri")


class KamailioReader(Reader):
    """Adds `caller_domain` and `caller_user`, the parts of the caller's SIP address."""

    def derive(self, values: Any) -> None:
        """Add what the columns do not say."""
        caller = next((values[it] for it in _CALLERS if values.get(it)), "")
        host = caller.partition("@")[2].partition(";")[0].partition(">")[0].partition(":")[0]
        values["caller_domain"] = host or values.get("src_domain", "")
        values["caller_user"] = plain(caller)
