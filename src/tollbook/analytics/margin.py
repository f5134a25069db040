"""Margins as they are answered: the fields in JSON, and the columns of files."""

from typing import Any

import msgspec
from msgspec import UNSET

from tollbook.analytics.tables import Column, ColumnKind
from tollbook.domain.exact import AmountJson, raw_amount
from tollbook.domain.margin import Margin, Purchases, added, margin_of

__all__ = ("Margin", "Purchases", "added", "margin_of")

FIELDS: list[tuple[str, Any, Any]] = [
    ("buy_cost", AmountJson | msgspec.UnsetType | None, UNSET),
    ("margin", AmountJson | msgspec.UnsetType | None, UNSET),
    ("buy_known_share", float | msgspec.UnsetType | None, UNSET),
]
"""The fields of a row in JSON, with their types; unset unless they are asked for."""
SORT_FIELDS = Margin._fields
"""The fields that rows with a margin can be sorted by."""


def margin_columns(prefix: str = "") -> tuple[Column, ...]:
    """Return the columns of a file."""
    kinds = (ColumnKind.AMOUNT, ColumnKind.AMOUNT, ColumnKind.SHARE)
    return tuple(
        Column(prefix + name, kind) for name, kind in zip(Margin._fields, kinds, strict=True)
    )


def margin_json(usage: Purchases, prefix: str = "") -> dict[str, Any]:
    """Return the fields of a row in JSON, by name."""
    margin = margin_of(usage)
    amounts = (it if it is None else raw_amount(it) for it in margin[:2])
    values = (*amounts, margin.buy_known_share)
    return {prefix + name: it for name, it in zip(Margin._fields, values, strict=True)}
