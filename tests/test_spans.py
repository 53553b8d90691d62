"""Parts of a file read as one: the same as the bytes put together, however they are read."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from chorus.spans import Spans

_OFFSETS = st.integers(0, 60)


_PIECES = st.one_of(st.tuples(_OFFSETS, _OFFSETS), st.binary(max_size=5))


@given(
    pieces=st.lists(_PIECES, max_size=5), reads=st.lists(st.tuples(_OFFSETS, _OFFSETS), max_size=4)
)
def test_the_same_as_the_bytes_put_together(pieces, reads):
    content = bytes(range(60))
    together = b"".join(
        piece if isinstance(piece, bytes) else content[slice(*piece)] for piece in pieces
    )
    seen = Spans(io.BytesIO(content), pieces)
    assert seen.read() == together
    assert seen.seek(0, io.SEEK_END) == len(together)
    for offset, size in reads:
        seen.seek(offset)
        assert seen.read(size) == together[offset : offset + size]


def test_a_file_is_closed_by_its_owner_only():
    file = io.BytesIO(b"abc")
    Spans(file, [(0, 1)]).close()
    assert not file.closed
    Spans(file, [(0, 1)], owned=True).close()
    assert file.closed
