"""The own meters of archived events: each file has them, so that it can be read without a catalog.

They are in the metadata of the file under `meters`, as a JSON array of objects with `code`, `type`,
`unit` and `category`.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from tollbook.domain.errors import ArchiveRefused
from tollbook.domain.meters import Category, Meter
from tollbook.store import archives
from tollbook.store.archives import Month
from tollbook.store.database import Snapshot
from tollbook.store.meters import read_catalog
from tollbook.store.parquet import about

_NAME = "meters"


class ArchivedMeter(msgspec.Struct, frozen=True):
    """An own meter as a file has it."""

    code: int
    type: str
    unit: str
    category: Category


_meters = msgspec.json.Decoder(list[ArchivedMeter])


def metadata(snapshot: Snapshot, tenant: str, month: Month) -> dict[str, str]:
    """Return the metadata of a file for the own meters of its events; empty without any."""
    catalog = read_catalog(snapshot, tenant)
    if not catalog.own:
        return {}
    codes = archives.own_meters(snapshot, month)
    found = [_archived(catalog.of_code(code)) for code in codes]
    return {_NAME: msgspec.json.encode(found).decode()} if found else {}


def require_same(snapshot: Snapshot, tenant: str, paths: Iterable[Path]) -> None:
    """Raise `ArchiveRefused` when a file has a meter that the tenant does not have so."""
    by_code = read_catalog(snapshot, tenant).by_code
    for path in paths:
        for it in _meters.decode(about(path).get(_NAME, "[]")):
            meter = by_code.get(it.code)
            if meter is None or _archived(meter) != it:
                raise ArchiveRefused(
                    f"{path} has events of the meter {it.type}, which the tenant does not have "
                    f"with the code {it.code}, the unit {it.unit} and the category "
                    f"{it.category.value}; nothing was restored"
                )


def _archived(meter: Meter) -> ArchivedMeter:
    return ArchivedMeter(meter.code, meter.type, meter.unit, meter.category)
