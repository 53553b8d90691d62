"""NIST SPHERE, in which speech corpora come: a header of text, then the samples."""

from __future__ import annotations

import re

from chorus.reading.layout import Coding, Layout, bare_samples, whole

_SUBTYPES = {("pcm", 1): "PCM_S8", ("pcm", 2): "PCM_16", ("pcm", 3): "PCM_24", ("pcm", 4): "PCM_32"}
_COMPANDED = {("ulaw", 1): "ULAW", ("alaw", 1): "ALAW"}


def nist_layout(head: bytes, size: int) -> Layout:
    """The layout of a SPHERE file.

    Args:
        head: its first bytes, the whole header among them.
        size: of the file.

    Raises:
        DataError: it is cut off.
    """
    fields = {}
    for name, value in re.findall(rb"^(\w+) -\w+ ([^\n]*)$", head, re.MULTILINE):
        # Speakers have names, and the format is older than UTF-8: in Latin-1 every byte is a letter.
        fields[name.decode()] = value.decode("latin-1").strip()
    try:
        start = int(head[8:16])
        frames, width = int(fields["sample_count"]), int(fields["sample_n_bytes"])
        channels, rate = int(fields["channel_count"]), int(fields["sample_rate"])
    except (KeyError, ValueError):
        return whole(size)  # the decoder finds the words for it
    if rate < 1:
        return whole(size)
    subtype = (_SUBTYPES | _COMPANDED).get((fields.get("sample_coding", "pcm"), width))
    endian = "LITTLE"
    # The order of a sample's bytes, of which the highest is 1.
    if fields.get("sample_byte_format", "01") == "10":
        endian = "BIG"
    coding = None
    if subtype and channels > 0:
        coding = Coding(rate, channels, subtype, endian, width * channels)
    promised = frames * width * channels
    unknown = promised <= 0
    native = whole(size).streams[0]
    return bare_samples(coding, start, promised, size, native=native, unknown=unknown)
