"""The package builds, installs into an empty folder, and works from there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.api.conftest import Tenant

FOLDER = Path(__file__).parents[1]
SMOKE = """
import tollbook_client
from tollbook_client import Client, Meter

assert tollbook_client.__file__.startswith({folder!r}), tollbook_client.__file__
with Meter(organization_id="org_1") as meter:
    identity = meter.record("sms.outbound", user_id="user_1")
    assert meter.flush(60) == 0
with Client() as client:
    assert client.get_event(organization_id="org_1", event_id=identity).status == "charged"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=FOLDER, check=True, capture_output=True)
    (found,) = folder.glob("tollbook_client-*.whl")
    return found


def test_the_wheel_has_the_types_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "tollbook_client/py.typed" in names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"tollbook_client"}


def test_the_installed_package_works(
    wheel: Path, tenant: Tenant, address: str, tmp_path: Path
) -> None:
    folder = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*command, str(folder), str(wheel)], check=True, capture_output=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "TOLLBOOK_URL": address,
        "TOLLBOOK_API_KEY": tenant.admin,
        "TOLLBOOK_SPOOL": str(tmp_path / "spool.db"),
    }
    program = SMOKE.format(folder=str(folder))
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=tmp_path, check=True)
