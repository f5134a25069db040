"""The file of secrets next to a database file, which only its owner can read."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from tollbook.store.file_locks import OWNER_ONLY, sync


def read_or_create(path: Path, secret: str) -> str:
    """Return the text of the file; create it with `secret` when it does not exist.

    All processes get the same text, and none of them a part of it.
    """
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    new = path.with_name(f"{path.name}.{token_hex(4)}")
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY)
    try:
        os.fchmod(descriptor, OWNER_ONLY)  # whatever the umask is
        os.write(descriptor, f"{secret}\n".encode())
        os.fsync(descriptor)
        with suppress(FileExistsError):  # another process was faster
            path.hardlink_to(new)
    finally:
        os.close(descriptor)
        new.unlink()
    sync(path.parent)
    return path.read_text().strip()
