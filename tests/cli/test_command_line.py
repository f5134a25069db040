"""The command line as such: what it imports, its help, its completion."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.conftest import Tollbook
from tollbook.cli.main import TOLLBOOK, VERBS

COMPLETE = "_TOLLBOOK_COMPLETE"
HEAVY = ("sqlalchemy", "alembic", "starlette", "uvicorn", "msgspec", "rich", "structlog", "pyarrow")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its whole name, groups too."""
    waiting: list[tuple[str, click.Command]] = [("tollbook", TOLLBOOK)]
    while waiting:
        name, command = waiting.pop()
        yield name, command
        if isinstance(command, click.Group):
            with click.Context(command) as context:
                for it in command.list_commands(context):
                    found = command.resolve_command(context, [it])[1]
                    assert found is not None
                    waiting.append((f"{name} {it}", found))


def completed(words: str, shell: str = "bash") -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-m", "tollbook"],
        env={
            **os.environ,
            COMPLETE: f"{shell}_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": words.rpartition(" ")[2] if shell == "fish" else str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.split()


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["-h"], []])
def test_what_calls_no_verb_imports_none(arguments: list[str]) -> None:
    code = f"import sys; from tollbook.cli.main import run; run({arguments}); "
    code += "print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stderr.splitlines()[-1]
    modules = {it.partition(".")[0] for it in ran.split()}
    assert "click" in modules
    assert modules.isdisjoint(HEAVY)
    assert not [it for it in ran.split() if it.startswith("tollbook.store")]


def test_a_verb_imports_no_other_verb_s_module() -> None:
    code = "import sys; from tollbook.cli.main import run; run(['migrate', '--help']); "
    code += "print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(ran.stderr.split())
    assert "tollbook.cli.migrate" in modules
    assert modules.isdisjoint({"tollbook.cli.serve", "tollbook.cli.report", "tollbook.cli.demo"})


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_and_parameter_is_explained(
    tollbook: Tollbook, name: str, command: click.Command
) -> None:
    assert command.help
    assert [it.name for it in command.params if not getattr(it, "help", None)] == []
    ran = tollbook(*name.split()[1:], "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "..." not in ran.out.replace("[ARGS]...", "")


def test_the_overview_has_a_line_for_each_verb(tollbook: Tollbook) -> None:
    lines = tollbook("--help").out.splitlines()
    for verb in VERBS:
        assert f"{verb.name} {verb.help}" in [" ".join(it.split()) for it in lines]


def test_a_group_alone_shows_its_help_as_an_error(tollbook: Tollbook) -> None:
    ran = tollbook("keys")
    assert (ran.code, ran.out) == (2, "")
    assert "rotate" in ran.err


def test_a_mistyped_name_is_answered_with_those_that_are_near(tollbook: Tollbook) -> None:
    assert "Did you mean 'verify'?" in tollbook("verfy").err
    assert "--rate-limit" in tollbook("keys", "create", "--rate-limits", "5").err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("viewers", "revoke"), "either an ID or --all is required"),
        (("viewers", "revoke", "tbv_0", "--all"), "either an ID or --all is required"),
        (("organizations", "change", "org_1"), "an option with a new value is required"),
        (
            (
                *("organizations", "change", "org_1", "--number-format", "GB"),
                "--number-format-of-tenant",
            ),
            "--number-format excludes --number-format-of-tenant",
        ),
        (("archive",), "--older-than MONTHS and --to FOLDER are required"),
        (("prices", "rerate", "--list", "--stop", "1"), "only one of --apply, --list"),
        (("prices", "rerate"), "--start and --end are required"),
    ],
)
def test_options_that_exclude_or_need_each_other(
    tollbook: Tollbook, arguments: tuple[str, ...], problem: str
) -> None:
    ran = tollbook(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"Usage: tollbook {arguments[0]}")
    assert f"Error: {problem}" in ran.err


@pytest.mark.parametrize("number", ["1_000", "+5", " 5", "\u0665", "1.0", "1e2", "", "9" * 30])
def test_a_whole_number_has_ascii_digits_only(tollbook: Tollbook, number: str) -> None:
    for command in (("quarantine", "list"), ("report", "events", "org_1"), ("prices", "show")):
        ran = tollbook(*command, "--limit", number)
        assert (ran.code, "'--limit'" in ran.err) == (2, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_name_of_a_verb_is_completed(shell: str) -> None:
    assert "viewers" in " ".join(completed("tollbook vie", shell))


def test_actions_options_and_values_are_completed() -> None:
    assert completed("tollbook keys ro") == ["plain,rotate"]
    assert completed("tollbook report over") == ["plain,overview"]
    assert completed("tollbook keys create --rate") == ["plain,--rate-limit"]
    assert completed("tollbook keys create --permission ad") == ["plain,admin"]
    assert completed("tollbook import fi") == ["file,fi"]
    assert completed("tollbook consume --ca fi") == ["file,fi"]


def test_bash_completes_after_the_documented_line() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    (line,) = [it for it in page.splitlines() if "bash_source" in it]
    script = f"{line}\nCOMP_WORDS=(tollbook quar); COMP_CWORD=1; _tollbook_completion tollbook\n"
    script += 'echo "${COMPREPLY[@]}"'
    folder = Path(sys.executable).parent
    ran = subprocess.run(
        ["bash", "-euc", script],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "quarantine\n"


def test_help_that_finds_no_room_is_a_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "tollbook", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr == "tollbook: the output could not be written: No space left on device\n"


@pytest.mark.parametrize(
    "line",
    [
        "archive --older-than 1 --to --list",
        "keys create --tenant --json",
        "import --tenant --json events.ndjson",
        "organizations create zzz --name --json",
    ],
)
def test_an_option_is_not_the_value_of_another(tollbook: Tollbook, line: str) -> None:
    ran = tollbook(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert "requires an argument" in ran.err


def test_a_value_that_begins_with_dashes_is_written_with_an_equals_sign(
    tollbook: Tollbook,
) -> None:
    assert tollbook("organizations", "create", "zzz", "--name=--json").code == 0
    assert "--json" in tollbook("organizations", "list").out
