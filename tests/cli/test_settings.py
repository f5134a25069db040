"""Settings: read once from TOLLBOOK_* variables; an error names the variable."""

import pytest

from tests.cli.conftest import Tollbook
from tollbook.domain.errors import SettingsError
from tollbook.settings import Settings, read_settings, variable


def test_nothing_given_is_a_file_here() -> None:
    assert read_settings({}) == Settings()
    assert Settings().database_url == "sqlite:///tollbook.db"


def test_an_empty_variable_is_as_good_as_none() -> None:
    empty = {variable(name): "" for name in Settings.__struct_fields__}
    assert read_settings(empty) == Settings()


def test_every_setting_has_its_variable() -> None:
    assert read_settings(
        {
            "TOLLBOOK_DATABASE_URL": "postgresql://u@h/n",
            "TOLLBOOK_TENANT": "acme",
            "TOLLBOOK_MAX_QUEUED_EVENTS": "7",
            "TOLLBOOK_MAX_GROUP_EVENTS": "5",
            "TOLLBOOK_MAX_BODY_MIB": "3",
            "TOLLBOOK_COMPRESSION": "false",
            "TOLLBOOK_CACHED_ANSWER_MIB": "0",
            "TOLLBOOK_CACHED_STATE_MIB": "1",
            "TOLLBOOK_MIN_FREE_MIB": "9",
            "TOLLBOOK_METRICS_TOKEN": "t",
            "TOLLBOOK_LOG_LEVEL": "error",
            "TOLLBOOK_MAX_WRITE_CONNECTIONS": "2",
            "TOLLBOOK_MAX_READ_CONNECTIONS": "4",
            "TOLLBOOK_IDLE_CONNECTION_SECONDS": "60",
            "TOLLBOOK_SHARD_COUNT": "8",
            "TOLLBOOK_READ_DATABASE_URL": "postgresql://u@r/n",
            "TOLLBOOK_MAX_READ_LAG_SECONDS": "6",
            "TOLLBOOK_MAX_CLOCK_SECONDS": "30",
            "TOLLBOOK_LONGEST_CALL_SECONDS": "600",
            "TOLLBOOK_SECRET_KEY": "x" * 32,
            "TOLLBOOK_ARCHIVE_FOLDER": "/archives",
            "TOLLBOOK_MAX_CONNECTIONS": "11",
            "TOLLBOOK_MAX_SILENT_SECONDS": "12",
            "TOLLBOOK_MAX_UNREAD_SECONDS": "13",
            "TOLLBOOK_MAX_UNREAD_MIB": "14",
            "TOLLBOOK_MAX_ANSWER_ROWS": "15",
            "TOLLBOOK_MAX_ANSWER_MIB": "16",
            "TOLLBOOK_MAX_EXPORTS": "17",
            "TOLLBOOK_MAX_EXPORT_SECONDS": "18",
            "TOLLBOOK_ALERTS": "false",
            "TOLLBOOK_WEBHOOK_NETWORKS": "127.0.0.0/8, ::1",
            "TOLLBOOK_NOTIFICATION_DAYS": "30",
            "TOLLBOOK_SMTP_URL": "smtp://user:p%40ss@mail.example.com",
            "TOLLBOOK_MAIL_FROM": "Tollbook <alerts@example.com>",
            "TOLLBOOK_PUBLIC_URL": "https://ledger.example.com/tollbook",
            "SOMETHING_ELSE": "x",
        }
    ) == Settings(
        *("postgresql://u@h/n", "acme", 7, 5, 3, False, 0, 1, 9, "t", "error"),
        max_write_connections=2,
        max_read_connections=4,
        idle_connection_seconds=60,
        shard_count=8,
        read_database_url="postgresql://u@r/n",
        max_read_lag_seconds=6,
        max_clock_seconds=30,
        longest_call_seconds=600,
        secret_key="x" * 32,
        archive_folder="/archives",
        max_connections=11,
        max_silent_seconds=12,
        max_unread_seconds=13,
        max_unread_mib=14,
        max_answer_rows=15,
        max_answer_mib=16,
        max_exports=17,
        max_export_seconds=18,
        alerts=False,
        webhook_networks="127.0.0.0/8, ::1",
        notification_days=30,
        smtp_url="smtp://user:p%40ss@mail.example.com",
        mail_from="Tollbook <alerts@example.com>",
        public_url="https://ledger.example.com/tollbook",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOLLBOOK_MAX_QUEUED_EVENTS", "many"),
        ("TOLLBOOK_MAX_QUEUED_EVENTS", "0"),
        ("TOLLBOOK_MAX_QUEUED_EVENTS", "-1"),
        ("TOLLBOOK_MAX_QUEUED_EVENTS", "1.5"),
        ("TOLLBOOK_MAX_GROUP_EVENTS", "0"),
        ("TOLLBOOK_MAX_BODY_MIB", "0"),
        ("TOLLBOOK_ALERTS", "perhaps"),
        ("TOLLBOOK_WEBHOOK_NETWORKS", "10.0.0.0/33"),
        ("TOLLBOOK_NOTIFICATION_DAYS", "29"),
        ("TOLLBOOK_SMTP_URL", "https://mail.example.com"),
        ("TOLLBOOK_SMTP_URL", "smtp://mail.example.com"),
        ("TOLLBOOK_SMTP_URL_FILE", "/does/not/exist"),
        ("TOLLBOOK_MAIL_FROM", "nobody"),
        ("TOLLBOOK_MAIL_FROM", "Tollbook <alerts@example.com>\nBcc: x@example.com"),
        ("TOLLBOOK_PUBLIC_URL", "ledger.example.com"),
        ("TOLLBOOK_MAX_WRITE_CONNECTIONS", "0"),
        ("TOLLBOOK_MAX_READ_CONNECTIONS", "0"),
        ("TOLLBOOK_IDLE_CONNECTION_SECONDS", "0"),
        ("TOLLBOOK_MAX_CLOCK_SECONDS", "0"),
        ("TOLLBOOK_LONGEST_CALL_SECONDS", "0"),
        ("TOLLBOOK_MAX_CONNECTIONS", "0"),
        ("TOLLBOOK_MAX_SILENT_SECONDS", "0"),
        ("TOLLBOOK_MAX_UNREAD_SECONDS", "0"),
        ("TOLLBOOK_MAX_UNREAD_MIB", "0"),
        ("TOLLBOOK_MAX_ANSWER_ROWS", "0"),
        ("TOLLBOOK_MAX_ANSWER_MIB", "0"),
        ("TOLLBOOK_MAX_EXPORTS", "0"),
        ("TOLLBOOK_MAX_EXPORT_SECONDS", "0"),
        ("TOLLBOOK_COMPRESSION", "maybe"),
        ("TOLLBOOK_CACHED_ANSWER_MIB", "-1"),
        ("TOLLBOOK_CACHED_STATE_MIB", "-1"),
        ("TOLLBOOK_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({name: value})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOLLBOOK_MAX_QUEUED_EVENTS", "many", "must be a whole number"),
        ("TOLLBOOK_MIN_FREE_MIB", "1.5", "must be a whole number"),
        ("TOLLBOOK_COMPRESSION", "maybe", "must be true or false"),
    ],
)
def test_a_value_of_another_kind_is_told_what_it_must_be(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({name: value})
    assert refusal.value.sentence == f"{name} {said}"


@pytest.mark.parametrize(
    "url",
    [
        "tollbook.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql://u@h/n",
        "postgresql://u@h:port/n",
        "postgresql://u@[::1/n",
    ],
)
def test_a_url_of_no_database_we_know_is_refused_with_a_sentence(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", url)
    assert "TOLLBOOK_DATABASE_URL" in tollbook.refusal("tenants", "list")


def test_a_wrong_setting_ends_every_verb_with_a_sentence(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_MAX_QUEUED_EVENTS", "many")
    for verb in (("serve",), ("migrate",), ("verify",), ("keys", "list")):
        assert "TOLLBOOK_MAX_QUEUED_EVENTS" in tollbook.refusal(*verb)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("TOLLBOOK_DATABASE", "did you mean TOLLBOOK_DATABASE_URL?"),
        ("TOLLBOOK_MAX_QUEUED_EVENT", "did you mean TOLLBOOK_MAX_QUEUED_EVENTS?"),
        ("TOLLBOOK_log_level", "did you mean TOLLBOOK_LOG_LEVEL?"),
        ("TOLLBOOK_", "docs/operations.md lists all settings"),
        ("TOLLBOOK_XYZZY", "docs/operations.md lists all settings"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_closest_name(name: str, hint: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({name: "", "OTHER": "x"})
    assert refused.value.sentence.startswith(f"{name} is not a setting")
    assert refused.value.sentence.endswith(hint)


def test_variables_of_tests_and_of_kubernetes_are_ignored() -> None:
    names = ("TEST_POSTGRES", "SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_8000_TCP_ADDR")
    assert read_settings({f"TOLLBOOK_{name}": "x" for name in names}) == Settings()


def test_variables_of_clients_are_ignored_and_those_near_them_are_not() -> None:
    assert read_settings({"TOLLBOOK_URL": "http://a", "TOLLBOOK_SPOOL": "/b"}) == Settings()
    for name in ("TOLLBOOK_URLS", "TOLLBOOK_SPOOL_FOLDER"):
        with pytest.raises(SettingsError, match=f"{name} is not a setting"):
            read_settings({name: "x"})


def test_every_command_refuses_an_unknown_variable(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_TENNANT", "acme")
    assert "did you mean TOLLBOOK_TENANT?" in tollbook.refusal("keys", "list")


def test_the_tenant_of_commands_is_a_setting(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    tollbook("organizations", "create", "org_1", "--tenant", "acme")
    monkeypatch.setenv("TOLLBOOK_TENANT", "acme")
    assert [it["id"] for it in tollbook.json("organizations", "list")] == ["org_1"]
    assert tollbook.json("organizations", "list", "--tenant", "other") == []
    monkeypatch.setenv("TOLLBOOK_TENANT", "")
    assert tollbook.json("organizations", "list") == []
