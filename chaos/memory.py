"""The memory of a server."""

from pathlib import Path

from tests.servers import Server


def peak_mib(server: Server) -> float:
    """Return the most memory in MiB that a server has used."""
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024
