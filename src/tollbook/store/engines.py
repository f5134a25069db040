"""The engines: a new one is one more line here."""

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from tollbook.domain.errors import SettingsError
from tollbook.store.engine import Engine, Options
from tollbook.store.postgres.engine import Postgres
from tollbook.store.sqlite.engine import Sqlite

ENGINES: tuple[type[Engine], ...] = (Sqlite, Postgres)

PORTABLE = Sqlite
"""The engine whose backups every other one can restore."""


def open_engine(url: str, options: Options) -> Engine:
    """Choose the engine by the URL. Nothing is connected yet."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SettingsError("TOLLBOOK_DATABASE_URL is not a database URL") from error
    for engine in ENGINES:
        if engine.accepts(parsed):
            return engine(parsed, options)
    examples = " or ".join(engine.example_url for engine in ENGINES)
    raise SettingsError(f"TOLLBOOK_DATABASE_URL must be like {examples}")
