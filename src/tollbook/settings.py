"""Read the settings from TOLLBOOK_* variables."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import msgspec

from tollbook.domain.addresses import Network, is_prefix, network_problem, networks_of
from tollbook.domain.errors import SettingsError
from tollbook.domain.mail import (
    InvalidMailUrl,
    MailTerms,
    is_public_url,
    is_sender,
    parse_mail_url,
)
from tollbook.domain.viewers import SHORTEST_SECRET_KEY, SecretKeys

DEFAULT_DATABASE_URL = "sqlite:///tollbook.db"
DEFAULT_TENANT = "default"
_PREFIX = "TOLLBOOK_"
_OF_OTHERS = tuple(f"{_PREFIX}{name}" for name in ("TEST_", "SERVICE_", "PORT"))
"""Variables of the tests, and those that Kubernetes sets for a service called tollbook."""
_OF_CLIENTS = (f"{_PREFIX}URL", f"{_PREFIX}SPOOL")
"""Variables of the clients, which may run in the same environment."""
_ALL_NAMES = "docs/operations.md lists all settings"


class Settings(msgspec.Struct, frozen=True):
    """The settings of an operator; the variable of each is its name with the prefix TOLLBOOK_.

    docs/operations.md describes each setting with its unit and default.
    """

    database_url: str = DEFAULT_DATABASE_URL
    tenant: str = DEFAULT_TENANT
    max_queued_events: int = 100_000
    max_group_events: int = 10_000
    max_body_mib: int = 256
    compression: bool = True
    cached_answer_mib: int = 64
    cached_state_mib: int = 128
    min_free_mib: int = 256
    metrics_token: str = ""
    log_level: str = "info"
    phone_numbers: str = "full"
    phone_number_key: str = ""
    secret_key: str = ""
    trusted_proxies: str = ""
    root_path: str = ""
    hsts_seconds: int = 0
    max_write_connections: int = 32
    max_read_connections: int = 32
    idle_connection_seconds: int = 300
    shard_count: int = 32
    read_database_url: str = ""
    max_read_lag_seconds: int = 10
    max_clock_seconds: int = 300
    longest_call_seconds: int = 86_400
    max_unknown_organizations: int = 10_000
    max_quarantined_events: int = 10_000_000
    max_pending_events: int = 10_000_000
    max_viewer_tokens_per_minute: int = 1_200
    max_connections: int = 20_000
    max_silent_seconds: int = 10
    max_unread_seconds: int = 60
    max_unread_mib: int = 128
    max_answer_rows: int = 50_000
    max_answer_mib: int = 256
    max_exports: int = 8
    max_export_seconds: int = 3_600
    archive_folder: str = ""
    alerts: bool = True
    webhook_networks: str = ""
    smtp_url: str = ""
    smtp_url_file: str = ""
    mail_from: str = ""
    public_url: str = ""
    notification_days: int = 90
    api_key: str = ""
    api_key_file: str = ""
    broker_url: str = ""
    broker_url_file: str = ""
    broker_user: str = ""
    broker_user_file: str = ""
    broker_password: str = ""
    broker_password_file: str = ""
    broker_credentials: str = ""
    broker_credentials_file: str = ""

    @property
    def archives(self) -> Path | None:
        """Return the folder of archives that are no longer where they were written."""
        return Path(self.archive_folder) if self.archive_folder else None

    @property
    def proxies(self) -> tuple[Network, ...]:
        """Return the networks of trusted proxies."""
        return networks_of(_listed(self.trusted_proxies))

    @property
    def endpoint_networks(self) -> tuple[Network, ...]:
        """Return the networks that endpoints may be in, in addition to public addresses."""
        return networks_of(_listed(self.webhook_networks))

    @property
    def mail(self) -> MailTerms | None:
        """Return how mails are sent, or None without a mail server."""
        url = self.secret("smtp_url")
        if not url:
            return None
        try:
            server = parse_mail_url(url)
        except InvalidMailUrl as error:
            raise SettingsError(f"{variable('smtp_url')} {error}") from error
        return MailTerms(server, self.mail_from, self.public_url.rstrip("/"))

    @property
    def secret_keys(self) -> SecretKeys:
        """Return the secrets that viewer tokens are signed with, if they are set."""
        return SecretKeys.parse(self.secret_key)

    def secret(self, field: str) -> str:
        """Return a setting that may be in a file instead; `SettingsError` if it cannot be read."""
        path = getattr(self, f"{field}_file")
        if not path:
            return str(getattr(self, field))
        try:
            return Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{variable(field)}_FILE names a file that cannot be read"
            ) from error


FULL, MASKED = "full", "masked"
_PHONE_NUMBERS = (FULL, MASKED)
_AT_LEAST_ONE = (
    *("max_queued_events", "max_group_events", "max_body_mib"),
    *("max_connections", "max_silent_seconds", "max_unread_seconds", "max_unread_mib"),
    *("max_answer_rows", "max_answer_mib", "max_exports", "max_export_seconds"),
    *("max_write_connections", "max_read_connections", "shard_count"),
    *("idle_connection_seconds", "max_clock_seconds", "longest_call_seconds"),
    *("max_unknown_organizations", "max_quarantined_events", "max_pending_events"),
    *("max_viewer_tokens_per_minute", "max_read_lag_seconds"),
)
_SHORTEST_KEY = 16
_FEWEST_DAYS = 30
_KINDS = {int: "a whole number", bool: "true or false"}
"""The types of settings other than text, as errors name them."""
_LOG_LEVELS = ("debug", "info", "warning", "error")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read settings; `SettingsError` names the invalid variable, or one that is not known."""
    _refuse_unknown(environment)
    values = {
        field: environment[variable(field)]
        for field in Settings.__struct_fields__
        if environment.get(variable(field))
    }
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        field = str(error).partition(" - at `$.")[2].rstrip("`")
        kind = _KINDS[Settings.__annotations__[field]]
        raise SettingsError(f"{variable(field)} must be {kind}") from error
    for field in _AT_LEAST_ONE:
        if getattr(settings, field) < 1:
            raise SettingsError(f"{variable(field)} must be at least 1")
    for field in ("cached_answer_mib", "cached_state_mib", "min_free_mib", "hsts_seconds"):
        if getattr(settings, field) < 0:
            raise SettingsError(f"{variable(field)} must not be negative")
    for field in ("trusted_proxies", "webhook_networks"):
        for text in _listed(getattr(settings, field)):
            if problem := network_problem(variable(field), text):
                raise SettingsError(problem.error)
    _require_days(settings)
    _require_mail(settings)
    if not is_prefix(settings.root_path):
        raise SettingsError(f"{variable('root_path')} must be a path such as /tollbook")
    if settings.log_level not in _LOG_LEVELS:
        raise SettingsError(f"{variable('log_level')} must be one of {', '.join(_LOG_LEVELS)}")
    if settings.phone_numbers not in _PHONE_NUMBERS:
        raise SettingsError(f"{variable('phone_numbers')} must be {' or '.join(_PHONE_NUMBERS)}")
    _require_long_secrets(settings)
    return settings


def _require_days(settings: Settings) -> None:
    if settings.notification_days < _FEWEST_DAYS:
        raise SettingsError(f"{variable('notification_days')} must be at least {_FEWEST_DAYS}")


def _require_mail(settings: Settings) -> None:
    if settings.mail and not settings.mail_from:
        raise SettingsError(f"{variable('smtp_url')} needs {variable('mail_from')}: set the sender")
    if settings.mail_from and not is_sender(settings.mail_from):
        raise SettingsError(
            f"{variable('mail_from')} must be an address, or a name with an address in angle "
            "brackets, such as Tollbook <alerts@example.com>"
        )
    if settings.public_url and not is_public_url(settings.public_url):
        raise SettingsError(
            f"{variable('public_url')} must be the URL of this server, such as "
            "https://ledger.example.com"
        )


def _require_long_secrets(settings: Settings) -> None:
    if 0 < len(settings.phone_number_key) < _SHORTEST_KEY:
        raise SettingsError(
            f"{variable('phone_number_key')} must have at least {_SHORTEST_KEY} characters"
        )
    if settings.secret_key and not settings.secret_keys.are_long:
        raise SettingsError(
            f"{variable('secret_key')} must be a secret of at least {SHORTEST_SECRET_KEY} "
            "characters, or several of them separated by commas"
        )


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    fields = [field.upper() for field in Settings.__struct_fields__]
    for name in sorted(environment):
        field = name.removeprefix(_PREFIX)
        is_of_others = name.startswith(_OF_OTHERS) or name in _OF_CLIENTS
        if name == field or field in fields or is_of_others:
            continue
        closest = get_close_matches(field.upper(), fields, 1)
        hint = f"did you mean {_PREFIX}{closest[0]}?" if closest else _ALL_NAMES
        raise SettingsError(f"{name} is not a setting; {hint}")


def _listed(text: str) -> list[str]:
    return [it for word in text.split(",") if (it := word.strip())]


def variable(field: str) -> str:
    """Return the name of the environment variable of a setting."""
    return f"{_PREFIX}{field.upper()}"
