"""The process of one target, which libFuzzer ends: python -m fuzz.child MODULE NAME -OPTION..."""

import importlib
import logging
import sys
from pathlib import Path

import atheris

_SOURCES = Path(__file__).parent.parent / "src"
_WATCHED = (
    *("tollbook.ingest", "tollbook.rating", "tollbook.domain"),
    *("tollbook.api.bodies", "tollbook.api.incoming", "tollbook.cli.import_"),
)
"""Where libFuzzer sees which way an input goes, beside PyYAML; to watch the rest takes seconds."""


def main() -> None:
    """Try inputs until libFuzzer has had enough or one breaks the promise."""
    module, name, *options = sys.argv[1:]
    logging.disable()
    paths = (it.relative_to(_SOURCES).with_suffix("") for it in _SOURCES.rglob("*.py"))
    modules = (".".join(it.parts).removesuffix(".__init__") for it in paths)
    others = [name for name in modules if not name.startswith(_WATCHED)]
    with atheris.instrument_imports(include=["tollbook", "yaml"], exclude=others):
        targets = importlib.import_module(module).TARGETS
    (target,) = (it for it in targets if it.name == name)
    atheris.Setup([sys.argv[0], *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
