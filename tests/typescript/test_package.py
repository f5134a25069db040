"""The npm package: packed, installed into an empty folder without a network, and used there."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.typescript.building import CLIENT, COMPILER, ROOT, require_node
from tests.typescript.conftest import Site

_SOURCES = ("src", "package.json", "tsconfig.json", "README.md", "LICENSE")
ELEMENT = Path("src", "tollbook", "dashboard", "embed", "tollbook.js")
_USE = """
import { Meter, Tollbook } from "@tollbook/client";
const meter = new Meter();
meter.record({ type: "api.request", organization_id: "org_1", id: "packed" });
if ((await meter.close()) !== 0) throw new Error("the event was not sent");
const tollbook = new Tollbook();
const { organizations } = await tollbook.listOrganizations();
console.log(organizations.map((it) => it.id).join());
"""
_TYPED = """
import { Meter, Tollbook, type UserUsage } from "@tollbook/client";
const texts = new Tollbook({ baseUrl: "http://127.0.0.1", apiKey: "k" });
const numbers = new Tollbook({ baseUrl: "http://127.0.0.1", apiKey: "k", amounts: "number" });
export async function types() {
  const question = { organization_id: "org_1" };
  const text: string = (await texts.getUserAnalytics(question)).users[0]!.total_cost;
  const number: number = (await numbers.getUserAnalytics(question)).users[0]!.total_cost;
  for await (const row of texts.iterate("getUserAnalytics", question)) use(row);
  // @ts-expect-error a required parameter is missing
  await texts.getUserAnalytics({});
  // @ts-expect-error there is no such field
  new Meter().record({ type: "api.request", userId: "user_1" });
  return [text, number];
}
function use(_row: UserUsage): void {}
"""


def npm(folder: Path, *words: str) -> None:
    settings = {"npm_config_cache": str(folder / ".npm"), "npm_config_offline": "true"}
    subprocess.run(["npm", *words], cwd=folder, check=True, env={**os.environ, **settings})


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packed file, which was built on the way."""
    require_node()
    folder = tmp_path_factory.mktemp("packed")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    package = folder / "clients" / "typescript"
    package.mkdir(parents=True)
    for name in _SOURCES:
        copy = shutil.copytree if (CLIENT / name).is_dir() else shutil.copy
        copy(CLIENT / name, package / name)
    (folder / ELEMENT).parent.mkdir(parents=True)
    shutil.copy(ROOT / ELEMENT, folder / ELEMENT)
    npm(package, "pack", "--silent")
    (file,) = package.glob("*.tgz")
    return file


@pytest.fixture(scope="module")
def installed(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has nothing but the package."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    npm(folder, "install", "--silent", "--no-audit", "--no-fund", str(packed))
    return folder


def test_the_package_has_what_it_needs_and_no_more(packed: Path) -> None:
    with tarfile.open(packed) as file:
        names = {Path(it).relative_to("package").as_posix() for it in file.getnames()}
        element = file.extractfile("package/dist/embed/tollbook.js")
        assert element
        assert element.read() == (ROOT / ELEMENT).read_bytes()
    others = {it for it in names if not it.startswith("dist/")}
    assert others == {"package.json", "README.md", "LICENSE"}
    sources = {it.relative_to(CLIENT / "src").with_suffix("") for it in CLIENT.glob("src/**/*.ts")}
    built = {f"dist/{it}{suffix}" for it in sources for suffix in (".js", ".d.ts")}
    assert names - others == {*built, "dist/embed/tollbook.js"}


def test_the_installed_package_sends_and_reads(installed: Path, site: Site) -> None:
    (installed / "use.js").write_text(_USE)
    command = [require_node(), "use.js"]
    environment = {**os.environ, **site.environment}
    ran = subprocess.run(command, cwd=installed, env=environment, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("org_1\n", "")


@pytest.mark.parametrize("resolution", ["nodenext", "bundler"])
def test_the_types_of_the_installed_package(installed: Path, resolution: str) -> None:
    (installed / "typed.ts").write_text(_TYPED)
    module = "nodenext" if resolution == "nodenext" else "es2022"
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", module]
    libraries = ["--lib", "es2022,dom,esnext.disposable"]
    command = [COMPILER, *options, "--moduleResolution", resolution, *libraries, "typed.ts"]
    ran = subprocess.run(command, cwd=installed, capture_output=True, text=True)
    assert ran.stdout == ""


def test_the_installed_package_passes_its_tests(installed: Path, site: Site) -> None:
    package = installed / "node_modules" / "@tollbook" / "client"
    shutil.copytree(CLIENT / "test", package / "test", dirs_exist_ok=True)
    table = CLIENT.parent / "conformance.json"
    shutil.copy(table, installed / "node_modules" / "@tollbook" / "conformance.json")
    files = sorted(it.relative_to(package) for it in package.glob("test/*.test.js"))
    environment = {**os.environ, **site.environment}
    command = [require_node(), "--test", "--test-reporter=spec", *files]
    ran = subprocess.run(command, cwd=package, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
