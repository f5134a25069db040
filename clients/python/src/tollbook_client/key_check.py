"""Whose key a meter sends with: a spool belongs to one tenant."""

from typing import NamedTuple

from tollbook_client.errors import ConfigurationError, ServerUnreachable, TollbookError
from tollbook_client.replies import Reply, json_in
from tollbook_client.spool import Spool


class KeyProblem(NamedTuple):
    """What is wrong with a key.

    `blocks`: nothing may be sent with it. `is_final`: it is reported, and events are sent. With
    neither, the server has not answered.
    """

    error: TollbookError
    blocks: bool = False
    is_final: bool = False


def key_problem(
    outcome: Reply | ServerUnreachable, spool: Spool, id_prefix: str
) -> KeyProblem | None:
    """Return what is wrong with the key that `GET /v1/keys/self` describes, if anything is."""
    content = json_in(outcome) if isinstance(outcome, Reply) and outcome.status == 200 else None
    key = content.get("key") if isinstance(content, dict) else None
    if not isinstance(key, dict) or not isinstance(key.get("tenant_id"), str):
        return KeyProblem(ServerUnreachable("the key could not be checked"))
    tenant = spool.remember("tenant", key["tenant_id"])
    if tenant != key["tenant_id"]:
        sentence = (
            f"the spool {spool.path} has events of the tenant {tenant}, but the key is of "
            f"{key['tenant_id']}: nothing is sent; use a key of {tenant}, or another spool"
        )
        return KeyProblem(ConfigurationError(sentence), blocks=True)
    wanted = key.get("id_prefix") or ""
    if not id_prefix.startswith(wanted):
        sentence = (
            f"ids must begin with {wanted!r} for this key, but id_prefix is {id_prefix!r}: events "
            "with other ids will be rejected"
        )
        return KeyProblem(ConfigurationError(sentence), is_final=True)
    return None
