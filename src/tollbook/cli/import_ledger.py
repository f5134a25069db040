"""The ledger of an import of records: where its events go, and what converting a row needs."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from tollbook.administration.tenants import ensure_tenant
from tollbook.cli.choices import command_line
from tollbook.cli.importer import Importer
from tollbook.domain.catalog import Catalog
from tollbook.domain.keys import KeyScope
from tollbook.domain.meters import Meter
from tollbook.domain.receipts import Receipt
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.records.convert import OrganizationTerms
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.database import Database
from tollbook.wiring import directory_cache_of, open_migrated

Found = TypeVar("Found")


class Attempt(Protocol):
    """Calls something that needs the database; it may call again when that is away."""

    def __call__(self, call: Callable[[], Found]) -> Found:
        """Return what the call returns."""


def once(call: Callable[[], Found]) -> Found:
    """Call once: an import that does not follow files reports a database that is away."""
    return call()


class ImportLedger:
    """A tenant's ledger. Call `open` first; every method may raise `StoreUnavailable`."""

    def __init__(self, settings: Settings, tenant: str, attempt: Attempt = once) -> None:
        self._settings = settings
        self._tenant = tenant
        self._attempt = attempt
        self._database: Database | None = None
        self._terms: dict[str, OrganizationTerms] = {}
        self._catalog: Catalog | None = None

    def open(self) -> None:
        """Open and migrate the database, and create the tenant if it does not exist."""
        self._attempt(self._open)

    def close(self) -> None:
        """Close the database, if it is open."""
        if self._database is not None:
            self._database.close()

    def _open(self) -> None:
        self._database = open_migrated(self._settings)
        with self._database.writing() as transaction:
            ensure_tenant(transaction, command_line(self._tenant))
        self._directory_cache: DirectoryCache = directory_cache_of(self._settings, self._database)
        scope = KeyScope(self._tenant)
        self._importer = Importer(self._database, self._directory_cache, scope)

    def store(self, events: Sequence[bytes]) -> Sequence[Receipt]:
        """Store events durably, and return their receipts."""
        receipts = self._attempt(lambda: self._importer.submit(list(enumerate(events, 1))))
        self._catalog = None  # the next batch sees the meters of its time
        return receipts

    def meter_of(self, type_: str) -> Meter | None:
        """Return the tenant's meter of an event type, which is read once for each batch."""
        if self._catalog is None:
            load = self._directory_cache.loaded_catalog
            _, self._catalog = self._attempt(lambda: load(self._tenant))
        return self._catalog.by_type.get(type_)

    def terms_of(self, organization: str) -> OrganizationTerms:
        """Return the terms of an organization, which are read once."""
        if organization not in self._terms:
            self._terms[organization] = self._attempt(lambda: self._read_terms(organization))
        return self._terms[organization]

    @property
    def _opened(self) -> Database:
        assert self._database is not None  # noqa: S101  `open` was called
        return self._database

    def _read_terms(self, organization: str) -> OrganizationTerms:
        with self._opened.reading() as snapshot:
            row = directory.find_organization(snapshot, self._tenant, organization)
            if row is None:
                return OrganizationTerms(directory.tenant_number_format(snapshot, self._tenant))
            number_format = directory.number_format(snapshot, self._tenant, row)
        return OrganizationTerms(number_format, row.currency)
