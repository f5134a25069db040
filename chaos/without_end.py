"""Attacks that repeat one request without end: replays, made-up names, tokens, nonsense books."""

from itertools import count, cycle

import httpx
from tests.builders import event

from chaos.siege import Attack, Siege
from tollbook.domain.keys import Permission, prefix_of

_REPLAYS = 40
_QUARANTINED = 40_000
_QUICK_QUARANTINED = 2_000
_LATE = "late"
_UNKNOWN = 1_000
_ORGANIZATIONS_AT_ONCE = 500
_TOKENS = 100
_TOKENS_AT_ONCE = 20
_TOKEN_PATH = "/v1/viewer-tokens"
_MIB = 1 << 20
_BOOK = "name: x\ncurrency: USD\neffective_from: 2024-01-01\n"
_QUICK_NONSENSE = (
    "word " * (_MIB // 5),
    "[" * _MIB,
    _BOOK + "junk: [" + "[1], " * ((_MIB - 100) // 5) + "1]\n",
)
_NONSENSE = (
    *_QUICK_NONSENSE,
    _BOOK + "rates:\n" + "- {a: b}\n" * ((_MIB - 100) // 9),
    _BOOK + "rates: [" + "1," * ((_MIB - 100) // 2) + "1]\n",
)


def _fill_quarantine(siege: Siege) -> None:
    """Store events of an organization that is created afterwards."""
    siege.send_events(_quarantined(siege), users=10, organization=_LATE)
    siege.attacker.organization(_LATE)


def _quarantined(siege: Siege) -> int:
    return _QUICK_QUARANTINED if siege.quick else _QUARANTINED


def _replay_in_parallel(siege: Siege) -> None:
    """Begin replays that count the selected events in two ways, until all are released."""
    paths = cycle(("/v1/quarantine/replay", "/v1/quarantine/replay?type=voice.call"))
    statuses: set[int] = set()
    siege.repeat(lambda http: statuses.add(http.post(next(paths)).status_code), _REPLAYS)
    siege.require(statuses == {202, 409}, f"replays were {statuses}")
    events = _quarantined(siege)
    siege.wait_until(lambda: siege.stored(_LATE) == events, "a replay was not finished")


def _name_unknown_organizations(siege: Siege) -> None:
    """Send events, each of the next organization that does not exist."""
    numbers = count()
    codes: set[str] = set()

    def send(http: httpx.Client) -> None:
        batch = [
            event(id="1", organization_id=f"made up {next(numbers)}")
            for _ in range(_ORGANIZATIONS_AT_ONCE)
        ]
        response = http.post("/v1/events", json=batch).raise_for_status()
        codes.update(it["code"] for it in response.json()["receipts"])

    siege.repeat(send, 4, siege.attacker.key(Permission.WRITE_EVENTS))
    expected = {"unknown_organization", "too_many_unknown_organizations"}
    siege.require(codes == expected, f"the codes of receipts were {codes}")
    ((unknown,),) = siege.attacker.rows(
        "SELECT COUNT(*) FROM organizations WHERE tenant_id = :tenant AND status = 'unknown'",
        tenant=siege.attacker.tenant,
    )
    siege.require(unknown == _UNKNOWN, f"{unknown} unknown organizations were stored")


def _reading_key(siege: Siege) -> str:
    return siege.attacker.key(Permission.READ_ANALYTICS, organization="org_1")


def _revoke_made_up_tokens(siege: Siege) -> None:
    """Revoke the next id that has the form of a token's."""
    siege.viewer_token()  # before the first token, a tenant has no secret to check ids with
    key = _reading_key(siege)
    before = siege.attacker.rows("SELECT token FROM directory_state")
    numbers = count()
    statuses: set[int] = set()

    def revoke(http: httpx.Client) -> None:
        statuses.add(http.delete(f"{_TOKEN_PATH}/tbv_{next(numbers):016x}").status_code)

    siege.repeat(revoke, 8, key)
    siege.require(statuses == {404}, f"revocations were {statuses}")
    siege.require(not _acts(siege, "viewer_token.revoke"), "a made-up id is in the audit log")
    after = siege.attacker.rows("SELECT token FROM directory_state")
    siege.require(after == before, "a made-up id emptied caches")


def _create_tokens(siege: Siege) -> None:
    """Create viewer tokens with one key."""
    key = _reading_key(siege)
    statuses: set[int] = set()

    def create(http: httpx.Client) -> None:
        for _ in range(_TOKENS_AT_ONCE):
            made = http.post(_TOKEN_PATH, json={"organization_id": "org_1"})
            statuses.add(made.status_code)

    siege.repeat(create, 8, key)
    siege.require(statuses == {201, 429}, f"tokens were {statuses}")
    logged = _acts(siege, "viewer_token.create").count(prefix_of(key))
    siege.require(logged in (1, 2), f"the audit log has {logged} entries")


def _acts(siege: Siege, action: str) -> list[str | None]:
    """Return the keys of the entries of the audit log with an action."""
    with siege.client() as http:
        found = http.get(f"/v1/audit-log?action={action}").raise_for_status().json()
    return [it["key_prefix"] for it in found["acts"]]


def _load_nonsense(siege: Siege) -> None:
    """Load books of 1 MiB whose parsing takes as long as it may."""
    books = cycle(_QUICK_NONSENSE if siege.quick else _NONSENSE)
    headers = {"Content-Type": "application/yaml"}
    statuses: set[int] = set()

    def load(http: httpx.Client) -> None:
        loaded = http.post("/v1/price-books", content=next(books), headers=headers)
        statuses.add(loaded.status_code)

    siege.repeat(load, threads=2)
    siege.require(statuses <= {400, 429}, f"nonsense was {statuses}")
    siege.require(400 in statuses, "no book was read")


WITHOUT_END = (
    Attack(
        f"{_REPLAYS} replays in parallel over a large quarantine",
        "an admin key of a tenant",
        "A replay is a run in small transactions with pauses. While it runs, another one over the "
        "same events is refused before anything is counted.",
        _replay_in_parallel,
        _fill_quarantine,
    ),
    Attack(
        "unknown organizations without end",
        "a key that may send events",
        "A tenant may name a limited number of unknown organizations; events of others are "
        "rejected and leave nothing.",
        _name_unknown_organizations,
        settings={"max_unknown_organizations": str(_UNKNOWN)},
    ),
    Attack(
        "revocations of made-up tokens",
        "a key that may only read",
        "The id of a token has a checksum by the tenant's secret: a made-up id writes nothing and "
        "leaves all caches as they are.",
        _revoke_made_up_tokens,
    ),
    Attack(
        "viewer tokens without end",
        "a key that may only read",
        "A key creates a limited number of tokens a minute, and the audit log gets at most two "
        "entries per key and hour.",
        _create_tokens,
        settings={"max_viewer_tokens_per_minute": str(_TOKENS)},
    ),
    Attack(
        "nonsense price books of 1 MiB",
        "an admin key of a tenant",
        "Parsing stops when the verdict is certain and has a budget of tokens. A tenant loads one "
        "book at a time.",
        _load_nonsense,
        engines=("SQLite",),
    ),
)
