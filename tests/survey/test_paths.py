"""Which file a path means."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from chorus.errors import DataError
from chorus.survey.paths import Folder


def _folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"sound")
    return root


_NFC, _NFD = (unicodedata.normalize(form, "Étang/près.wav") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("written", "on_disk"),
    [
        ("a/b.wav", "a/b.wav"),
        ("./a/../a/b.wav", "a/b.wav"),
        ("a\\b.wav", "a/b.wav"),
        ("A/B.WAV", "a/b.wav"),
        (_NFC, _NFD),
        (_NFD, _NFC),
        (_NFC.replace("/", "\\").upper(), _NFD),
        (
            f"{unicodedata.normalize('NFC', 'Étang')}/{unicodedata.normalize('NFD', 'près')}.wav",
            _NFC,
        ),
        ("straße.wav", "STRASSE.wav"),
        ("a\u00a0b.wav", "a  b.wav"),
        ("\u200ba.wav\u00ad", "a.wav "),
    ],
)
def test_a_path_spelt_otherwise_is_found(tmp_path, written, on_disk):
    _folder(tmp_path, on_disk, "other.wav")
    assert Folder(tmp_path).find(written) == on_disk


def test_an_absolute_path_into_the_folder_is_found(tmp_path):
    _folder(tmp_path, "a/b.wav")
    assert Folder(tmp_path).find(str(tmp_path / "a/b.wav")) == "a/b.wav"


def test_the_exact_name_outweighs_its_look_alikes(tmp_path):
    _folder(tmp_path, "a.wav", "A.wav")
    files = Folder(tmp_path)
    assert (files.find("a.wav"), files.find("A.wav"), files.respelt) == ("a.wav", "A.wav", set())
    with pytest.raises(
        DataError,
        match=r"^missing file: 2 differ from it in capitals, accents or blanks only, A\.wav, a\.wav$",
    ):
        files.find("a.WAV")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("frog1.wav", "missing file: nearest is pond/frog1.wav"),
        ("creek/Frog1.WAV", "missing file: nearest is pond/frog1.wav"),
        ("pond/frog1.flac", "missing file: nearest is pond/frog1.wav"),
        ("pond/frog_1.wav", "missing file: nearest is pond/frog1.wav"),
        ("newt.wav", "missing file"),
        ("pond", "missing file"),
        ("../x.wav", "path outside the folder: it leaves the folder of clips.csv"),
        ("..\\x.wav", "path outside the folder: it leaves the folder of clips.csv"),
        ("/etc/hostname", "path outside the folder: paths are relative to the folder of clips.csv"),
        (
            "C:\\data\\x.wav",
            "path outside the folder: paths are relative to the folder of clips.csv",
        ),
        (
            "file:///data/pond/frog1.wav",
            "path outside the folder: paths are relative to the folder of clips.csv",
        ),
        (
            "s3://bucket/frog1.wav",
            "path outside the folder: paths are relative to the folder of clips.csv",
        ),
        ("out.wav", "path outside the folder: a link leads out of the folder of clips.csv"),
        ("dangling.wav", "missing file: a link to nothing"),
        ("a\0b", "unusable path: embedded null byte"),
    ],
)
def test_what_is_not_found_is_named_with_the_nearest(tmp_path, written, reason):
    root = _folder(tmp_path / "in", "pond/frog1.wav", "clips.csv")
    _folder(tmp_path, "x.wav")
    (root / "out.wav").symlink_to(tmp_path / "x.wav")
    (root / "dangling.wav").symlink_to(root / "gone.wav")
    with pytest.raises(DataError) as raised:
        Folder(root).find(written)
    assert str(raised.value) == reason
