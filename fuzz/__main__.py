"""Fuzz every target for a while, print the results, and keep inputs that break one."""

import argparse
import sys
from hashlib import sha256
from pathlib import Path

from fuzz.run import Found, fuzz
from fuzz.target import Target
from fuzz.targets import TARGETS

_KEPT = Path(__file__).parent.parent / ".fuzz"


def main() -> int:
    """Run the selected targets; return 1 if any input broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument(
        "--only", default="", help="fuzz only targets whose names contain this text"
    )
    parser.add_argument(
        "--seconds", type=int, default=60, help="seconds for each target (default 60)"
    )
    options = parser.parse_args()
    targets = [it for it in TARGETS if options.only in it.name]
    return max([_tried(target, options.seconds) for target in targets], default=0)


def _tried(target: Target, seconds: int) -> int:
    found = fuzz(target, seconds, corpus=_KEPT / target.name)
    first, last = found.ways
    print(
        f"{target.name:14} {found.tried:>10,} inputs in {seconds} s, "
        f"{first:,} code paths with the seeds, {last:,} at the end: "
        f"{'passed' if found.broken_by is None else 'BROKEN'}",
        flush=True,
    )
    if found.broken_by is None:
        return 0
    _keep(target, found, found.broken_by)
    return 1


def _keep(target: Target, found: Found, broken_by: bytes) -> None:
    path = _KEPT / f"broken-{target.name}-{sha256(broken_by).hexdigest()[:12]}"
    path.write_bytes(broken_by)
    print(f"  promise: {target.promise}\n  broken by {path}: {broken_by[:200]!r}")
    print(found.how)


if __name__ == "__main__":
    sys.exit(main())
