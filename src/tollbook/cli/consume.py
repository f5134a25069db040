"""tollbook consume: events from NATS, RabbitMQ or Kafka, with the rights of an API key."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import click

from tollbook.brokers.address import parse_address
from tollbook.brokers.consumer import ConsumeOptions, Consumer, Exit, pause
from tollbook.brokers.credentials import Credentials
from tollbook.brokers.dead_sender import DeadSender
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.monitoring import Monitoring
from tollbook.brokers.storing import MessageStore
from tollbook.brokers.transport import SourceRefused, Transport
from tollbook.brokers.transports import transport_of
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_error
from tollbook.cli.parameters import whole
from tollbook.domain.errors import (
    InvalidApiKey,
    InvalidRequest,
    PermissionMissing,
    SettingsError,
    TollbookError,
)
from tollbook.domain.keys import Permission, is_sound, matches, prefix_of
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.logs import configure_logging
from tollbook.settings import Settings, variable
from tollbook.store.database import Database
from tollbook.store.error_translation import translate_errors
from tollbook.store.probe import try_to_write
from tollbook.wiring import collect_rarely, directory_cache_of, now, open_migrated

_LARGEST_PORT = 65_535


@click.command(cls=Command)
@click.argument("url", required=False, help="nats://, amqp:// or kafka://, without a password.")
@click.option("--group", default="tollbook", help="The durable consumer, or the Kafka group.")
@click.option("--dead-letter", help="Where messages go that are refused.", show_default="NAME.dead")
@click.option("--batch", type=whole("number", 1, 10_000), default=500, help="Messages of a batch.")
@click.option(
    "--prefetch", type=whole("number", 1, 100_000), default=1_000, help="Messages in flight."
)
@click.option("--atomic", is_flag=True, help="Store all events of a message or none.")
@click.option("--create", is_flag=True, help="Create what is missing, but never the source.")
@click.option("--stop-when-empty", is_flag=True, help="End when every message is settled.")
@click.option("--accept-gap", is_flag=True, help="Kafka: go on after messages that are gone.")
@click.option("--metrics", help="Serve /metrics and /healthz on this HOST:PORT.")
@click.option("--ca", type=click.Path(), help="The file of certificates to check the broker's by.")
@click.option("--cert", type=click.Path(), help="The file of this client's certificate.")
@click.option("--cert-key", type=click.Path(), help="The file of the certificate's key.")
def verb(options: Options, settings: Settings) -> int:
    """Store the events of a message broker, until a signal stops it."""
    try:
        transport = _transport(options, settings)
        listener = _listener(options.metrics)
        metrics = ConsumeMetrics()
        database = open_migrated(settings)
        cache = directory_cache_of(settings, database)
        prefix = _key_prefix(settings, cache)
        collect_rarely()
    except InvalidApiKey as error:
        print_error(f"tollbook: {error.sentence}: {variable('api_key')}")
        return Exit.KEY_REVOKED
    except (InvalidRequest, PermissionMissing, SettingsError) as error:
        print_error(f"tollbook: {error.sentence}")
        return Exit.NOT_STARTED
    configure_logging(settings)
    consumer = Consumer(
        transport,
        MessageStore(database, cache, now, prefix, atomic=options.atomic),
        partial(_is_ready, database),
        ConsumeOptions(options.batch, options.prefetch, options.create, options.stop_when_empty),
        metrics,
        DeadSender(transport, metrics, _state_folder(), pause),
    )
    monitoring = None
    if listener:
        monitoring = Monitoring(*listener, metrics.text, consumer.problem)
        monitoring.start()
    try:
        return asyncio.run(_run(consumer))
    except SourceRefused as error:
        print_error(f"tollbook: {error}")
        return Exit.NOT_STARTED
    finally:
        if monitoring:
            monitoring.close()


async def _run(consumer: Consumer) -> int:
    loop = asyncio.get_running_loop()
    is_stopping = False

    def stop() -> None:
        nonlocal is_stopping
        if is_stopping:  # what is not acknowledged comes again
            os._exit(1)
        is_stopping = True
        consumer.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return await consumer.run()


def _transport(options: Options, settings: Settings) -> Transport:
    text = options.url or settings.secret("broker_url")
    if not text:
        raise InvalidRequest(f"name a broker's URL, or set {variable('broker_url')}")
    address = parse_address(text)
    if options.url and address.password:
        raise InvalidRequest(
            f"the URL must not have a password, which others could see: set "
            f"{variable('broker_password')}"
        )
    credentials = Credentials(
        user=settings.secret("broker_user") or address.user,
        password=settings.secret("broker_password") or address.password,
        file=settings.broker_credentials_file or settings.broker_credentials,
        ca=options.ca,
        cert=options.cert,
        cert_key=options.cert_key,
    )
    dead_letter = options.dead_letter or f"{address.name}.dead"
    more = {"accept_gap": options.accept_gap} if address.kind == "kafka" else {}
    return transport_of(address, credentials, options.group, dead_letter, options.prefetch, **more)


def _key_prefix(settings: Settings, cache: DirectoryCache) -> str:
    """Return the prefix of the key whose rights the events have."""
    text = settings.secret("api_key")
    if not text:
        raise SettingsError(f"{variable('api_key')} must have the API key of the events")
    prefix = prefix_of(text) if is_sound(text) else None
    found = cache.loaded_key(prefix) if prefix else None
    if found is None or not matches(text, found[1].hash):
        raise InvalidApiKey
    if not found[1].may(Permission.WRITE_EVENTS):
        raise PermissionMissing(f"this key lacks the permission {Permission.WRITE_EVENTS.value}")
    return found[1].prefix


def _is_ready(database: Database) -> bool:
    try:
        with translate_errors():
            try_to_write(database)
    except TollbookError:
        return False
    return True


def _state_folder() -> Path:
    folder = os.environ.get("STATE_DIRECTORY") or Path.home() / ".local/state/tollbook"
    return Path(folder) / "dead-letters"


def _listener(text: str | None) -> tuple[str, int] | None:
    """Return the host and port that the metrics are served on."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > _LARGEST_PORT:
        raise InvalidRequest("--metrics must be HOST:PORT, such as 127.0.0.1:9105")
    return host.strip("[]"), int(port)
