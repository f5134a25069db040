"""The process of one target: python -m fuzz.child MODULE NAME FILE -OPTION...

libFuzzer ends the process. An input that breaks the promise is written to the file and ends it at
once. A process inherits the peak memory of the process that it replaces, so the target runs in a
child process, whose peak starts at zero.
"""

import importlib
import logging
import os
import sys
import traceback
from pathlib import Path

import atheris

_SOURCES = Path(__file__).parent.parent / "src"
_WATCHED = (
    *("tollbook.ingest", "tollbook.rating", "tollbook.domain"),
    *(
        "tollbook.api.pipeline.json_body",
        "tollbook.api.pipeline.request_body",
        "tollbook.cli.import_",
    ),
)
"""The packages that libFuzzer instruments, with PyYAML; instrumenting the rest takes seconds."""


def main() -> None:
    """Run inputs in a child process, and exit with its code."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status))
    _try_inputs()


def _try_inputs() -> None:
    """Run inputs until libFuzzer ends or an input breaks the promise."""
    module, name, file, *options = sys.argv[1:]
    logging.disable()
    paths = (it.relative_to(_SOURCES).with_suffix("") for it in _SOURCES.rglob("*.py"))
    modules = (".".join(it.parts).removesuffix(".__init__") for it in paths)
    others = [name for name in modules if not name.startswith(_WATCHED)]
    with atheris.instrument_imports(include=["tollbook", "yaml"], exclude=others):
        targets = importlib.import_module(module).TARGETS
    (target,) = (it for it in targets if it.name == name)

    def check(data: bytes) -> None:
        try:
            target.check(data)
        except BaseException:
            Path(file).write_bytes(data)
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)

    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
