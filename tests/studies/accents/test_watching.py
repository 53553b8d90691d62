"""Who watches sees each epoch of the training under way, also of one that begins while they watch."""

from __future__ import annotations

import pytest
import watch

from accents import live, watching
from chorus.health.options import HealthOptions


@pytest.fixture(autouse=True)
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    live.FOLDER.mkdir(parents=True)
    live.SAID.write_bytes(b"of a training that was killed")


def test_before_the_first_epoch_of_another_training_there_is_nothing_to_see():
    """DVC has deleted the curves; what the killed training said lies there still."""
    assert watching.page(HealthOptions(), 0.5) == (0, "")


def test_every_epoch_is_shown_once_and_those_of_the_next_training_too(monkeypatch, capsys):
    said = [(0, ""), (1, "a"), (1, "a"), (2, "b"), (0, ""), (1, "c")]

    def page(*_given: object) -> tuple[int, str]:
        if len(said) == 1:
            live.SAID.unlink()
        return said.pop(0)

    monkeypatch.setattr(watch, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(watch.watching, "page", page)
    monkeypatch.setattr(watch.stage, "params", {"health": {}, "train.gradient_clip": 0.5}.get)
    watch.main()
    shown = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert shown == ["epoch 1", "epoch 2", "epoch 1"]
    assert watch.PAGE.read_text() == "c"
