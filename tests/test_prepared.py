"""Prepared processes of the tests: which live on for the next file of tests, and which make room."""

from __future__ import annotations

import sys
import time

import prepared
import psutil
import pytest

from folder import Folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands start as always")


@pytest.fixture
def processes(tmp_path, monkeypatch):
    """Starts a command in an environment; gives the prepared process for it. Those of other tests are left alone."""
    monkeypatch.delenv("CHORUS_COLD", raising=False)
    monkeypatch.setattr(prepared, "_processes", {})
    (tmp_path / "script.py").write_text("print('done')\n")

    def process(**environment: str) -> psutil.Process:
        folder = Folder(tmp_path, environment)
        assert folder.run("python", "script.py") == "done\n"
        (found,) = prepared._processes[frozenset(folder.environment.items())].found()
        return found

    with prepared.processes():
        yield process


def test_that_of_the_plain_environment_lives_on_and_those_of_others_end(processes, tmp_path):
    plain, other = processes(), processes(HOME=str(tmp_path))
    assert plain != other
    prepared.end_all_but(Folder(tmp_path).environment)
    assert plain.is_running() and not other.is_running()
    assert processes() == plain


@pytest.mark.parametrize("why", ["it has ended", "it has grown"])
def test_one_that_serves_no_longer_makes_room_for_a_new_one(processes, tmp_path, monkeypatch, why):
    first = processes()
    if why == "it has ended":
        first.kill()
        # until the machine has ended it, which it is not told of, it is reached as before
        while first.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    else:
        monkeypatch.setattr(prepared, "MOST_BYTES", 1)
    prepared.end_all_but(Folder(tmp_path).environment)
    assert processes() != first
