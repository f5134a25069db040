"""In which currency a whole tenant is answered: costs of several cannot be added up."""

import msgspec

from tollbook.analytics.scope import Scope
from tollbook.domain.errors import CurrencyRequired, Problem
from tollbook.store.database import Snapshot
from tollbook.store.directory import UNKNOWN

CURRENCIES = """
SELECT DISTINCT currency FROM organizations
WHERE tenant_id = :tenant AND status <> :unknown
ORDER BY currency
"""


def in_one_currency(snapshot: Snapshot, scope: Scope) -> Scope:
    """Settle the currency of a scope: the organization's, the one asked for, or the only one."""
    if scope.organization:
        return msgspec.structs.replace(scope, currency=scope.organization.currency)
    if scope.currency is not None:
        return scope
    rows = snapshot.rows(CURRENCIES, tenant=scope.tenant, unknown=UNKNOWN)
    found = [row[0] for row in rows]
    if len(found) > 1:
        sentence = f"currency required: the organizations have {', '.join(found)}"
        raise CurrencyRequired(sentence, [Problem("currency", "currency_required", sentence)])
    return msgspec.structs.replace(scope, currency=found[0] if found else None)
