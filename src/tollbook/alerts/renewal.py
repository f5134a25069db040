"""Encrypt the secrets of endpoints with the first secret key, so that earlier ones can go."""

import msgspec

from tollbook.alerts.worker import Work
from tollbook.domain.endpoints import AlertEndpoint
from tollbook.domain.sealing import Sealer, Unreadable
from tollbook.store.endpoints import change_endpoint, find_endpoint, list_all
from tollbook.store.notifications import hold_numbers

_PAUSE = 3600.0


class Renewal:
    """The step that encrypts again what is encrypted with an earlier key, once an hour."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def __call__(self, work: Work) -> float:
        """Encrypt the secrets of each endpoint again that needs it, in a transaction each."""
        if not self._sealer.is_usable:
            return _PAUSE
        with work.database.reading() as snapshot:
            found = [it for it in list_all(snapshot) if self._renewed(it) != it]
        for it in found:
            with work.lease.writing() as transaction:
                hold_numbers(transaction, it.tenant)
                endpoint = find_endpoint(transaction, it.tenant, it.id)
                if endpoint is not None:
                    change_endpoint(transaction, self._renewed(endpoint))
        return _PAUSE

    def _renewed(self, it: AlertEndpoint) -> AlertEndpoint:
        url, secrets = self._sealed(it.url, it.id), self._sealed(it.secrets, it.id)
        return msgspec.structs.replace(it, url=url, secrets=secrets)

    def _sealed(self, text: str | None, owner: str) -> str | None:
        """Return a text under the first key; as it is, if it already is or nothing decrypts it."""
        if text is None or self._sealer.is_current(text, owner):
            return text
        try:
            return self._sealer.seal(self._sealer.open(text, owner), owner)
        except Unreadable:
            return text
