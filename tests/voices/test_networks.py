"""Networks on disk: the same logits again, and no torn or strange pair of files."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch

from chorus.errors import ModelError
from chorus.tasks import Classification
from chorus.voices.augment import AugmentOptions
from chorus.voices.frames import MELS
from chorus.voices.listening import dimensions
from chorus.voices.networks import ModelOptions, kind_of, load, save
from chorus.voices.tdnn import TdnnOptions

TASK = Classification(("a", "b", "c"))
MODEL = ModelOptions(tdnn=TdnnOptions(channels=8, attention=4, embedding=8))


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(1)
    network = kind_of(MODEL, AugmentOptions()).make(3).eval()
    save(tmp_path / "model", network, TASK.description() | {"model": asdict(MODEL)})
    return network, tmp_path / "model"


@torch.no_grad()
def test_it_says_the_same_again(saved):
    network, path = saved
    again = load(path)
    heard = torch.randn(2, 50, MELS), torch.tensor([50, 30])
    torch.testing.assert_close(again.network(*heard), network(*heard), rtol=0, atol=0)
    assert again.task == TASK


def test_files_that_do_not_fit_are_refused(saved):
    _, path = saved
    weights = path.with_suffix(".safetensors")
    content = weights.read_bytes()
    weights.write_bytes(content[:-4])
    with pytest.raises(ModelError, match="damaged, or belongs to another"):
        load(path)
    weights.write_bytes(content)
    config = json.loads(path.with_suffix(".json").read_text())
    config["model"]["tdnn"]["channels"] = 16
    path.with_suffix(".json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="holds another network"):
        load(path)
    path.with_suffix(".json").write_text(json.dumps(config | {"task": "cooking"}))
    with pytest.raises(ModelError, match="describes no network"):
        load(path)
    weights.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load(path)


@torch.no_grad()
@pytest.mark.parametrize("encoder", ["logmel", "birdnet"])
def test_a_frozen_encoders_head_judges_a_sample_as_in_any_batch(encoder):
    kind = kind_of(ModelOptions(encoder=encoder), AugmentOptions())
    network, size = kind.make(3).eval(), dimensions(encoder)
    heard = [torch.randn(windows, size) for windows in (1, 2, 4)]
    together = network(*kind.hearing.batch(heard))
    for number, one in enumerate(heard):
        torch.testing.assert_close(together[number], network(*kind.hearing.batch([one]))[0])
