"""The tests of the TypeScript client run with Node.js; each file is one test here."""

import subprocess
import sys
from pathlib import Path

import pytest
from clients.typescript import generate

from tests.typescript.building import CLIENT, ROOT, run_tests

WITH_A_SERVER = {"server"}
FILES = sorted(it.name.removesuffix(".test.js") for it in CLIENT.glob("test/*.test.js"))


@pytest.mark.parametrize("name", [it for it in FILES if it not in WITH_A_SERVER])
def test_with_node(name: str) -> None:
    run_tests(name)


def test_the_generated_files_are_current() -> None:
    found = {name: (generate.FOLDER / name).read_text() for name in generate.generated()}
    assert found == generate.generated()


def test_a_stale_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    (tmp_path / "errors.ts").write_text("older")
    assert generate.main(["--check"]) == 1
    assert (tmp_path / "errors.ts").read_text() == "older"


def test_a_field_never_holds_both_amounts_and_counts() -> None:
    schemas = [{"properties": {"a": {"type": kind}}} for kind in ("number", "integer")]
    assert generate.integer_fields({"x": schemas[1]}) == ["a"]
    with pytest.raises(ValueError, match="both amounts and integers: a"):
        generate.integer_fields({"x": schemas})


def test_the_script_writes_what_is_current() -> None:
    module = "clients.typescript.generate"
    subprocess.run([sys.executable, "-m", module, "--check"], cwd=ROOT, check=True)
