"""Run `tollbook serve` with a clock that is wrong by the seconds in a file."""

import os
import sys
import time
from pathlib import Path

from tollbook import wiring
from tollbook.__main__ import main

_OFFSET = Path(os.environ["CHAOS_CLOCK"])


def _now() -> int:
    return time.time_ns() // 1000 + int(float(_OFFSET.read_text() or 0) * 1_000_000)


if __name__ == "__main__":
    wiring.now = _now
    sys.argv[0] = "tollbook"
    main()
