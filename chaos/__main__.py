"""Produce every fault, print what came of it, and write docs/reliability.md."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic

from chaos.faults import Bench, Fault
from chaos.of_clients import OF_CLIENTS
from chaos.of_clocks import OF_CLOCKS
from chaos.of_databases import OF_DATABASES
from chaos.of_disks import OF_DISKS
from chaos.of_files import OF_FILES
from chaos.of_processes import OF_PROCESSES
from chaos.of_restores import OF_RESTORES
from chaos.of_standbys import OF_STANDBYS
from chaos.of_upgrades import OF_UPGRADES
from chaos.of_ways import OF_WAYS
from chaos.report import Tried, page
from chaos.world import Verdict

FAULTS = (
    *OF_PROCESSES,
    *OF_STANDBYS,
    *OF_DATABASES,
    *OF_UPGRADES,
    *OF_RESTORES,
    *OF_DISKS,
    *OF_FILES,
    *OF_CLOCKS,
    *OF_WAYS,
    *OF_CLIENTS,
)
_PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"


def produce(fault: Fault, engine: str, folder: Path, *, quick: bool) -> Tried:
    """Produce a fault on an engine, as often as it is to be."""
    times = fault.quick if quick else fault.times
    with TemporaryDirectory(dir=folder, prefix="tollbook-chaos-") as own:
        Path(own).chmod(0o755)
        start = monotonic()
        try:
            verdict = fault.run(Bench(engine, Path(own), times, Random(fault.name), quick))
        except (
            RuntimeError
        ) as error:  # it never got over the fault; the others are tried all the same
            verdict = Verdict(wrong=[str(error)])
        return Tried(fault, engine, times, monotonic() - start, verdict)


def main() -> int:
    """Run what the command line asks for; 1 when anything was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each fault a few times; no page")
    parser.add_argument("--only", default="", help="faults whose names hold this; no page")
    parser.add_argument("--engine", default="", help="SQLite or PostgreSQL; no page")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    options = parser.parse_args()
    tried = []
    for fault in FAULTS:
        for engine in fault.engines:
            if options.only in fault.name and options.engine.lower() in engine.lower():
                tried.append(produce(fault, engine, options.folder, quick=options.quick))
                _print(tried[-1])
                if not (options.quick or options.only or options.engine):
                    _PAGE.write_text(page(tried, datetime.now(UTC).date()))
    return 0 if all(it.verdict.good for it in tried) else 1


def _print(it: Tried) -> None:
    verdict = it.verdict
    result = "good" if verdict.good else f"WRONG {verdict}"
    print(
        f"{it.engine:10} {it.fault.name}: {it.times} times in {it.seconds:.0f} s, "
        f"{verdict.acknowledged:,} acknowledged, {verdict.turned_away:,} turned away: {result}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
