"""Which rows of a deck are priced: never, silently, those marked as deleted or blocked."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from tollbook.rating.books.deck_terms import normalize


class StatusKind(StrEnum):
    """What a column says of a row: yes or no, a status, or anything, as a comment does."""

    IF_TRUE = "priced if true"
    IF_FALSE = "priced if false"
    STATUS = "status"
    CHANGE = "change"
    COMMENT = "comment"


KIND_OF: Mapping[str, StatusKind] = {
    **dict.fromkeys(("enabled", "active", "is active", "is enabled"), StatusKind.IF_TRUE),
    **dict.fromkeys(
        ("forbidden", "discontinued", "blocked", "disabled", "deleted", "closed"),
        StatusKind.IF_FALSE,
    ),
    **dict.fromkeys(("status", "state", "action", "statut", "etat"), StatusKind.STATUS),
    **dict.fromkeys(
        ("change", "changes", "change type", "rate change", "price change", "type of change"),
        StatusKind.CHANGE,
    ),
    **dict.fromkeys(
        ("comment", "comments", "note", "notes", "remark", "remarks", "bemerkung", "commentaire"),
        StatusKind.COMMENT,
    ),
}
"""The headers of columns that may state that a row is not priced."""
_NOT_PRICED = {
    *("deleted", "delete", "deletion", "del", "d", "removed", "remove", "closed", "close"),
    *("blocked", "block", "barred", "forbidden", "discontinued", "discontinue", "disabled"),
    *("inactive", "withdrawn", "suspended", "terminated", "cancelled", "canceled", "expired"),
    *("unavailable", "not available", "gesperrt", "gel\u00f6scht", "supprim\u00e9"),
}
_PRICED = {
    *("active", "enabled", "open", "ok", "new", "current", "valid", "unchanged", "no change"),
    *("same", "increase", "increased", "decrease", "decreased", "added", "add", "a", "update"),
    *("updated", "u", "changed", "change", "normal", "aktiv", "actif"),
}
_PRICED_WORDS = {
    *("new", "no", "change", "changes", "changed", "unchanged", "increase", "increased"),
    *("decrease", "decreased", "rate", "price", "code", "current", "active", "update", "updated"),
}
_TRUE = {"1", "yes", "y", "true", "t", "on", "x", "1.0"}
_FALSE = {"0", "no", "n", "false", "f", "off", "0.0", "-"}
_WORDS = re.compile(r"[^\W\d_]+")


class StatusColumn(msgspec.Struct, frozen=True):
    """A column that may state that a row is not priced."""

    index: int
    header: str
    kind: StatusKind

    def problem(self, cell: str) -> str | None:
        """Return why a row must not be priced silently, None when it may."""
        text = normalize(cell)
        if not text or self._is_priced(text):
            return None
        return (
            f"is {cell!r}: leave such rows out with skip or only, as in "
            f"--skip {self.header!r}={cell!r}"
        )

    def _is_priced(self, text: str) -> bool:
        if self.kind is StatusKind.COMMENT:
            return text not in _NOT_PRICED
        if self.kind is StatusKind.CHANGE:
            return text not in _NOT_PRICED and _NOT_PRICED.isdisjoint(
                it for it in _WORDS.findall(text) if len(it) > 2
            )
        if text in _NOT_PRICED:
            return False
        if self.kind is StatusKind.STATUS:
            return text in _PRICED or _PRICED_WORDS.issuperset(text.split())
        return text in ((_TRUE | _PRICED) if self.kind is StatusKind.IF_TRUE else _FALSE)


class Filter(msgspec.Struct, frozen=True):
    """A column whose cells decide whether a row is read: not with `values`, or only with them."""

    index: int
    header: str
    values: frozenset[str]
    only: bool = False

    def reason(self, cell: str) -> str | None:
        """Return why a row is skipped, None when it is not."""
        text = normalize(cell)
        if (text in self.values) is self.only:
            return None
        return f"{self.header} = {cell.strip()}"


def skip_reason(filters: Sequence[Filter], row: Sequence[str]) -> str | None:
    """Return why a row is skipped by the terms of its deck, None when it is read."""
    for it in filters:
        reason = it.reason(row[it.index])
        if reason is not None:
            return reason
    return None
