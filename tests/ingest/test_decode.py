"""What decoding takes: a body of the largest size that is let in, made to hurt."""

import tracemalloc

import pytest

from tollbook.domain.errors import BodyTooLarge
from tollbook.ingest.decode import decode_lines

MEBIBYTE = 1024 * 1024


def test_lines_are_cut_only_as_far_as_they_are_needed() -> None:
    body = b"a\n" * (8 * MEBIBYTE)
    tracemalloc.start()
    with pytest.raises(BodyTooLarge, match="at most 10000 events; this one has more"):
        decode_lines(body)
    assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE
    tracemalloc.stop()
