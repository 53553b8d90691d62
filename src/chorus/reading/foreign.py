"""What people put among recordings and what no decoder here reads: named for what it is."""

from __future__ import annotations

import codecs

CONVERT = "convert it to WAV or FLAC"
_MAGIC = (  # (offset, bytes, what it is)
    (0, b"\x00\x05\x16\x07", "no audio: what macOS keeps beside a file (AppleDouble, ._name)"),
    (
        0,
        b"version https://git-lfs",
        "no audio: a git-lfs pointer, the recording itself is not here (git lfs pull)",
    ),
    (0, b"PK\x03\x04", "no audio: a zip archive, unpack it"),
    (0, b"\x1f\x8b", "no audio: a gzip archive, unpack it"),
    (0, b"7z\xbc\xaf\x27\x1c", "no audio: a 7z archive, unpack it"),
    (0, b"Rar!", "no audio: a rar archive, unpack it"),
    (0, b"\xfd7zXZ", "no audio: an xz archive, unpack it"),
    (0, b"BZh", "no audio: a bzip2 archive, unpack it"),
    (257, b"ustar", "no audio: a tar archive, unpack it"),
    (0, b"%PDF", "no audio: a PDF document"),
    (0, b"\xff\xd8\xff", "no audio: a JPEG picture"),
    (0, b"\x89PNG", "no audio: a PNG picture"),
    (0, b"GIF8", "no audio: a GIF picture"),
    (0, b"\xd0\xcf\x11\xe0", "no audio: a Windows document (as Thumbs.db)"),
    (0, b"SQLite format 3", "no audio: a database"),
    (4, b"ftyp", f"not supported: MP4, M4A or MOV: {CONVERT}"),
    (0, b"\x30\x26\xb2\x75\x8e\x66", f"not supported: WMA: {CONVERT}"),
    (0, b"\x1a\x45\xdf\xa3", f"not supported: Matroska or WebM: {CONVERT}"),
    (0, b"\xff\xf1", f"not supported: AAC: {CONVERT}"),
    (0, b"\xff\xf9", f"not supported: AAC: {CONVERT}"),
    (0, b"#!AMR", f"not supported: AMR: {CONVERT}"),
    (0, b"wvpk", f"not supported: WavPack: {CONVERT}"),
    (0, b"MAC ", f"not supported: Monkey's Audio: {CONVERT}"),
    (0, b"MPCK", f"not supported: Musepack: {CONVERT}"),
    (0, b"MP+", f"not supported: Musepack: {CONVERT}"),
    (0, b"TTA1", f"not supported: True Audio: {CONVERT}"),
    (0, b"DSD ", f"not supported: DSD: {CONVERT}"),
    (0, b"WAAC", "not supported: Wildlife Acoustics WAC: convert it to WAV with Kaleidoscope"),
)


def name_foreign(head: bytes) -> str:
    """What a file is that is no audio or of a format that nothing here reads, as a reason; "" when that is not known.

    Args:
        head: its first 4096 bytes, or all of a smaller one.
    """
    for offset, magic, reason in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return reason
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"/annex/objects/" in head[:400]:
        return "no audio: a git-annex pointer, the recording itself is not here (git annex get)"
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "no audio: a web page or XML, as a failed download leaves it"
    if not any(head):
        return "no audio: nothing but zeros"
    # Signs that no text holds are looked for first: at these nearly all audio ends, and need not be decoded.
    if all(byte in b"\t\r\n\f" or 32 <= byte != 127 for byte in head) and _is_text(head):
        return "no audio: a text"
    return ""


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character may be cut at the end
    except UnicodeDecodeError:
        return False
    return True
