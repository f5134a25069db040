"""Keep keys, and organizations with their time zones and prices, in memory."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tollbook.domain.books import BookHead, list_books
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.directory import UNADDRESSABLE, zone
from tollbook.domain.exact import MICROS
from tollbook.domain.keys import ApiKey
from tollbook.domain.prices import LAST_DAY
from tollbook.domain.viewers import NO_SECRET_KEYS, SecretKeys, Viewer
from tollbook.ingest.known_users import KnownUsers
from tollbook.ingest.limits import DEFAULT_LIMITS, IngestLimits
from tollbook.ingest.masking import Masker
from tollbook.ingest.quarantine_room import PendingRoom, QuarantineRoom
from tollbook.rating.choose import Books
from tollbook.rating.flat_price import FlatPrice, find_flat_price, has_markup
from tollbook.rating.tariff import Tariff
from tollbook.store import directory, keys, meters, placeholders, prices, versions, viewers
from tollbook.store.database import Database, Snapshot

TermsById = dict[str, "Terms"]
_MOST_DAYS = 1_000
"""The most flat prices of an organization in memory: events may be of any day since 1970."""


def _now() -> int:
    return time.time_ns() // 1000


class Terms(msgspec.Struct, frozen=True):
    """The terms on which an organization's events are accepted; `known` once it is created.

    `number_format` is how phone numbers are written, `longest_call` the longest allowed call in
    micros of a second. `masker` hides phone numbers in stored events, after rating has read them.
    `catalog` is that of its tenant.
    """

    number: int
    known: bool
    zone: ZoneInfo
    currency: str
    books: Books
    number_format: str
    longest_call: int
    masker: Masker | None = None
    catalog: Catalog = BUILT_IN
    plains: dict[tuple[str, int], FlatPrice | None] = msgspec.field(default_factory=dict)
    markups: dict[tuple[str, int], bool] = msgspec.field(default_factory=dict)

    def plain(self, meter: str, day: int) -> FlatPrice | None:
        """Return the flat price of a meter on a day, which the terms remember."""
        key = meter, day
        if key not in self.plains:
            if len(self.plains) >= _MOST_DAYS:
                self.plains.clear()
            self.plains[key] = find_flat_price(self.books, meter, day, self.currency)
        return self.plains[key]

    def has_markup(self, meter: str, day: int) -> bool:
        """Return whether a rate may mark up the own cost of an event; the terms remember it."""
        key = meter, day
        if key not in self.markups:
            if len(self.markups) >= _MOST_DAYS:
                self.markups.clear()
            self.markups[key] = has_markup(self.books, meter, day, self.currency)
        return self.markups[key]


class Issuer(NamedTuple):
    """The key that created a viewer token, and the keys that sign the tenant's tokens."""

    key: ApiKey
    signing_keys: tuple[bytes, ...]


class _OfTenant:
    """The cached entries of one state of a tenant's part of the directory."""

    def __init__(self, token: int, catalog: Catalog) -> None:
        self.token = token
        self.catalog = catalog
        self.unused: Collection[int] = catalog.unused
        self.issuers: dict[str, Issuer] = {}
        self.terms: TermsById = {}
        self.books: list[BookHead] | None = None


class _Remembered:
    """The cached entries of one state of the directory.

    The entries of a tenant outlive that state until the tenant's own token changes.
    """

    def __init__(self, token: int, tenants: dict[str, _OfTenant], keys: dict[str, ApiKey]) -> None:
        self.token = token
        self.tenants = tenants
        self.keys = keys


class _RoomUsed(Exception):
    """Others have reserved organizations in the room that was found."""


class DirectoryCache:
    """A cache of keys and terms, for one state of the directory.

    A commit compares the token of a tenant's state with the directory's own in its transaction:
    every process sees a change with its next commit, and a change of one tenant leaves the entries
    of the others.

    Statements run under the lock, so that many threads do not load one book at once. The event loop
    must never wait for a statement: its methods, `remembered_…`, read one memory without the lock,
    and all entries of that memory belong to its token.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int] = _now,
        masker: Masker | None = None,
        limits: IngestLimits = DEFAULT_LIMITS,
        secret_keys: SecretKeys = NO_SECRET_KEYS,
    ) -> None:
        self._database = database
        self._limits = limits
        self._longest_call = limits.longest_call_seconds * MICROS
        self.clock = clock
        self._masker = masker
        self._secret_keys = secret_keys
        self._lock = threading.Lock()
        self._memory = _Remembered(-1, {}, {})
        self._tariffs: dict[tuple[str, BookHead], Tariff] = {}
        self.users = KnownUsers()
        self.rooms = (
            QuarantineRoom(limits.max_quarantined_events),
            PendingRoom(limits.max_pending_events),
        )

    def token(self, snapshot: Snapshot, tenant: str) -> int:
        """Return the token of a tenant's part of the directory in this snapshot."""
        return self._current(snapshot, tenant).token

    def _current(self, snapshot: Snapshot, tenant: str) -> _OfTenant:
        """Return the entries of a tenant in a snapshot's state, without the lock if they are there.

        Another thread may hold the lock while its statement waits.
        """
        memory = self._memory
        if memory.token == snapshot.directory_token and tenant in memory.tenants:
            return memory.tenants[tenant]
        with self._lock:
            return self._of_tenant(snapshot, tenant)

    def remembered_catalog(self, tenant: str) -> tuple[int, Catalog] | None:
        """Return a tenant's catalog and the token of its state, if it is in memory."""
        of_tenant = self._memory.tenants.get(tenant)
        return (of_tenant.token, of_tenant.catalog) if of_tenant else None

    def loaded_catalog(self, tenant: str) -> tuple[int, Catalog]:
        """Return a tenant's catalog and the token of its state, compared with the database."""
        with self._database.reading() as snapshot:
            of_tenant = self._current(snapshot, tenant)
            return of_tenant.token, of_tenant.catalog

    def catalog(self, snapshot: Snapshot, tenant: str) -> Catalog:
        """Return a tenant's catalog as it is in this snapshot."""
        return self._current(snapshot, tenant).catalog

    def unused_meters(self, snapshot: Snapshot, tenant: str) -> Collection[int]:
        """Return the codes of own meters that may have no events yet."""
        return self._current(snapshot, tenant).unused

    def remember_used_meters(self, used: Mapping[str, Collection[int]]) -> None:
        """Remember which own meters have events, after the commit of their first ones.

        A code is not used again once it has events, so the entry stays right in later states.
        """
        tenants = self._memory.tenants
        for tenant, codes in used.items():
            if of_tenant := tenants.get(tenant):
                of_tenant.unused = frozenset(of_tenant.unused).difference(codes)

    def remembered_key(self, prefix: str) -> tuple[int, ApiKey] | None:
        """Return a key and the token of its state, if it is in memory; the commit compares."""
        memory = self._memory
        key = memory.keys.get(prefix)
        return (memory.tenants[key.scope.tenant_id].token, key) if key else None

    def loaded_key(self, prefix: str) -> tuple[int, ApiKey] | None:
        """Return a key and the token of its state, from the database."""
        with self._database.reading() as snapshot:
            key = self.key(snapshot, prefix)
            return (self.token(snapshot, key.scope.tenant_id), key) if key else None

    def key(self, snapshot: Snapshot, prefix: str) -> ApiKey | None:
        """Return a key as it is in this snapshot; None when it has expired or is revoked."""
        with self._lock:
            memory = self._caught_up(snapshot)
            if prefix not in memory.keys:
                found = keys.find_key(snapshot, prefix)
                if found and found.scope.tenant_id not in memory.tenants:
                    # A token must not be of a later state than what it stands for.
                    self._of_tenant(snapshot, found.scope.tenant_id)
                    found = keys.find_key(snapshot, prefix)
                if found is None or found.revoked_at is not None:
                    return None
                memory.keys[prefix] = found
            key = memory.keys[prefix]
        return None if key.ended(self.clock()) else key

    def remembered_issuer(self, viewer: Viewer) -> tuple[int, Issuer] | None:
        """Return the issuer of a viewer token and the state's token, if it is in memory."""
        of_tenant = self._memory.tenants.get(viewer.tenant_id)
        issuer = of_tenant and of_tenant.issuers.get(viewer.issuer)
        return (of_tenant.token, issuer) if of_tenant and issuer else None

    def loaded_issuer(self, viewer: Viewer) -> tuple[int, Issuer] | None:
        """Return the issuer of a viewer token and the state's token, from the database."""
        with self._database.reading() as snapshot:
            issuer = self.issuer(snapshot, viewer)
            return (self.token(snapshot, viewer.tenant_id), issuer) if issuer else None

    def issuer(self, snapshot: Snapshot, viewer: Viewer) -> Issuer | None:
        """Return the issuer of a viewer token in this snapshot; None when its key is revoked."""
        key = self.key(snapshot, viewer.issuer)
        tenant = viewer.tenant_id
        if key is None or key.scope.tenant_id != tenant:
            return None
        with self._lock:
            issuers = self._of_tenant(snapshot, tenant).issuers
            found = issuers.get(key.prefix)
            if found is None:
                secret = viewers.find_secret(snapshot, tenant)
                if secret is None:
                    return None
                signing_keys = self._secret_keys.derive(tenant, secret)
                found = issuers[key.prefix] = Issuer(key, signing_keys)
            return found

    def remembered_terms(
        self, tenant: str, identities: Collection[str]
    ) -> tuple[int, TermsById] | None:
        """Return the terms and the token of their state, if all of them are in memory."""
        of_tenant = self._memory.tenants.get(tenant)
        if of_tenant is None:
            return None
        found = {it: terms for it in identities if (terms := of_tenant.terms.get(it))}
        return (of_tenant.token, found) if len(found) == len(identities) else None

    def terms(self, snapshot: Snapshot, tenant: str, identities: Collection[str]) -> TermsById:
        """Return the terms of organizations as they are in this snapshot.

        Unknown organizations are missing from the result.
        """
        with self._lock:
            of_tenant = self._of_tenant(snapshot, tenant)
            missing = {it for it in identities if it not in of_tenant.terms}
            if missing:
                self._load(of_tenant, snapshot, tenant, missing)
            return {it: terms for it in identities if (terms := of_tenant.terms.get(it))}

    def loaded_terms(
        self, tenant: str, identities: Collection[str], now: int
    ) -> tuple[int, TermsById]:
        """Return the terms and the token of their state, for unknown organizations too.

        Unknown organizations get numbers in a transaction of their own, because a number is
        remembered only once it is on disk. An id that no path can hold gets no number, and neither
        does one beyond the limit of unknown organizations.
        """
        with self._database.reading() as snapshot:
            found = self.terms(snapshot, tenant, identities)
            unknown = set(identities) - set(found) - UNADDRESSABLE
            if not unknown or not self._room_for_unknown(snapshot, tenant):
                return self.token(snapshot, tenant), found
        is_reserved = False
        while not is_reserved:
            is_reserved = self._reserve(tenant, sorted(unknown), now)
        with self._database.reading() as snapshot:
            found = self.terms(snapshot, tenant, identities)
            return self.token(snapshot, tenant), found

    def _reserve(self, tenant: str, unknown: list[str], now: int) -> bool:
        """Give numbers to unknown organizations, as far as there is room.

        Return False, and store nothing, when others have used the same room meanwhile.
        """
        try:
            with self._database.writing() as transaction:
                if room := self._room_for_unknown(transaction, tenant):
                    directory.reserve_organizations(transaction, tenant, unknown[:room], now)
                    # The tenant is locked now, so all that others have reserved is counted.
                    count = placeholders.count_unknown(transaction, tenant)
                    if count > self._limits.max_unknown_organizations:
                        raise _RoomUsed
        except _RoomUsed:
            return False
        return True

    def _room_for_unknown(self, snapshot: Snapshot, tenant: str) -> int:
        """Return how many more organizations events may name before they are created."""
        unknown = placeholders.count_unknown(snapshot, tenant)
        return max(0, self._limits.max_unknown_organizations - unknown)

    def _of_tenant(self, snapshot: Snapshot, tenant: str) -> _OfTenant:
        """Return the entries of a tenant in a snapshot's state. The caller holds the lock."""
        memory = self._caught_up(snapshot)
        if tenant not in memory.tenants:
            token = versions.tenant_token(snapshot, tenant)
            memory.tenants[tenant] = _OfTenant(token, meters.read_catalog(snapshot, tenant))
        return memory.tenants[tenant]

    def _caught_up(self, snapshot: Snapshot) -> _Remembered:
        """Return the memory of a snapshot's state; when it has changed, without what has changed.

        The event loop reads a memory without the lock, so nothing is removed from one.
        """
        memory = self._memory
        if snapshot.directory_token != memory.token:
            tokens = versions.tenant_tokens(snapshot, memory.tenants)
            tenants = {
                tenant: of_tenant
                for tenant, of_tenant in memory.tenants.items()
                if of_tenant.token == tokens.get(tenant)
            }
            kept = {
                prefix: key for prefix, key in memory.keys.items() if key.scope.tenant_id in tenants
            }
            self._memory = _Remembered(snapshot.directory_token, tenants, kept)
        return self._memory

    def _load(
        self, of_tenant: _OfTenant, snapshot: Snapshot, tenant: str, identities: Collection[str]
    ) -> None:
        common = self._versions(of_tenant, snapshot, tenant, None)
        number_format = directory.tenant_number_format(snapshot, tenant)
        for row in directory.find_organizations(snapshot, tenant, identities):
            own = self._versions(of_tenant, snapshot, tenant, row.number)
            of_tenant.terms[row.id] = Terms(
                number=row.number,
                known=row.status != directory.UNKNOWN,
                zone=zone(row.timezone),
                currency=row.currency,
                books=(own, common) if own else (common,),
                number_format=row.number_format or number_format,
                longest_call=self._longest_call,
                masker=self._masker,
                catalog=of_tenant.catalog,
            )

    def _versions(
        self, of_tenant: _OfTenant, snapshot: Snapshot, tenant: str, organization: int | None
    ) -> tuple[Tariff, ...]:
        """Return the versions of an organization's own book, or the tenant's, latest first."""
        if of_tenant.books is None:
            of_tenant.books = self._in_use(snapshot, tenant)
        heads = [it for it in of_tenant.books if it.organization == organization]
        return tuple(self._tariff(snapshot, tenant, head) for head in heads)

    def _in_use(self, snapshot: Snapshot, tenant: str) -> list[BookHead]:
        """Return the books that price some day, latest first, and forget the tariffs of others.

        A published book never changes, so its tariff stays valid. A version alone does not
        identify it: after a restore, another book may get the same version.
        """
        found = list_books(prices.price_book_heads(snapshot, tenant), LAST_DAY)
        heads = [it.head for it in found if it.prices_some_day]
        in_use = set(heads)
        for key in [it for it in self._tariffs if it[0] == tenant and it[1] not in in_use]:
            del self._tariffs[key]
        return sorted(heads, key=lambda it: (it.effective_from, it.version), reverse=True)

    def _tariff(self, snapshot: Snapshot, tenant: str, head: BookHead) -> Tariff:
        key = tenant, head
        if key not in self._tariffs:
            self._tariffs[key] = Tariff(prices.read_price_book(snapshot, tenant, head))
        return self._tariffs[key]
