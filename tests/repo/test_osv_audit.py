"""The audit finds the advisories about pinned releases in an export of the OSV database."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "osv_audit.py"
LOCK = "Some_Package==1.10.0 ; sys_platform == 'linux' \\\n    --hash=sha256:00\nother==2.0\n"


def advisory(name: str = "some-package", ecosystem: str = "PyPI", **affected: Any) -> Any:
    package = {"ecosystem": ecosystem, "name": name}
    return {"id": "X-1", "summary": "it is broken", "affected": [{"package": package, **affected}]}


def within(*events: dict[str, str], kind: str = "ECOSYSTEM") -> Any:
    return advisory(ranges=[{"type": kind, "events": list(events)}])


def audited(folder: Path, *advisories: Any) -> tuple[int, str]:
    with ZipFile(folder / "all.zip", "w") as export:
        for number, one in enumerate(advisories):
            export.writestr(f"{number}.json", json.dumps(one))
    (folder / "a.lock").write_text(LOCK)
    command = [sys.executable, SCRIPT, folder / "all.zip", folder / "a.lock"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


@pytest.mark.parametrize(
    ("one", "is_found"),
    [
        (advisory(versions=["1.9", "1.10.0"]), True),
        (advisory(versions=["1.10"]), True),
        (advisory(versions=["1.1"]), False),
        (advisory(versions=["not a version"]), False),
        (advisory(ecosystem="npm", versions=["1.10.0"]), False),
        (advisory(name="third", versions=["1.10.0"]), False),
        (within({"introduced": "0"}), True),
        (within({"introduced": "0"}, {"fixed": "1.9"}), False),
        (within({"introduced": "0"}, {"fixed": "1.11"}), True),
        (within({"introduced": "0"}, {"fixed": "1.10.0"}), False),
        (within({"introduced": "0"}, {"last_affected": "1.10.0"}), True),
        (within({"introduced": "0"}, {"last_affected": "1.9"}), False),
        (within({"introduced": "1.10.1"}), False),
        (within({"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "1.9"}), True),
        (within({"introduced": "0"}, kind="GIT"), False),
        ({**advisory(versions=["1.10.0"]), "withdrawn": "2024-01-01T00:00:00Z"}, False),
    ],
)
def test_an_advisory_concerns_the_releases_in_it(tmp_path: Path, one: Any, is_found: bool) -> None:
    code, said = audited(tmp_path, one, advisory(name="unrelated", versions=["1"]))
    assert code == is_found
    assert ("some-package 1.10.0: X-1: it is broken" in said) is is_found


def test_an_empty_export_is_no_success(tmp_path: Path) -> None:
    assert audited(tmp_path)[0] == 1
