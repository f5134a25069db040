"""Dead letters that are too large for a broker: packed, or their bodies in files."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers.conftest import Ledger
from tests.brokers.processes import Nats
from tests.brokers.streams import Stream, text
from tests.builders import event

_LARGEST = 64 * 1024
_BODY = _LARGEST - 200
"""As long as a message may be, without the headers of a dead letter."""


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Stream]:
    with Nats(tmp_path / "nats", max_payload=str(_LARGEST)) as server:
        yield Stream(server)


def test_a_large_dead_letter_is_packed_or_its_body_is_in_a_file(
    ledger: Ledger, narrow: Stream, tmp_path: Path
) -> None:
    spacious, dense = b"{" + b" " * (_BODY - 1), b"{" + os.urandom(_BODY - 1)
    packed = gzip.compress(b"{" + os.urandom(_BODY - 100))
    narrow.publish(
        (spacious, {"Content-Type": "application/json", "Trace": "a"}),
        (dense, {"Content-Type": "application/json"}),
        (packed, {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
        (text(event(id="good")), {}),
    )
    folder = tmp_path / "state"
    consuming = ledger.consuming(narrow.url, "--create", "--stop-when-empty", state=folder)
    assert consuming.run() == 0, consuming.errors
    assert ledger.ids() == ["good"]
    first, second, third = narrow.dead()
    assert gzip.decompress(first.data) == spacious
    assert (first.headers["Content-Encoding"], first.headers["Trace"]) == ("gzip", "a")
    assert "tollbook-file" not in first.headers
    for letter, body in ((second, dense), (third, packed)):
        path = Path(letter.headers["tollbook-file"])
        assert (letter.data, path.read_bytes()) == (b"", body)
        assert (path.parent, path.stat().st_mode & 0o777) == (folder / "dead-letters", 0o600)
        assert letter.headers["tollbook-refused"] == "0"
    assert third.headers["Content-Encoding"] == "gzip"
    assert len(list((folder / "dead-letters").iterdir())) == 2
