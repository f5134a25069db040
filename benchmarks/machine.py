"""The machine on which the figures were measured."""

import os
import platform
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from time import perf_counter

_WRITES = 50
_BLOCK = bytes(4096)


def machine(folder: Path, postgres: str) -> dict[str, str]:
    """Return the properties of the machine and its software."""
    memory = _line("/proc/meminfo", "MemTotal").split()[0]
    return {
        "Date": datetime.now(UTC).date().isoformat(),
        "Processor": _line("/proc/cpuinfo", "model name"),
        "Cores": str(len(os.sched_getaffinity(0))),
        "Memory": f"{int(memory) / 1024 / 1024:.0f} GiB",
        "A durable write of 4 KiB": f"{_sync_milliseconds(folder):.1f} ms (median of {_WRITES})",
        "Kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": postgres,
    }


def _line(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"


def _sync_milliseconds(folder: Path) -> float:
    """Measure the time of a durable write, for which every commit waits."""
    seconds: list[float] = []
    with TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_WRITES):
            start = perf_counter()
            file.write(_BLOCK)
            os.fdatasync(file.fileno())
            seconds.append(perf_counter() - start)
    return median(seconds) * 1000
