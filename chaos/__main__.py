"""Produce every fault and attack, print the results, and write the pages of docs/ on them."""

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic

from chaos.attack_report import attack_page, figures
from chaos.attacks import ATTACKS
from chaos.faults import Bench, Fault
from chaos.nodes import CITUS, NO_CITUS, is_citus_installed
from chaos.of_clients import OF_CLIENTS
from chaos.of_clocks import OF_CLOCKS
from chaos.of_clusters import OF_CLUSTERS
from chaos.of_databases import OF_DATABASES
from chaos.of_disks import OF_DISKS
from chaos.of_files import OF_FILES
from chaos.of_processes import OF_PROCESSES
from chaos.of_receivers import OF_RECEIVERS
from chaos.of_restores import OF_RESTORES
from chaos.of_standbys import OF_STANDBYS
from chaos.of_upgrades import OF_UPGRADES
from chaos.of_ways import OF_WAYS
from chaos.report import Row, Trial, page, read_rows, row_of
from chaos.siege import Attack, AttackTrial, besiege
from chaos.without_key import raise_file_limit
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
    *OF_RECEIVERS,
    *OF_CLUSTERS,
)
_DOCS = Path(__file__).parent.parent / "docs"
_RELIABILITY = _DOCS / "reliability.md"
_ATTACKS = _DOCS / "attacks.md"


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


def withstand(attack: Attack, engine: str, folder: Path, *, quick: bool) -> AttackTrial:
    """Run an attack against a server on an engine."""
    raise_file_limit()
    with TemporaryDirectory(dir=folder, prefix="tollbook-attack-") as own:
        Path(own).chmod(0o755)
        return besiege(attack, Bench(engine, Path(own), 1, Random(attack.name), quick))


def main() -> int:
    """Run the selected faults and attacks; return 1 if any of them did harm."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="run each a few times or briefly, and write no page"
    )
    parser.add_argument("--only", default="", help="run those whose names contain this text")
    parser.add_argument("--engine", default="", help="use SQLite, PostgreSQL or Citus only")
    parser.add_argument("--attacks", action="store_true", help="run the attacks only")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    options = parser.parse_args()
    passed = options.attacks or _produce_all(options)
    return 0 if _attack_all(options) and passed else 1


def _produce_all(options: argparse.Namespace) -> bool:
    """Produce the selected faults; return whether nothing was lost, duplicated or wrong."""
    passed = True
    for fault in FAULTS:
        for engine in _engines(fault, options):
            if engine == CITUS and not is_citus_installed():
                print(f"{engine:10} {fault.name}: skipped: {NO_CITUS}", flush=True)
                continue
            trial = produce(fault, engine, options.folder, quick=options.quick)
            _print(trial)
            passed = passed and trial.verdict.passed
            if not options.quick:
                _put(row_of(trial, _today()))
    return passed


def _put(row: Row) -> None:
    """Replace a row of the page; rows of other runs keep their date while their fault exists."""
    rows = read_rows(_RELIABILITY.read_text()) | {(row.name, row.engine): row}
    keys = [(fault.name, engine) for fault in FAULTS for engine in fault.engines]
    _RELIABILITY.write_text(page(rows[it] for it in keys if it in rows))


def _attack_all(options: argparse.Namespace) -> bool:
    """Run the selected attacks; return whether the other tenant noticed none of them."""
    trials = []
    for attack in ATTACKS:
        for engine in _engines(attack, options):
            trial = withstand(attack, engine, options.folder, quick=options.quick)
            trials.append(trial)
            result = "passed" if trial.passed else f"FAILED {trial.wrong}"
            print(f"{engine:10} {attack.name}: {figures(trial)}: {result}", flush=True)
            if not (options.quick or options.only or options.engine):
                _ATTACKS.write_text(attack_page(trials, _today()))
    return all(it.passed for it in trials)


def _engines(it: Fault | Attack, options: argparse.Namespace) -> list[str]:
    """Return the engines on which something is to be run, none if it is not selected."""
    chosen = it.engines if options.only in it.name else ()
    return [engine for engine in chosen if options.engine.lower() in engine.lower()]


def _today() -> date:
    return datetime.now(UTC).date()


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
