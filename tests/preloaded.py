"""What commands and servers find ready, which are forks of a process that has imported this.

Two thirds of what a server computes before it serves are its OpenAPI document, and each command
imports its own file.
"""

import gc
from importlib import import_module
from pkgutil import walk_packages

import anyio._backends._asyncio  # noqa: F401
import pytest
import uvicorn.lifespan.on
import uvicorn.loops.uvloop
import uvicorn.protocols.websockets.auto  # noqa: F401

import tollbook.cli
from tests.portability import watch
from tollbook.api.application import _document
from tollbook.store.migrate import _head

for _module in walk_packages(tollbook.cli.__path__, "tollbook.cli."):
    import_module(_module.name)
_document()
_head()
watch(pytest.MonkeyPatch())
gc.collect()
gc.freeze()
