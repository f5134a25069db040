"""Record the events of a file with a meter and send them: the process that is measured."""

import json
import sys
from pathlib import Path
from time import perf_counter, process_time, thread_time

from tollbook_client import Meter


def main(address: str, key: str, spool: str, events: str) -> None:
    """Print the seconds until all are recorded and sent, and the processor time of both."""
    with Path(events).open("rb") as file:
        recorded = [json.loads(line) for line in file]
    with Meter(address, key, spool=spool, batch_size=2000) as meter:
        start, busy, own = perf_counter(), process_time(), thread_time()
        for event in recorded:
            meter.record(**event)
        recording = (perf_counter() - start, thread_time() - own)
        left = meter.flush(600)
        sending = (perf_counter() - start, process_time() - busy)
        if left or meter.stats().accepted != len(recorded):
            raise SystemExit(f"{left} events are left: {meter.stats()}")
    print(json.dumps([*recording, *sending]))


if __name__ == "__main__":
    main(*sys.argv[1:])
