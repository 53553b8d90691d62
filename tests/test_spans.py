"""Parts of a file read as one: the same as the bytes put together, however they are read."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from chorus.spans import Spans

_OFFSETS = st.integers(0, 60)


@given(
    spans=st.lists(st.tuples(_OFFSETS, _OFFSETS), max_size=4),
    patches=st.dictionaries(_OFFSETS, st.binary(min_size=1, max_size=5), max_size=3),
    reads=st.lists(st.tuples(_OFFSETS, _OFFSETS), max_size=4),
)
def test_the_same_as_the_bytes_put_together(spans, patches, reads):
    content = bytes(range(60))
    spans = [(start, min(end, 60)) for start, end in spans]
    together = bytearray(b"".join(content[start:end] for start, end in spans))
    for offset, patch in patches.items():
        kept = patch[: max(0, len(together) - offset)]
        together[offset : offset + len(kept)] = kept
    seen = Spans(io.BytesIO(content), spans, patches)
    assert seen.read() == together
    assert seen.seek(0, io.SEEK_END) == len(together)
    for offset, size in reads:
        seen.seek(offset)
        assert seen.read(size) == together[offset : offset + size]
