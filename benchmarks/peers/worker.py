"""Answer statements in one engine: python -m benchmarks.peers.worker ENGINE WHERE EVENTS.

Each line on standard input is a statement in JSON. The answer is a line with the number of its
rows, or with the rows themselves for a statement that begins with `+`.
"""

import gc
import json
import sys
from pathlib import Path

from benchmarks.peers.engines import ENGINES


def main(engine: str, where: str, events: str) -> None:
    """Load the events, print `ready`, and answer until the input ends."""
    ask = ENGINES[engine](where, Path(events))
    gc.disable()
    print("ready", flush=True)
    for line in sys.stdin:
        statement = json.loads(line)
        rows = ask(statement.removeprefix("+"))
        print(json.dumps(rows if statement.startswith("+") else len(rows)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
