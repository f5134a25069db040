"""The memory of a server."""

from pathlib import Path

from tests.servers import Server


def peak_mib(server: Server) -> float:
    """Return the most memory in MiB that a server has used."""
    assert server.process
    return peak_mib_of(server.process.pid)


def peak_mib_of(pid: int) -> float:
    """Return the most memory in MiB that a process has used, 0 when it has ended."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0")
    return int(peak.split()[1]) / 1024
