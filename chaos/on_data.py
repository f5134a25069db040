"""Attacks on what is stored: ids of others' events, tokens from a copy, and erased persons."""

from contextlib import closing
from itertools import count
from pathlib import Path
from secrets import token_hex

import httpx
from tests.builders import Json, event
from tests.servers import Server

from chaos.siege import Attack, Siege
from tollbook.domain.directory import User
from tollbook.domain.keys import prefix_of
from tollbook.domain.viewers import SecretKeys, Viewer, new_id, signed
from tollbook.store import directory, viewers
from tollbook.store.backups import back_up
from tollbook.store.database import open_database
from tollbook.wiring import now

_IDS_AT_ONCE = 100
_COPY = "copy.db"
_SMALL_BUFFER = 4_096
_EXPORT = "/v1/events?organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31&format=ndjson"
_PERSONAL_DATA = "/v1/organizations/org_1/users/user_1/personal-data"
_PERSON = User("user_1", "Jane Doe", "jane@acme.example")
_NUMBER = "+442071838750"
_PERSONAL = (b"Jane Doe", b"jane@acme.example", _NUMBER.encode())


def _take_ids(siege: Siege) -> None:
    """Send events with ids that the platform uses next, with a key of one user."""
    new = {
        "name": "of one user",
        "permissions": ["events:write"],
        "organization_id": "org_1",
        "user_id": "user_1",
        "id_prefix": "user_1:",
    }
    numbers = count()
    taken: set[tuple[str, str | None]] = set()
    sent: set[tuple[str, str | None]] = set()
    with siege.client() as http:
        key = http.post("/v1/keys", json=new).raise_for_status().json()["api_key"]

    def take(user: httpx.Client) -> None:
        batch = [event(id=f"call-{next(numbers)}") for _ in range(_IDS_AT_ONCE)]
        taken.update(_outcomes(user, batch))
        with siege.client() as platform:
            sent.update(_outcomes(platform, batch))

    siege.repeat(take, 4, key)
    siege.require(taken == {("rejected", "id_outside_scope")}, f"the user's events were {taken}")
    siege.require(sent == {("accepted", None)}, f"the platform's events were {sent}")


def _outcomes(http: httpx.Client, batch: list[Json]) -> set[tuple[str, str | None]]:
    receipts = http.post("/v1/events", json=batch).raise_for_status().json()["receipts"]
    return {(it["status"], it.get("code")) for it in receipts}


def _sign_from_copy(siege: Siege) -> None:
    """Sign tokens with all that a backup has, and create one at a server on the backup."""
    good = siege.viewer_token(), siege.viewer_token(siege.neighbor_key)
    url = siege.server.database_url
    copy = Path(url.removeprefix("sqlite:///")).parent / "copy" / _COPY
    copy.parent.mkdir()
    back_up(url, copy, lambda _done, _total: None, quick=True)
    forged = [
        *_forged(f"sqlite:///{copy}", "attacker", siege.key),
        *_forged(f"sqlite:///{copy}", "neighbor", siege.neighbor_key),
        _created_on(f"sqlite:///{copy}", siege.key),
    ]
    statuses: set[int] = set()
    siege.repeat(lambda http: statuses.update(_status(http, it) for it in forged), 4, "")
    siege.require(statuses == {401}, f"forged tokens were {statuses}")
    with siege.client("") as http:
        accepted = {_status(http, it) for it in good}
    siege.require(accepted == {200}, f"good tokens were {accepted}")


def _forged(url: str, tenant: str, key: str) -> list[str]:
    """Return tokens of a tenant that last a day and a century, signed in every way that offers."""
    with closing(open_database(url)) as database, database.reading() as snapshot:
        secret = viewers.find_secret(snapshot, tenant) or ""
    keys = [secret.encode(), bytes.fromhex(secret)]
    for guess in ("", secret, token_hex(32)):
        keys += SecretKeys((guess,)).derive(tenant, secret)
    start = now()
    return [
        signed(
            Viewer(
                id=new_id(secret),
                tenant_id=tenant,
                organization_id="org_1",
                user_id=None,
                issuer=prefix_of(key) or "",
                created_at=start,
                expires_at=start + days * 86_400_000_000,
            ),
            signing,
        )
        for signing in keys
        for days in (1, 36_500)
    ]


def _created_on(url: str, key: str) -> str:
    """Return a token that a server on another database creates."""
    with Server(url) as server, server.client(key) as http:
        made = http.post("/v1/viewer-tokens", json={"organization_id": "org_1"})
        return str(made.raise_for_status().json()["token"])


def _status(http: httpx.Client, token: str) -> int:
    return http.get("/v1/keys/self", headers={"X-API-Key": token}).status_code


def _fill_with_person(siege: Siege) -> None:
    """Store a person, with an event that names a number, among long events of others."""
    number = siege.attacker.number("org_1")
    with siege.attacker.database.writing() as transaction:
        directory.add_user(transaction, number, _PERSON, now())
    siege.send_long_events()
    call = event(id="of the person", attributes={"to": _NUMBER})
    with siege.client() as http:
        http.post("/v1/events", json=call).raise_for_status()


def _erase_during_export(siege: Siege) -> None:
    """Erase the person while an export that is not read keeps an earlier state."""
    with siege.client() as http:
        with siege.connections(1, _SMALL_BUFFER) as (client,):
            client.sendall(siege.head("GET", _EXPORT, siege.viewer_token()))
            client.recv(1)
            for _ in range(2):
                erased = http.delete(_PERSONAL_DATA)
                siege.require(erased.status_code == 202, f"during an export: {erased.text}")
                siege.hold()
        siege.wait_until(
            lambda: http.delete(_PERSONAL_DATA).status_code == 200, "the erasure stayed pending"
        )
    found = _files_with_person(siege)
    siege.require(not found, f"the person is still in {found}")


def _files_with_person(siege: Siege) -> list[str]:
    """Return the files of the database that name the person."""
    path = Path(siege.server.database_url.removeprefix("sqlite:///"))
    contents = {it.name: it.read_bytes() for it in path.parent.glob(f"{path.name}*")}
    return [name for name, content in contents.items() if any(it in content for it in _PERSONAL)]


ON_DATA = (
    Attack(
        "a user's key that takes the ids of others' events",
        "a key that is bound to one user and may send events",
        "Such a key has an `id_prefix`: other ids are rejected before any id is looked up.",
        _take_ids,
    ),
    Attack(
        "viewer tokens signed from a copy of the database",
        "a backup",
        "The secret key of the servers is not in the database, and lifetime and scope of a token "
        "are checked when it is used.",
        _sign_from_copy,
        engines=("SQLite",),
    ),
    Attack(
        "an export that keeps an erased person in the log",
        "a viewer token",
        "The erasure is pending, and reported so, until the log of writes has been emptied.",
        _erase_during_export,
        _fill_with_person,
        engines=("SQLite",),
    ),
)
