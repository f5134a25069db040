"""tollbook alerts: the worker that sends notifications, in a process of its own."""

import signal
import threading

from tollbook.cli.command import Options, VerbGroup
from tollbook.logs import configure_logging
from tollbook.settings import Settings
from tollbook.wiring import now, open_migrated, secret_keys_of
from tollbook.wiring_alerts import alerts_of

verb = VerbGroup()


@verb.command("run")
def _run(options: Options, settings: Settings) -> int:  # noqa: ARG001
    """Send notifications, until a signal stops it."""
    configure_logging(settings)
    database = open_migrated(settings)
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    alerts = alerts_of(settings, database, secret_keys_of(settings, database), now)
    alerts.open()
    stopped.wait()
    alerts.close()
    database.close()
    return 0
