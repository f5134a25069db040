"""Cisco CUCM: the rows of cdr files, of which those through a gateway are charged."""

import re
from collections.abc import Sequence
from typing import Any

from tollbook.records.fields import INBOUND, OUTBOUND
from tollbook.records.mapping import FieldRule, Mapping
from tollbook.records.readers import Reader
from tollbook.records.rows import INTERNAL, SkippedRow

_TYPES = frozenset({"INTEGER", "UNIQUEIDENTIFIER"})
_is_phone = re.compile(
    r"(?:SEP|CSF|BOT|TCT|TAB|ATA|VGC|AN|CTI|UCCX|RDP|CIPC)[0-9A-Z_.-]*", re.IGNORECASE
).fullmatch
"""Phones, soft phones, analog ports and route points; any other device is a gateway or a trunk."""
_ALTERNATIVE_ID = (
    *("globalCallId_ClusterID", "globalCallID_callManagerId", "globalCallID_callId"),
    "origLegCallIdentifier",
)


class CucmReader(Reader):
    """Adds `id`, `called`, `answering` and `gateway`: the direction of a call.

    The gateways are the names of `--inbound-context`, or else the devices whose names are not
    those of phones.
    """

    required = (("dateTimeConnect",), ("duration",), ("cdrRecordType",))

    def __init__(self) -> None:
        self._gateways: frozenset[str] = frozenset()

    def prepare(self, mapping: Mapping) -> Mapping:
        """Take the names of gateways from the mapping, whose direction this reader finds."""
        rule = mapping.fields.get("direction", FieldRule())
        self._gateways = frozenset(rule.values or ())
        return mapping.with_fields(direction=FieldRule(columns=("gateway",)))

    def belongs_to_header(self, cells: Sequence[str]) -> bool:
        """Return whether a row has the types of the columns."""
        first = cells[0].strip() if cells else ""
        return first in _TYPES or first.startswith("VARCHAR(")

    def derive(self, values: Any) -> None:
        """Add what the columns do not say; skip calls through no gateway."""
        get = values.get
        parts = [get(it, "") for it in _ALTERNATIVE_ID]
        values["id"] = get("pkid", "") or (":".join(parts) if any(parts) else "")
        if get("cdrRecordType") != "1":
            values["gateway"] = OUTBOUND
            return
        if self._is_gateway(get("destDeviceName", "")):
            values["gateway"] = OUTBOUND
        elif self._is_gateway(get("origDeviceName", "")):
            values["gateway"] = INBOUND
        else:
            raise SkippedRow(INTERNAL)
        final = get("finalCalledPartyNumber", "")
        values["called"] = get("outpulsedCalledPartyNumber", "") or final
        values["answering"] = get("finalCalledPartyUnicodeLoginUserID", "") or final
        if values["gateway"] == INBOUND:
            values["called"] = get("originalCalledPartyNumber", "") or values["called"]

    def _is_gateway(self, device: str) -> bool:
        if self._gateways:
            return device in self._gateways
        return bool(device) and not _is_phone(device)
