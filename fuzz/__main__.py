"""Try every target for a while and print what came of it; what breaks one is kept."""

import argparse
import sys
from hashlib import sha256
from pathlib import Path

from fuzz.run import Found, fuzz
from fuzz.target import Target
from fuzz.targets import TARGETS

_KEPT = Path(__file__).parent.parent / ".fuzz"


def main() -> int:
    """Run what the command line asks for; 1 when any input broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--only", default="", help="targets whose names hold this")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    options = parser.parse_args()
    targets = [it for it in TARGETS if options.only in it.name]
    return max([_tried(target, options.seconds) for target in targets], default=0)


def _tried(target: Target, seconds: int) -> int:
    found = fuzz(target, seconds, corpus=_KEPT / target.name)
    first, last = found.ways
    print(
        f"{target.name:14} {found.tried:>10,} inputs in {seconds} s, "
        f"{first:,} ways through the code with the seeds, {last:,} in the end: "
        f"{'good' if found.broken_by is None else 'BROKEN'}",
        flush=True,
    )
    if found.broken_by is None:
        return 0
    _keep(target, found, found.broken_by)
    return 1


def _keep(target: Target, found: Found, broken_by: bytes) -> None:
    path = _KEPT / f"broken-{target.name}-{sha256(broken_by).hexdigest()[:12]}"
    path.write_bytes(broken_by)
    print(f"  it promises: {target.promise}\n  broken by {path}: {broken_by[:200]!r}")
    print(found.how)


if __name__ == "__main__":
    sys.exit(main())
