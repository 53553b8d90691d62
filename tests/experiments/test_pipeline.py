"""The last stage of a run, where a sweep names none."""

from __future__ import annotations

import pytest

from chorus.errors import ParameterError
from chorus.experiments.pipeline import last_stage

TRAIN = {"cmd": "train", "outs": ["model"]}
EVALUATE = {"cmd": "evaluate", "deps": ["model"], "metrics": ["f1.json"]}
GALLERY = {"cmd": "gallery", "deps": ["model"], "plots": ["g.png"]}


def test_the_last_stage_is_the_one_that_no_other_follows():
    assert last_stage({"stages": {"train": TRAIN, "evaluate": EVALUATE}}) == "evaluate"


def test_where_several_come_last_the_sweep_must_say():
    stages = {"train": TRAIN, "evaluate": EVALUATE, "gallery": GALLERY}
    with pytest.raises(ParameterError, match=r"sweep\.target: missing; .* of evaluate, gallery"):
        last_stage({"stages": stages})
    diagnose = {"cmd": "diagnose", "deps": ["f1.json"]}
    assert last_stage({"stages": stages | {"diagnose": diagnose}}) == "diagnose"
