"""The spool of decoded sound: where it cannot be kept, no recording is to blame."""

from __future__ import annotations

import errno
import os
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from chorus.reading import examine
from chorus.reading.spool import Spool
from detectors import write_sound


@pytest.fixture
def flac(tmp_path):
    return write_sound(tmp_path / "a.flac", 20.0)


def test_what_it_keeps_is_the_recording(flac):
    with Spool() as spool:
        examined = examine(flac, listener=spool.add)
        decoded = spool.instead_of(examined)
        np.testing.assert_array_equal(decoded.read(), examined.read())


def test_a_disk_without_room_is_no_fault_of_the_recording(flac, monkeypatch):
    # whatever is written to it is refused as by a full disk
    monkeypatch.setattr(tempfile, "TemporaryFile", partial(Path("/dev/full").open, "r+b"))
    with Spool() as spool:
        examined = examine(flac, listener=spool.add)
        assert spool.so_far() is None and spool.instead_of(examined) is None
    assert examined.seconds == 20.0


def test_without_any_folder_for_temporary_files_nothing_is_kept(flac, monkeypatch):
    def refuse():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with Spool() as spool:
        examined = examine(flac, listener=spool.add)
        assert spool.instead_of(examined) is None
    assert examined.seconds == 20.0


def test_a_disk_that_fills_up_on_the_way(flac):
    with Spool() as spool:

        def listen(sound, decoded):
            spool.add(sound, decoded)
            # so far it went well
            if spool.so_far() is not None:
                os.dup2(os.open("/dev/full", os.O_RDWR), spool._file.fileno())

        examined = examine(flac, listener=listen)
        assert spool.so_far() is None and spool.instead_of(examined) is None
