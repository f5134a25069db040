"""Asterisk: the rows of cdr-csv/Master.csv, without a header.

The columns are those of `cdr_csv.c`: sixteen, then `uniqueid`, `userfield` and three more, each
when its option in `cdr.conf` is set.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from tollbook.records.readers import Reader
from tollbook.records.row_ids import hash_of
from tollbook.records.rows import NOT_A_CALL, SkippedRow

_ALWAYS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp"),
    *("lastdata", "start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
)
_UNIQUEID = ("uniqueid",)
_USERFIELD = ("userfield",)
_NEW = ("peeraccount", "linkedid", "sequence")
_BY_WIDTH = {
    16: _ALWAYS,
    18: _ALWAYS + _UNIQUEID + _USERFIELD,
    19: _ALWAYS + _NEW,
    21: _ALWAYS + _UNIQUEID + _USERFIELD + _NEW,
}
_ONE_OF_BOTH = {17: (), 20: _NEW}
"""With this many columns, the seventeenth is `uniqueid` or `userfield`."""

_MOST_REMEMBERED = 100_000
_is_uniqueid = re.compile(r"(?:.*-)?[0-9]{6,}\.[0-9]+").fullmatch
_epoch_in = re.compile(r"([0-9]{9,11})\.[0-9]+$").search
_is_dialed = re.compile(r"\+?[0-9]{7,15}").fullmatch
_is_extension = re.compile(r"[0-9]{2,6}").fullmatch
_extension_in = re.compile(r"^[^/]+/([0-9]{2,8})[-@]").search
_SPECIAL = frozenset({"s", "h", "t", "i", ""})
"""Extensions of the dial plan that nobody dials."""


class AsteriskReader(Reader):
    """Adds `id`, `called`, `extension` and `epoch`.

    A switch that does not write `sequence` repeats a `uniqueid`: its first row keeps it as its id,
    and later ones add a hash. The latest 100,000 are remembered.
    """

    may_hash_rows = True
    remembers = True

    def __init__(self) -> None:
        self._first_rows: OrderedDict[str, None] = OrderedDict()

    def names(self, cells: Sequence[str]) -> Sequence[str] | None:
        """Return the columns of a row by its width."""
        width = len(cells)
        if width in _ONE_OF_BOTH:
            is_uniqueid = _is_uniqueid(cells[16])
            return _ALWAYS + (_UNIQUEID if is_uniqueid else _USERFIELD) + _ONE_OF_BOTH[width]
        return _BY_WIDTH.get(width)

    def derive(self, values: Any) -> None:
        """Add what the columns do not say; skip what nobody dialed."""
        uniqueid = values.get("uniqueid", "")
        values["id"] = self._identity(values, uniqueid) if uniqueid else ""
        epoch = _epoch_in(uniqueid)
        values["epoch"] = epoch[1] if epoch else ""
        extension = _extension_in(values["dstchannel"])
        values["extension"] = extension[1] if extension else ""
        called = values["dst"]
        if called in _SPECIAL or _is_extension(called):
            called = _dialed_number(values) or called
        if called in _SPECIAL:
            raise SkippedRow(NOT_A_CALL)
        values["called"] = called

    def _identity(self, values: Any, uniqueid: str) -> str:
        sequence = values.get("sequence", "")
        if sequence:
            return f"{uniqueid}:{sequence}"
        if uniqueid not in self._first_rows:
            self._first_rows[uniqueid] = None
            if len(self._first_rows) > _MOST_REMEMBERED:
                self._first_rows.popitem(last=False)
            return str(uniqueid)
        cells = (values[it] for it in ("dst", "dstchannel", "answer", "end"))
        return f"{uniqueid}:{hash_of(cells)}"


def _dialed_number(values: Any) -> str:
    """Return the number that Dial was given, such as 02079460100 in PJSIP/02079460100@trunk."""
    if values["lastapp"].lower() != "dial":
        return ""
    target = values["lastdata"].partition(",")[0].partition("&")[0]
    for part in target.split("/")[1:]:
        text = part.partition("@")[0].removeprefix("sip:")
        if _is_dialed(text):
            return str(text)
    return ""
