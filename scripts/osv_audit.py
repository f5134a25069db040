"""Check a lock file against an export of the OSV database: osv_audit.py all.zip requirements.lock.

The export has one JSON file for each advisory. So no service has to answer, and the same export
gives the same result.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)
Advisory = dict[str, Any]


def pins(lock: str) -> dict[str, Version]:
    """Return the pinned version of each package of a lock file."""
    return {canonicalize_name(name): Version(text) for name, text in _PIN.findall(lock)}


def advisories(export: Path) -> Iterator[Advisory]:
    """Read the advisories of an export that were not withdrawn."""
    with ZipFile(export) as packed:
        for name in packed.namelist():
            if name.endswith(".json"):
                advisory = json.loads(packed.read(name))
                if "withdrawn" not in advisory:
                    yield advisory


def concerns(advisory: Advisory, pinned: dict[str, Version]) -> Iterator[str]:
    """Yield the pinned packages that an advisory is about, in their pinned version."""
    for affected in advisory.get("affected", ()):
        package = affected.get("package", {})
        name = canonicalize_name(package.get("name", ""))
        if package.get("ecosystem") != "PyPI" or name not in pinned:
            continue
        version = pinned[name]
        listed = filter(None, map(_version, affected.get("versions", ())))
        ranges = (it for it in affected.get("ranges", ()) if it.get("type") == "ECOSYSTEM")
        if version in listed or any(_is_in(version, it["events"]) for it in ranges):
            yield name


def _is_in(version: Version, events: list[dict[str, str]]) -> bool:
    """Return whether a version is between an `introduced` and the next `fixed` event."""
    is_affected = False
    for event in sorted(events, key=_place):
        ((kind, text),) = event.items()
        place = Version("0.dev0") if text == "0" else _version(text)
        if place is None:
            continue
        if kind == "introduced" and version >= place:
            is_affected = True
        elif (kind == "fixed" and version >= place) or (
            kind == "last_affected" and version > place
        ):
            is_affected = False
    return is_affected


def _place(event: dict[str, str]) -> Version:
    ((_, text),) = event.items()
    return (None if text == "0" else _version(text)) or Version("0.dev0")


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:  # of releases that no installer can choose
        return None


def main(export: str, *locks: str) -> int:
    """Print every advisory about a pinned version; return 1 if there is one."""
    pinned = [(lock, pins(Path(lock).read_text())) for lock in locks]
    read, found = 0, 0
    for advisory in advisories(Path(export)):
        read += 1
        for lock, versions in pinned:
            for name in concerns(advisory, versions):
                found += 1
                about = advisory.get("summary") or advisory.get("details", "")[:100]
                print(f"{lock}: {name} {versions[name]}: {advisory['id']}: {about}")  # noqa: T201
    print(f"{read} advisories read, {found} concern a pinned release")  # noqa: T201
    return 1 if found or not read else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
