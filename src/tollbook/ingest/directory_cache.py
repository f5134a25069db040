"""Keep keys, and organizations with their time zones and prices, in memory."""

import threading
import time
from collections.abc import Callable, Collection
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tollbook.domain.books import BookHead, list_books
from tollbook.domain.directory import UNADDRESSABLE, zone
from tollbook.domain.exact import MICROS
from tollbook.domain.keys import ApiKey
from tollbook.domain.prices import LAST_DAY
from tollbook.domain.viewers import NO_SECRET_KEYS, SecretKeys, Viewer
from tollbook.ingest.known_users import KnownUsers
from tollbook.ingest.masking import Masker
from tollbook.rating.choose import Books
from tollbook.rating.flat_price import FlatPrice, find_flat_price
from tollbook.rating.tariff import Tariff
from tollbook.store import directory, keys, prices, viewers
from tollbook.store.database import Database, Snapshot

TermsById = dict[str, "Terms"]
LONGEST_CALL_SECONDS = 86_400
"""A longer call is probably a metering error. Operators can change this limit."""


def _now() -> int:
    return time.time_ns() // 1000


class Terms(msgspec.Struct, frozen=True):
    """The terms on which an organization's events are accepted; `known` once it is created.

    `number_format` is how phone numbers are written, `longest_call` the longest allowed call in
    micros of a second. `masker` hides phone numbers in stored events, after rating has read them.
    """

    number: int
    known: bool
    zone: ZoneInfo
    currency: str
    books: Books
    number_format: str
    longest_call: int
    masker: Masker | None = None
    plains: dict[tuple[str, int], FlatPrice | None] = msgspec.field(default_factory=dict)

    def plain(self, meter: str, day: int) -> FlatPrice | None:
        """Return the flat price of a meter on a day, which the terms remember."""
        key = meter, day
        if key not in self.plains:
            self.plains[key] = find_flat_price(self.books, meter, day, self.currency)
        return self.plains[key]


class Issuer(NamedTuple):
    """The key that created a viewer token, and the keys that sign the tenant's tokens.

    `revoked` holds the ids of revoked tokens, each with the organization whose key revoked it.
    """

    key: ApiKey
    signing_keys: tuple[bytes, ...]
    revoked: frozenset[tuple[str, str | None]]


class _Remembered:
    """The cached entries of one state of the directory."""

    def __init__(self, token: int) -> None:
        self.token = token
        self.keys: dict[str, ApiKey] = {}
        self.issuers: dict[tuple[str, str], Issuer] = {}
        self.terms: dict[tuple[str, str], Terms] = {}
        self.books: dict[str, list[BookHead]] = {}


class DirectoryCache:
    """A cache of keys and terms, for one state of the directory.

    A commit compares the token of that state with the directory's own in its transaction: every
    process sees a change with its next commit.

    Statements run under the lock, so that many threads do not load one book at once. The event loop
    must never wait for a statement: its methods, `remembered_…`, read one memory without the lock,
    and all entries of that memory belong to its token.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int] = _now,
        masker: Masker | None = None,
        longest_call_seconds: int = LONGEST_CALL_SECONDS,
        secret_keys: SecretKeys = NO_SECRET_KEYS,
    ) -> None:
        self._database = database
        self._longest_call = longest_call_seconds * MICROS
        self.clock = clock
        self._masker = masker
        self._secret_keys = secret_keys
        self._lock = threading.Lock()
        self._memory = _Remembered(-1)
        self._tariffs: dict[tuple[str, BookHead], Tariff] = {}
        self.users = KnownUsers()

    def remembered_key(self, prefix: str) -> tuple[int, ApiKey] | None:
        """Return a key and the token of its state, if it is in memory; the commit compares."""
        memory = self._memory
        key = memory.keys.get(prefix)
        return (memory.token, key) if key else None

    def loaded_key(self, prefix: str) -> tuple[int, ApiKey] | None:
        """Return a key and the token of its state, from the database."""
        with self._database.reading() as snapshot:
            key = self.key(snapshot, prefix)
            return (snapshot.directory_token, key) if key else None

    def key(self, snapshot: Snapshot, prefix: str) -> ApiKey | None:
        """Return a key as it is in this snapshot; None when it has expired or is revoked."""
        with self._lock:
            memory = self._caught_up(snapshot)
            if prefix not in memory.keys:
                found = keys.find_key(snapshot, prefix)
                if found is None or found.revoked_at is not None:
                    return None
                memory.keys[prefix] = found
            key = memory.keys[prefix]
        return None if key.ended(self.clock()) else key

    def remembered_issuer(self, viewer: Viewer) -> tuple[int, Issuer] | None:
        """Return the issuer of a viewer token and the state's token, if it is in memory."""
        memory = self._memory
        issuer = memory.issuers.get((viewer.tenant_id, viewer.issuer))
        return (memory.token, issuer) if issuer else None

    def loaded_issuer(self, viewer: Viewer) -> tuple[int, Issuer] | None:
        """Return the issuer of a viewer token and the state's token, from the database."""
        with self._database.reading() as snapshot:
            issuer = self.issuer(snapshot, viewer)
            return (snapshot.directory_token, issuer) if issuer else None

    def issuer(self, snapshot: Snapshot, viewer: Viewer) -> Issuer | None:
        """Return the issuer of a viewer token in this snapshot; None when its key is revoked."""
        key = self.key(snapshot, viewer.issuer)
        tenant = viewer.tenant_id
        if key is None or key.scope.tenant_id != tenant:
            return None
        with self._lock:
            memory = self._caught_up(snapshot)
            found = memory.issuers.get((tenant, key.prefix))
            if found is None:
                secret = viewers.find_secret(snapshot, tenant)
                if secret is None:
                    return None
                signing_keys = self._secret_keys.derive(tenant, secret)
                found = Issuer(key, signing_keys, viewers.revocations(snapshot, tenant))
                memory.issuers[tenant, key.prefix] = found
            return found

    def remembered_terms(
        self, tenant: str, identities: Collection[str]
    ) -> tuple[int, TermsById] | None:
        """Return the terms and the token of their state, if all of them are in memory."""
        memory = self._memory
        found = {it: terms for it in identities if (terms := memory.terms.get((tenant, it)))}
        return (memory.token, found) if len(found) == len(identities) else None

    def terms(self, snapshot: Snapshot, tenant: str, identities: Collection[str]) -> TermsById:
        """Return the terms of organizations as they are in this snapshot.

        Unknown organizations are missing from the result.
        """
        with self._lock:
            memory = self._caught_up(snapshot)
            missing = {it for it in identities if (tenant, it) not in memory.terms}
            if missing:
                self._load(memory, snapshot, tenant, missing)
            return {it: terms for it in identities if (terms := memory.terms.get((tenant, it)))}

    def loaded_terms(
        self, tenant: str, identities: Collection[str], now: int
    ) -> tuple[int, TermsById]:
        """Return the terms and the token of their state, for unknown organizations too.

        Unknown organizations get numbers in a transaction of their own, because a number is
        remembered only once it is on disk. An id that no path can hold gets no number.
        """
        with self._database.reading() as snapshot:
            found = self.terms(snapshot, tenant, identities)
            if len(found) == len(identities):
                return snapshot.directory_token, found
        if unknown := set(identities) - set(found) - UNADDRESSABLE:
            with self._database.writing() as transaction:
                directory.reserve_organizations(transaction, tenant, unknown, now)
        with self._database.reading() as snapshot:
            return snapshot.directory_token, self.terms(snapshot, tenant, identities)

    def _caught_up(self, snapshot: Snapshot) -> _Remembered:
        """Return the memory of a snapshot's state: a new one when the directory has changed."""
        if snapshot.directory_token != self._memory.token:
            self._memory = _Remembered(snapshot.directory_token)
        return self._memory

    def _load(
        self, memory: _Remembered, snapshot: Snapshot, tenant: str, identities: Collection[str]
    ) -> None:
        common = self._versions(memory, snapshot, tenant, None)
        number_format = directory.tenant_number_format(snapshot, tenant)
        for row in directory.find_organizations(snapshot, tenant, identities):
            own = self._versions(memory, snapshot, tenant, row.number)
            memory.terms[tenant, row.id] = Terms(
                number=row.number,
                known=row.status != directory.UNKNOWN,
                zone=zone(row.timezone),
                currency=row.currency,
                books=(own, common) if own else (common,),
                number_format=row.number_format or number_format,
                longest_call=self._longest_call,
                masker=self._masker,
            )

    def _versions(
        self, memory: _Remembered, snapshot: Snapshot, tenant: str, organization: int | None
    ) -> tuple[Tariff, ...]:
        """Return the versions of an organization's own book, or the tenant's, latest first."""
        if tenant not in memory.books:
            memory.books[tenant] = self._in_use(snapshot, tenant)
        heads = [it for it in memory.books[tenant] if it.organization == organization]
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
