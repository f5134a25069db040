"""Strays: archive files in a folder that the database does not record."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tollbook.domain.errors import ArchiveRefused
from tollbook.store.parquet import UNFINISHED, about

_LONGEST_NAME = 100
_NAMED = re.compile(r"(.+)\.[0-9]+\.[0-9]{4}-[0-9]{2}\.[0-9]+-[0-9a-f]{6}\.parquet")
_ABOUT = {"tenant", "organization_id", "month"}


class Stray(NamedTuple):
    """A file that looks like an archive by its name or metadata, and is not recorded."""

    path: Path
    name: str
    about: dict[str, str]

    def may_be_of(self, tenant: str, organization_id: str) -> bool:
        """Return whether the file may hold events of an organization."""
        if self.about:
            return (self.about["tenant"], self.about["organization_id"]) == (
                tenant,
                organization_id,
            )
        return self.name == safe_name(organization_id)

    @property
    def advice(self) -> str:
        """Return the sentence that names the file and the command that removes it."""
        return (
            f"{self.path} is an archive file that this database does not record; to remove it: "
            f"tollbook archive --discard '{self.path}' --yes"
        )


def safe_name(organization_id: str) -> str:
    """Return the beginning of the names of an organization's files."""
    return quote(organization_id, safe="")[:_LONGEST_NAME]


def strays_in(folder: Path, known: Collection[str]) -> list[Stray]:
    """List the archive files in a folder whose names are not among the `known` ones."""
    if not folder.is_dir():
        return []
    files = sorted(file for file in folder.iterdir() if file.is_file())
    others = (file for file in files if file.name.removesuffix(UNFINISHED) not in known)
    return [stray for file in others if (stray := stray_at(file)) is not None]


def stray_at(path: Path) -> Stray | None:
    """Read the name and metadata of a file; return None when it does not look like an archive."""
    name = path.name.removesuffix(UNFINISHED)
    if not name.endswith(".parquet"):
        return None
    found = _NAMED.fullmatch(name)
    metadata = {} if path.name.endswith(UNFINISHED) else _metadata(path)
    if not found and not metadata:
        return None
    return Stray(path, found[1] if found else "", metadata)


def _metadata(path: Path) -> dict[str, str]:
    try:
        metadata = about(path)
    except (OSError, ValueError):  # cut off, or not Parquet
        return {}
    return metadata if metadata.keys() >= _ABOUT else {}


def refuse_strays(folders: Collection[Path], known: Collection[str], of: tuple[str, str]) -> None:
    """Refuse when a folder has an unrecorded file that may hold events of an organization."""
    for folder in folders:
        for stray in strays_in(folder, known):
            if stray.may_be_of(*of):
                raise ArchiveRefused(f"nothing was erased: {stray.advice}")
