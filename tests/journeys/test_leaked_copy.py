"""Whoever has a copy of the database cannot sign viewer tokens; whoever has the secret key can."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import Tenant
from tests.builders import Platform
from tests.servers import Server
from tollbook.domain.keys import Permission, prefix_of
from tollbook.domain.viewers import MOST_SECONDS, SecretKeys, Viewer, new_id, read, signed
from tollbook.store import viewers
from tollbook.store.backups import back_up
from tollbook.store.database import Database, open_database
from tollbook.wiring import now

SECRET = "a secret of the servers in this test"
OTHER = "another secret of the servers in it"
PATH = "/v1/viewer-tokens"
SELF = "/v1/keys/self"


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(open_database(database_url)) as opened:
        yield opened


def tenant_on(database: Database, http: httpx.Client) -> Tenant:
    tenant = Tenant(database, http)
    tenant.organization("org_1")
    tenant.organization("org_2")
    return tenant


def status(http: httpx.Client, token: str) -> int:
    return http.get(SELF, headers={"X-API-Key": token}).status_code


def token_of(tenant: Tenant, key: str | None = None) -> str:
    answer = tenant.post(PATH, key, json={"organization_id": "org_1"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def secret_in(database: Database, tenant: Tenant) -> str:
    with database.reading() as snapshot:
        return viewers.find_secret(snapshot, tenant.tenant) or ""


def viewer_for(tenant: Tenant, key: str, organization: str = "org_1", seconds: int = 60) -> Viewer:
    start = now()
    return Viewer(
        id=new_id("s"),
        tenant_id=tenant.tenant,
        organization_id=organization,
        user_id=None,
        issuer=prefix_of(key) or "",
        created_at=start,
        expires_at=start + seconds * 1_000_000,
    )


def test_everything_in_the_database_signs_nothing(database: Database, database_url: str) -> None:
    with Server(database_url, secret_key=SECRET) as server, server.client() as http:
        tenant = tenant_on(database, http)
        good = token_of(tenant)
        secret = secret_in(database, tenant)
        guesses = (secret, secret.encode().hex(), "", tenant.tenant)
        keys = [bytes.fromhex(secret), secret.encode(), b""]
        keys += [key for it in guesses for key in SecretKeys((it,)).derive(tenant.tenant, secret)]
        forged = [signed(viewer_for(tenant, tenant.admin), key) for key in keys]
        assert [status(http, it) for it in forged] == [401] * len(forged)
        assert status(http, good) == 200
        # The key is what is missing: with it, the same token is good.
        (key,) = SecretKeys((SECRET,)).derive(tenant.tenant, secret)
        assert status(http, signed(viewer_for(tenant, tenant.admin), key)) == 200


def test_a_server_on_a_leaked_copy_knows_no_token_and_makes_none_for_the_original(
    sqlite_url: str, tmp_path: Path
) -> None:
    with (
        closing(open_database(sqlite_url)) as original,
        Server(sqlite_url) as server,
        server.client() as http,
    ):
        tenant = tenant_on(original, http)
        good, key = token_of(tenant), tenant.key(Permission.READ_ANALYTICS)
        copy = tmp_path / "elsewhere" / "copy.db"
        copy.parent.mkdir()
        back_up(sqlite_url, copy, nothing, quick=True)
        leaked = f"sqlite:///{copy}"
        with Server(leaked) as thief, thief.client() as elsewhere:
            assert status(elsewhere, good) == 401
            tenant.http = elsewhere
            stolen = token_of(tenant, key)
            assert status(elsewhere, stolen) == 200
            assert status(http, stolen) == 401
        assert status(http, good) == 200


@pytest.mark.parametrize(
    ("organization", "seconds"),
    [("org_2", 60), ("org_1", MOST_SECONDS + 1), ("org_1", 100 * 365 * 86_400), ("org_1", 0)],
)
def test_scope_and_lifetime_are_checked_when_a_token_is_used(
    database: Database, database_url: str, organization: str, seconds: int
) -> None:
    with Server(database_url, secret_key=SECRET) as server, server.client() as http:
        tenant = tenant_on(database, http)
        key = tenant.key(Permission.READ_ANALYTICS, organization="org_1")
        token_of(tenant, key)
        (signing,) = SecretKeys((SECRET,)).derive(tenant.tenant, secret_in(database, tenant))
        late = viewer_for(tenant, key, organization, seconds)
        assert status(http, signed(late, signing)) == 401
        assert status(http, signed(viewer_for(tenant, key), signing)) == 200


def test_the_first_secret_signs_and_all_verify(database: Database, database_url: str) -> None:
    tokens = {}
    for given in (SECRET, f"{OTHER},{SECRET}", OTHER):
        with Server(database_url, secret_key=given) as server, server.client() as http:
            if not tokens:
                tenant = tenant_on(database, http)
            else:
                tenant.http = http
            tokens[given] = token_of(tenant)
            found = [status(http, it) for it in tokens.values()]
        expected = {SECRET: [200], OTHER: [401, 200, 200]}.get(given, [200, 200])
        assert found == expected


def test_postgresql_needs_the_setting_as_soon_as_a_token_is_made(postgres_url: str) -> None:
    with (
        closing(open_database(postgres_url)) as opened,
        Server(postgres_url) as server,
        server.client() as http,
    ):
        tenant = tenant_on(opened, http)
        answer = tenant.post(PATH, json={"organization_id": "org_1"})
    assert (answer.status_code, answer.json()["code"]) == (501, "secret_key_missing")
    assert "TOLLBOOK_SECRET_KEY" in answer.json()["error"]
    with closing(open_database(postgres_url)) as opened:
        assert Platform(opened).rows("SELECT * FROM viewer_secrets") == []


def test_a_file_of_a_database_gets_its_secret_once(sqlite_url: str) -> None:
    database_file = Path(sqlite_url.removeprefix("sqlite:///"))
    secret = database_file.with_name(f"{database_file.name}-secret")
    texts = []
    with closing(open_database(sqlite_url)) as opened:
        for _ in range(2):
            with Server(sqlite_url) as server, server.client() as http:
                if not texts:
                    token = token_of(tenant_on(opened, http))
                assert status(http, token) == 200
            texts.append(secret.read_text())
    assert texts[0] == texts[1]
    assert secret.stat().st_mode & 0o777 == 0o600
    assert texts[0].strip().encode() not in database_file.read_bytes()


@pytest.mark.parametrize("content", ["", "too short", f"{SECRET},short"])
def test_a_broken_secret_file_is_refused_by_name(sqlite_url: str, content: str) -> None:
    Path(f"{sqlite_url.removeprefix('sqlite:///')}-secret").write_text(content)
    with pytest.raises(
        RuntimeError, match=r"tollbook\.db-secret must have a secret of at least 32"
    ):
        Server(sqlite_url).start()


def test_a_token_is_as_it_was_signed() -> None:
    viewer = Viewer(new_id("s"), "t", "org_1", None, "tb_0123456789ab", 1, 2)
    first, second = SecretKeys((SECRET, OTHER)).derive("t", "s")
    assert read(signed(viewer, first)) == viewer
    assert len({first, second, *SecretKeys((SECRET,)).derive("u", "s")}) == 3
