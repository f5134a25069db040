"""Kannel: the lines of the bearerbox's access log.

The parts of a concatenated message (3GPP TS 23.040, 9.2.3.24.1) become one event, whose segments
they are. They are grouped by the reference in their header, the receiver and the minute.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tollbook.records.readers import Reader
from tollbook.records.rows import (
    DELIVERY_REPORT,
    FAILED,
    NOT_A_CALL,
    RecordRow,
    RefusedRow,
    SkippedRow,
)

_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?P<what>[A-Za-z ]+?) (?P<fields>\[.*)$"
)
_OTHER_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Za-z ]+$")
"""Such as "Log begins"."""
_FIELD = re.compile(r"\[(SMSC|SVC|ACT|FID|META|from|to|flags):([^\]]*)\]")
_UDH = re.compile(r"\[udh:(\d+):([0-9A-Fa-f]*)\]\s*$")
_MESSAGE = re.compile(r" ?\[msg:")
_REPORTS = frozenset({"Receive DLR", "DLR SMS", "Received DLR"})
_LONGEST_WAIT = timedelta(minutes=2)
_CONCATENATED = {"00": 6, "08": 8}
"""The information elements of parts, by the hex digits of their reference and counts."""


class _Part(NamedTuple):
    """What makes parts one message, and how many it has."""

    key: tuple[str, ...]
    total: int


class KannelReader(Reader):
    """Reads lines of text; adds `id`, `kind`, `way`, `segments`, `account`."""

    shapes = ("lines",)
    may_hash_rows = True

    def merged(
        self, batches: Iterator[list[RecordRow]], is_ended: Callable[[], bool]
    ) -> Iterator[list[RecordRow]]:
        """Yield rows in which the parts of one message are one row.

        At the end of a growing file, messages whose parts may still follow are left for later.
        """
        self.left = 0
        groups: dict[tuple[str, ...], list[RecordRow]] = {}
        for batch in batches:
            done: list[RecordRow] = []
            read = [_read(it) for it in batch]
            for row in read:
                part = _part_of(row)
                if part is None:
                    done.append(row)
                    continue
                group = groups.setdefault(part.key, [])
                group.append(row)
                if len(group) >= part.total:
                    done.append(_joined(groups.pop(part.key)))
            latest = max((it.values.get("time", "") for it in read if it.values), default="")
            over = [it for it in groups if _is_over(groups[it][-1], latest)]
            done += [_joined(groups.pop(it)) for it in over]
            waiting = [row for group in groups.values() for row in group]
            self.pending = min(waiting, key=lambda it: it.end, default=None)
            if done:
                yield done
        if groups and not is_ended():
            self.left = sum(map(len, groups.values()))
        elif groups:
            yield [_joined(it) for it in groups.values()]

    def derive(self, values: Any) -> None:
        """Skip what is not charged."""
        what = values["what"]
        if what in _REPORTS or "DLR" in what:
            raise SkippedRow(DELIVERY_REPORT)
        if what.upper().startswith(("FAILED", "DISCARDED", "REJECTED")):
            raise SkippedRow(FAILED)
        if what not in ("Sent SMS", "Receive SMS", "Received SMS"):
            raise SkippedRow(NOT_A_CALL)


def _read(row: RecordRow) -> RecordRow:
    """Return a row with its columns."""
    if row.refusal is not None:
        return row
    text = row.cells[0]
    found = _LINE.match(text)
    if found is None and _OTHER_LINE.match(text):
        return row._replace(values={"what": ""})
    if found is None:
        refusal = RefusedRow("", "not_a_line", "this is no line of an access log of Kannel")
        return row._replace(refusal=refusal)
    if not _is_time(found["time"]):
        refusal = RefusedRow("time", "invalid_time", "the line begins with no date and time")
        return row._replace(refusal=refusal)
    before = _MESSAGE.split(found["fields"], maxsplit=1)[0]
    fields = dict(_FIELD.findall(before))
    udh = _UDH.search(text)
    is_sent = found["what"].startswith("Sent")
    foreign = fields.get("FID", "")
    values = {
        "time": found["time"],
        "what": found["what"],
        "smsc": fields.get("SMSC", ""),
        "from": fields.get("from", ""),
        "to": fields.get("to", ""),
        "account": fields.get("ACT", "") or fields.get("SVC", ""),
        "udh": udh[2] if udh else "",
        "kind": "sms.outbound" if is_sent else "sms.inbound",
        "way": "outbound" if is_sent else "inbound",
        "id": f"{fields.get('SMSC', '')}:{foreign}" if is_sent and foreign else "",
        "segments": "1",
    }
    return row._replace(values=values)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _part_of(row: RecordRow) -> _Part | None:
    """Return what a part belongs to; None for a message in one part."""
    values = row.values
    if row.refusal is not None or values["what"] not in (
        "Sent SMS",
        "Receive SMS",
        "Received SMS",
    ):
        return None
    header = values["udh"]
    digits = _CONCATENATED.get(header[2:4])
    if digits is None or len(header) < digits + 6:
        return None
    reference, total = header[6 : digits + 2], int(header[digits + 2 : digits + 4], 16)
    if total < 2:
        return None
    key = (
        *(values[it] for it in ("smsc", "what", "from", "to")),
        reference,
        str(total),
        values["time"][:16],
    )
    return _Part(key, total)


def _joined(rows: list[RecordRow]) -> RecordRow:
    """Return the parts of a message as one row, with the identity and the time of the first."""
    first = rows[0]
    return first._replace(
        end=max(it.end for it in rows),
        raw=b"".join(it.raw if it.raw.endswith(b"\n") else it.raw + b"\n" for it in rows),
        values={**first.values, "segments": str(len(rows))},
        parts=len(rows),
    )


def _is_over(row: RecordRow, latest: str) -> bool:
    """Return whether no part of a message can follow any more."""
    last = datetime.fromisoformat(row.values["time"])
    return bool(latest) and datetime.fromisoformat(latest) - last > _LONGEST_WAIT
