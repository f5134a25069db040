"""Produce every fault, print the results, and write docs/reliability.md."""

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
from chaos.report import Trial, page
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


def produce(fault: Fault, engine: str, folder: Path, *, quick: bool) -> Trial:
    """Produce a fault on an engine the required number of times."""
    times = fault.quick if quick else fault.times
    with TemporaryDirectory(dir=folder, prefix="tollbook-chaos-") as own:
        Path(own).chmod(0o755)
        start = monotonic()
        try:
            verdict = fault.run(Bench(engine, Path(own), times, Random(fault.name), quick))
        except RuntimeError as error:  # there was no recovery; the other faults are still tested
            verdict = Verdict(wrong=[str(error)])
        return Trial(fault, engine, times, monotonic() - start, verdict)


def main() -> int:
    """Run the selected faults; return 1 if anything was lost, duplicated or wrong."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="test each fault a few times and write no page"
    )
    parser.add_argument(
        "--only", default="", help="test faults whose names contain this text and write no page"
    )
    parser.add_argument(
        "--engine", default="", help="test SQLite or PostgreSQL only and write no page"
    )
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    options = parser.parse_args()
    trials = []
    for fault in FAULTS:
        for engine in fault.engines:
            if options.only in fault.name and options.engine.lower() in engine.lower():
                trials.append(produce(fault, engine, options.folder, quick=options.quick))
                _print(trials[-1])
                if not (options.quick or options.only or options.engine):
                    _PAGE.write_text(page(trials, datetime.now(UTC).date()))
    return 0 if all(it.verdict.passed for it in trials) else 1


def _print(trial: Trial) -> None:
    verdict = trial.verdict
    result = "passed" if verdict.passed else f"FAILED {verdict}"
    print(
        f"{trial.engine:10} {trial.fault.name}: {trial.times} times in {trial.seconds:.0f} s, "
        f"{verdict.acknowledged:,} acknowledged, {verdict.refused:,} refused: {result}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
