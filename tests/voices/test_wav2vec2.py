"""A tiny checkpoint in Hugging Face form: heard as transformers does, alone as in a batch; what is frozen stays."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from chorus.cpu_torchaudio import torchaudio
from chorus.errors import ModelError, ParameterError
from chorus.seeds import derive
from chorus.tasks import Classification
from chorus.voices.augment import AugmentOptions
from chorus.voices.finetuning import Classifier, Features, LoraOptions, Wav2Vec2Options
from chorus.voices.networks import ModelOptions, kind_of, load, save
from chorus.voices.training import Spoken, TrainOptions, train
from chorus.voices.wav2vec2 import listen, read

CONFIG = {
    "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24,
    "conv_dim": [8, 8], "conv_kernel": [10, 8], "conv_stride": [20, 16], "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2, "vocab_size": 5, "num_feat_extract_layers": 2, "mask_time_prob": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module", params=["group", "layer"])
def published(request, tmp_path_factory):
    """The model by transformers, and its folder; of either kind of normalisation."""
    torchaudio()  # or transformers would import it and die
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(1)
    stable = request.param == "layer"
    config = Wav2Vec2Config(
        feat_extract_norm=request.param, do_stable_layer_norm=stable, conv_bias=stable, **CONFIG
    )
    model = Wav2Vec2Model(config).eval()
    folder = tmp_path_factory.mktemp(request.param)
    model.save_pretrained(folder, safe_serialization=True)
    return model, folder


def sound(samples=8_000, seed=0):
    return torch.randn(samples, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_it_hears_what_transformers_hears(published):
    model, folder = published
    samples = sound()
    expected = model(samples[None]).last_hidden_state
    ours, _ = read(folder)(samples[None])
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_samples_logits_do_not_depend_on_its_batch(published):
    _, folder = published
    network = Classifier(3, Wav2Vec2Options(path=str(folder))).eval()
    hearing = kind_of(ModelOptions(encoder="wav2vec2"), AugmentOptions()).hearing
    heard = [listen(str(folder), sound(length)).float() for length in (900, 4_000, 9_000)]
    together = network(*hearing.batch(heard))
    for number, one in enumerate(heard):
        alone = network(*hearing.batch([one]))[0]
        torch.testing.assert_close(together[number], alone, rtol=1e-4, atol=1e-5)


def test_only_the_last_layers_learn_and_a_saved_network_says_the_same(published, tmp_path):
    _, folder = published
    options = ModelOptions(
        encoder="wav2vec2", wav2vec2=Wav2Vec2Options(path=str(folder), unfrozen=1)
    )
    kind, task = kind_of(options, AugmentOptions(frames=20)), Classification(("a", "b", "c"))
    heard = [
        listen(str(folder), sound(4_000 + 100 * number, number)).float() for number in range(12)
    ]
    ids = np.array([str(number) for number in range(12)])
    part = Spoken(heard, np.arange(12) % 3, ids, ids)
    training = TrainOptions(epochs=2, batch_size=4, learning_rate=0.01)
    trained = train(lambda: kind.make(3), kind.hearing, part, part, task, training, 1)
    before, after = read(folder).encoder, trained.network.encoder
    moved = [
        not torch.equal(old, new)
        for old, new in zip(before.parameters(), after.parameters(), strict=True)
    ]
    layers = [
        name.split("layers.")[1][0]
        for (name, _), new in zip(before.named_parameters(), moved, strict=True)
        if new
    ]
    assert set(layers) == {"2"}
    about = task.description() | {
        "model": {"encoder": "wav2vec2", "wav2vec2": {"path": str(folder)}}
    }
    save(tmp_path / "model", trained.network, about)
    again = load(tmp_path / "model").network
    with torch.no_grad():
        said = [network(*kind.hearing.batch(heard)) for network in (trained.network, again)]
    torch.testing.assert_close(*said, rtol=0, atol=0)


@pytest.mark.parametrize("varied", [0.0, 0.5, 1.0])
def test_as_many_samples_get_masks_as_are_to_be_varied(varied):
    """As for log-mel frames: the others are only cut."""
    hearing = Features(AugmentOptions(seconds=1.0, varied=varied, frames=60))
    random = np.random.default_rng(1)
    parts = [hearing.varied(torch.ones(100, 4), random) for _ in range(200)]
    assert {len(part) for part in parts} == {50}
    masked = np.mean([bool((part == 0).any()) for part in parts])
    assert masked == pytest.approx(varied, abs=0.1)


def test_more_layers_than_there_are_cannot_learn(published):
    _, folder = published
    with pytest.raises(ParameterError, match=r"unfrozen: 4 is not allowed: it has 3 layers"):
        Classifier(3, Wav2Vec2Options(path=str(folder), unfrozen=4))
    network = Classifier(3, Wav2Vec2Options(path=str(folder), unfrozen=3))
    assert all(one.requires_grad for one in network.encoder.transformer.layers.parameters())


def learned(network, before):
    """The names of what is another than in the network before."""
    known = dict(before.named_parameters())
    return {name for name, now in network.named_parameters() if not torch.equal(now, known[name])}


def test_low_rank_changes_learn_while_the_published_weights_stay(published, tmp_path):
    _, folder = published
    adapted = Wav2Vec2Options(path=str(folder), unfrozen=1, lora=LoraOptions(rank=2))
    options = ModelOptions(encoder="wav2vec2", wav2vec2=adapted)
    kind, task = kind_of(options, AugmentOptions(frames=20)), Classification(("a", "b", "c"))
    heard = [listen(str(folder), sound(4_000, number)).float() for number in range(12)]
    ids = np.array([str(number) for number in range(12)])
    part = Spoken(heard, np.arange(12) % 3, ids, ids)
    with torch.no_grad():
        start = kind.make(3).eval().encoder(heard[0][None], None)
        untouched = read(folder).encoder(heard[0][None], None)
    torch.testing.assert_close(
        start, untouched
    )  # a change that has learned nothing changes nothing
    torch.manual_seed(derive(1, "train", "init"))
    before = kind.make(3)
    training = TrainOptions(epochs=2, batch_size=4, learning_rate=0.01)
    trained = train(lambda: kind.make(3), kind.hearing, part, part, task, training, 1)
    in_encoder = {name for name in learned(trained.network, before) if "encoder" in name}
    assert in_encoder
    assert all("layers.2.attention" in name and "lora_" in name for name in in_encoder)
    about = task.description() | {"model": asdict(options)}
    save(tmp_path / "model", trained.network, about)
    again = load(tmp_path / "model").network
    with torch.no_grad():
        said = [network(*kind.hearing.batch(heard)) for network in (trained.network, again)]
    torch.testing.assert_close(*said, rtol=0, atol=0)


def test_a_folder_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="in Hugging Face form"):
        read(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 4}))
    with pytest.raises(ModelError, match="safetensors"):
        read(tmp_path)
