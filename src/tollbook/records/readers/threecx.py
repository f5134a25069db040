"""3CX: the lines of cdr.log."""

from collections.abc import Sequence
from typing import Any

from tollbook.records.fields import INBOUND, OUTBOUND
from tollbook.records.mapping import Mapping
from tollbook.records.readers import Reader
from tollbook.records.rows import INTERNAL, SkippedRow

_NAMES = (
    *("historyid", "callid", "duration", "time-start", "time-answered", "time-end"),
    *("reason-terminated", "from-no", "to-no", "from-dn", "to-dn", "dial-no", "reason-changed"),
    *("final-number", "final-dn", "bill-code", "bill-rate", "bill-cost", "bill-name", "chain"),
    *("from-type", "to-type", "final-type", "from-dispname", "to-dispname", "final-dispname"),
    "missed-queue-calls",
)
_WIDTHS = (20, 26, 27)
_EXTERNAL = frozenset({"externalline", "line", "provider"})
_EXTENSION = "ext."


class ThreecxReader(Reader):
    """Adds `called`, `caller`, `user`, `answering` and `way`: the direction of a call."""

    def __init__(self) -> None:
        self._header: Sequence[str] | None = None

    def prepare(self, mapping: Mapping) -> Mapping:
        """Take the columns of `--header`."""
        self._header = mapping.csv.header
        return mapping

    def names(self, cells: Sequence[str]) -> Sequence[str] | None:
        """Return the columns of a row by its width."""
        if self._header is not None:
            return self._header if len(cells) == len(self._header) else None
        return _NAMES[: len(cells)] if len(cells) in _WIDTHS else None

    def belongs_to_header(self, cells: Sequence[str]) -> bool:
        """Return whether a row has the names of the fields."""
        return "callid" in cells and "time-start" in cells

    def derive(self, values: Any) -> None:
        """Add what the columns do not say; skip calls between extensions."""
        caller, called = values.get("from-no", ""), values.get("to-no", "")
        dn, answering = values.get("from-dn", ""), values.get("to-dn", "")
        to_type = values.get("to-type", "")
        if values.get("reason-changed", "") and values.get("final-number", ""):
            called = values["final-number"]
            answering = values.get("final-dn", "") or answering
            to_type = values.get("final-type", "") or to_type
        if _is_external(to_type, called):
            values["way"] = OUTBOUND
        elif _is_external(values.get("from-type", ""), caller):
            values["way"] = INBOUND
        else:
            raise SkippedRow(INTERNAL)
        values["caller"] = _plain(caller)
        values["called"] = _plain(values.get("dial-no", "") if values["way"] == INBOUND else called)
        if values["way"] == INBOUND and not values["called"]:
            values["called"] = _plain(called)
        values["user"], values["answering"] = _plain(dn), _plain(answering)


def _is_external(type_: str, number: str) -> bool:
    """Return whether an end is on a line, by its type or, without one, by its number."""
    if type_:
        return type_.lower() in _EXTERNAL
    return bool(number) and not number.lower().startswith(_EXTENSION)


def _plain(number: str) -> str:
    return number[len(_EXTENSION) :] if number.lower().startswith(_EXTENSION) else number
