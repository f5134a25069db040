"""Build the worker of alerts, of a server or alone, from the settings."""

from tollbook.administration.endpoints import Protection
from tollbook.alerts.delivery import Count, count_nothing
from tollbook.alerts.lease import Clock
from tollbook.alerts.looks import looks
from tollbook.alerts.mail import Mailer
from tollbook.alerts.process import Alerts
from tollbook.alerts.worker import NO_COUNTS, WorkCounters
from tollbook.api.operation.metrics import Metrics
from tollbook.domain.sealing import Sealer
from tollbook.domain.unsubscribing import Unsubscriber
from tollbook.domain.viewers import SecretKeys
from tollbook.settings import Settings
from tollbook.store.database import Database


def protection_of(settings: Settings, secret_keys: SecretKeys) -> Protection:
    """Return what encrypts the secrets of endpoints, and where they may be."""
    return Protection(Sealer(secret_keys), settings.endpoint_networks, settings.mail is not None)


def unsubscriber_of(settings: Settings, secret_keys: SecretKeys) -> Unsubscriber:
    """Return what signs the links of mails to unsubscribe, and verifies them."""
    return Unsubscriber(secret_keys, settings.public_url.rstrip("/"))


def server_alerts(
    settings: Settings,
    database: Database,
    secret_keys: SecretKeys,
    clock: Clock,
    metrics: Metrics,
) -> Alerts | None:
    """Return the worker of alerts, unless the settings keep this server out."""
    if not settings.alerts:
        return None
    counts = WorkCounters(metrics.count_notification, metrics.count_look)
    return alerts_of(settings, database, secret_keys, clock, metrics.count_attempt, counts)


def alerts_of(
    settings: Settings,
    database: Database,
    secret_keys: SecretKeys,
    clock: Clock,
    count: Count = count_nothing,
    counts: WorkCounters = NO_COUNTS,
) -> Alerts:
    """Build the worker of alerts."""
    terms = settings.mail
    return Alerts(
        database,
        clock,
        Sealer(secret_keys),
        settings.endpoint_networks,
        looks=looks(),
        days=settings.notification_days,
        count=count,
        counts=counts,
        mailer_of=lambda: None if terms is None else Mailer(terms),
        unsubscriber=unsubscriber_of(settings, secret_keys),
    )
