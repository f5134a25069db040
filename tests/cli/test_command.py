"""A command of ours: its errors are sentences, and no option is the value of another."""

from pathlib import Path
from typing import Any

import click
import pytest

from tollbook.cli import command as module
from tollbook.cli import main
from tollbook.cli.command import Command, Options, VerbGroup
from tollbook.cli.lazy import LazyCommand, LazyGroup
from tollbook.domain.errors import InvalidRequest, NotFound, Problem, Unreachable
from tollbook.domain.exact import AMOUNTS_AS_STRINGS
from tollbook.settings import Settings


def command(body: Any, *parameters: click.Parameter) -> Command:
    return Command("try", callback=body, params=[*parameters])


def run(tried: click.Command, *arguments: str) -> int:
    return int(tried.main(list(arguments), "try", standalone_mode=False))


def failing(error: BaseException) -> Command:
    def body(options: Options, settings: Settings) -> int:
        raise error

    return command(body)


def test_a_callback_has_its_options_and_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", "sqlite:///other.db")
    seen: list[tuple[Any, ...]] = []

    def body(options: Options, settings: Settings) -> int:
        seen.append((options.first, options.flag, settings.database_url))
        return 3

    tried = command(body, click.Argument(["first"]), click.Option(["--flag"], is_flag=True))
    assert run(tried, "a", "--flag") == 3
    assert seen == [("a", True, "sqlite:///other.db")]


def detail(field: str, error: str) -> Problem:
    return Problem(field, "code", error)


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (NotFound("there is no such thing"), ["tollbook: there is no such thing"]),
        (
            InvalidRequest.of([detail("name", "name must not be empty")]),
            ["tollbook: name must not be empty"],
        ),
        (
            InvalidRequest.of([detail("time", "it must have an offset")]),
            ["tollbook: time: it must have an offset"],
        ),
        (
            InvalidRequest.of([detail("a", "a is wrong"), detail("b", "b is wrong")]),
            ["tollbook: ", "  a: a is wrong", "  b: b is wrong"],
        ),
        (OSError(2, "No such file or directory", "/x/y"), ["tollbook: /x/y: No such file"]),
        (OSError(28, "No space left on device"), ["could not be written: No space left"]),
    ],
)
def test_an_error_is_a_sentence_with_its_details_each_once(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    lines: list[str],
) -> None:
    monkeypatch.setattr(module, "_print_no_more", lambda: None)
    assert run(failing(error)) == 1
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == len(lines)
    for line, expected in zip(printed, lines, strict=True):
        assert expected in line


def test_an_unreachable_database_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    error = Unreachable("the database cannot be reached", "connection refused")
    assert run(failing(error)) == 1
    assert capsys.readouterr().err == (
        "tollbook: the database cannot be reached: connection refused\n"
    )


def test_a_text_that_is_not_utf_8_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(failing(UnicodeEncodeError("utf-8", "\udc80", 0, 1, "surrogates"))) == 1
    assert capsys.readouterr().err == "tollbook: every argument must be valid UTF-8\n"


def test_an_error_shows_no_key_and_nothing_that_acts(capsys: pytest.CaptureFixture[str]) -> None:
    key = f"tb_{'0' * 12}_{'a' * 43}"
    assert run(failing(NotFound(f"\x1b[31m {key}"))) == 1
    said = capsys.readouterr().err
    assert "a" * 43 not in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("arguments", "as_strings"),
    [((), False), (("--amounts", "string"), True), (("--amounts", "number"), False)],
)
def test_amounts_are_strings_for_one_command_only(
    arguments: tuple[str, ...], as_strings: bool
) -> None:
    seen: list[bool] = []

    def body(options: Options, settings: Settings) -> int:
        seen.append(AMOUNTS_AS_STRINGS.get())
        return 0

    tried = command(body, click.Option(["--amounts"], default="number"))
    assert run(tried, *arguments) == 0
    assert (seen, AMOUNTS_AS_STRINGS.get()) == ([as_strings], False)


def test_amounts_are_numbers_again_after_an_error() -> None:
    def body(options: Options, settings: Settings) -> int:
        raise NotFound("it failed")

    assert run(command(body, click.Option(["--amounts"])), "--amounts", "string") == 1
    assert AMOUNTS_AS_STRINGS.get() is False


TO = click.Option(["--to", "-t"])
LIST = click.Option(["--list"], is_flag=True)


@pytest.mark.parametrize("arguments", [("--to", "--list"), ("-t", "--to"), ("--to", "--unknown")])
def test_an_option_is_not_the_value_of_another(arguments: tuple[str, ...]) -> None:
    with pytest.raises(click.BadOptionUsage, match=f"'{arguments[0]}' requires an argument"):
        run(command(lambda *_: 0, TO, LIST), *arguments)


@pytest.mark.parametrize(
    ("arguments", "to", "rest"),
    [
        (("--to=--list",), "--list", ()),
        (("--to", "-x"), "-x", ()),
        (("--to", "a", "--list"), "a", ()),
        (("--list", "--", "--to", "--list"), None, ("--to", "--list")),
        (("--to", "--"), None, ()),
    ],
)
def test_values_may_begin_with_dashes(
    arguments: tuple[str, ...], to: str | None, rest: tuple[str, ...]
) -> None:
    seen: list[Options] = []

    def body(options: Options, settings: Settings) -> int:
        seen.append(options)
        return 0

    tried = command(body, TO, LIST, click.Argument(["rest"], nargs=-1))
    try:
        assert run(tried, *arguments) == 0
    except click.BadOptionUsage:
        assert arguments == ("--to", "--")
    else:
        assert (seen[0].to, seen[0].rest) == (to, rest)


def test_the_actions_of_a_verb_are_commands_of_ours() -> None:
    group = VerbGroup("verb")

    @group.command("act")
    def _act(options: Options, settings: Settings) -> int:
        return 7

    assert isinstance(group.commands["act"], Command)
    assert run(group, "act") == 7


def test_a_lazy_group_lists_its_table_in_order_and_imports_what_is_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lazy_called.py").write_text(
        "import click\n\nverb = click.Command('b', callback=lambda: 5)\n"
    )
    (tmp_path / "lazy_other.py").write_text("raise AssertionError\n")
    monkeypatch.syspath_prepend(tmp_path)
    group = LazyGroup(
        [LazyCommand("b", "lazy_called", "Second."), LazyCommand("a", "lazy_other", "First.")]
    )
    context = click.Context(group)
    assert group.list_commands(context) == ["b", "a"]
    assert group.main(["b"], standalone_mode=False) == 5
    _, found, rest = group.resolve_command(context, ["b", "x"])
    assert (found and found.help, rest) == ("Second.", ["x"])
    with pytest.raises(click.UsageError, match="No such command"):
        group.main(["c"], standalone_mode=False)


@pytest.mark.parametrize(
    ("verb", "module"), [("import", "import_"), ("demo-host", "demo_host"), ("keys", "keys")]
)
def test_a_verb_s_module_has_its_name(verb: str, module: str) -> None:
    assert main.module_of(verb) == module


def test_a_canceled_prompt_is_the_code_of_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def abort(*_: Any, **__: Any) -> None:
        raise click.Abort

    monkeypatch.setattr(main.TOLLBOOK, "main", abort)
    assert main.run([]) == 130
