"""tollbook consume: events from NATS, RabbitMQ or Kafka, with the rights of an API key."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import click

from tollbook.brokers.address import parse_address
from tollbook.brokers.bodies import decoder_of
from tollbook.brokers.consumer import ConsumeOptions, Consumer, Exit, pause
from tollbook.brokers.credentials import Credentials
from tollbook.brokers.dead_sender import DeadSender
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.monitoring import Monitoring
from tollbook.brokers.record_bodies import RecordBodies
from tollbook.brokers.storing import FindDecoder, MessageStore
from tollbook.brokers.transport import StreamRefused, Transport
from tollbook.brokers.transports import transport_of
from tollbook.cli.command import Command, Options
from tollbook.cli.import_options import saved_mapping
from tollbook.cli.output import print_error
from tollbook.cli.parameters import PATH, whole
from tollbook.domain.errors import (
    InvalidApiKey,
    InvalidRequest,
    PermissionMissing,
    SettingsError,
    TollbookError,
)
from tollbook.domain.keys import ApiKey, Permission, is_sound, matches, prefix_of
from tollbook.domain.numbers import STRICT
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.logs import configure_logging
from tollbook.records.convert import OrganizationTerms
from tollbook.records.rows import SourceRefused as RecordsRefused
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
@click.option("--mapping", type=PATH, help="Messages are records in JSON: the saved mapping.")
@click.option("--organization", help="With --mapping: the organization whose usage they are.")
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
        key = _key(settings, cache)
        find_decoder = _decoders(options, cache, key)
        collect_rarely()
    except InvalidApiKey as error:
        print_error(f"tollbook: {error.sentence}: {variable('api_key')}")
        return Exit.KEY_REVOKED
    except (InvalidRequest, PermissionMissing, SettingsError) as error:
        print_error(f"tollbook: {error.sentence}")
        for problem in error.details:
            print_error(f"  {problem.error}")
        return Exit.NOT_STARTED
    configure_logging(settings)
    consumer = Consumer(
        transport,
        MessageStore(
            database, cache, now, key.prefix, atomic=options.atomic, find_decoder=find_decoder
        ),
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
    except StreamRefused as error:
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


def _decoders(options: Options, cache: DirectoryCache, key: ApiKey) -> FindDecoder:
    """Return what finds the decoder of a message: of events, or of records with `--mapping`."""
    if options.mapping is None:
        if options.organization is not None:
            raise InvalidRequest("--organization needs --mapping: events name their organization")
        return decoder_of
    tenant = key.scope.tenant_id

    def terms_of(organization: str) -> OrganizationTerms:
        found = cache.remembered_terms(tenant, {organization}) or cache.loaded_terms(
            tenant, {organization}, now()
        )
        terms = found[1].get(organization)
        return (
            OrganizationTerms(terms.number_format, terms.currency)
            if terms
            else OrganizationTerms(STRICT)
        )

    try:
        mapping = saved_mapping(options.mapping)
        return RecordBodies(mapping, options.organization, terms_of).decoder_of
    except RecordsRefused as error:
        raise InvalidRequest(str(error)) from error


def _key(settings: Settings, cache: DirectoryCache) -> ApiKey:
    """Return the key whose rights the events have."""
    text = settings.secret("api_key")
    if not text:
        raise SettingsError(f"{variable('api_key')} must have the API key of the events")
    prefix = prefix_of(text) if is_sound(text) else None
    found = cache.loaded_key(prefix) if prefix else None
    if found is None or not matches(text, found[1].hash):
        raise InvalidApiKey
    if not found[1].may(Permission.WRITE_EVENTS):
        raise PermissionMissing(f"this key lacks the permission {Permission.WRITE_EVENTS.value}")
    return found[1]


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
