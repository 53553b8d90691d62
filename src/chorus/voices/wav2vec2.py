"""wav2vec 2.0 (Baevski et al. 2020, arXiv:2006.11477): torchaudio's architecture with a user's weights.

A folder in Hugging Face form (`config.json`, `model.safetensors`) is read without transformers, and never unpickled.
The convolutions stay frozen, so what they hear of a sample is computed once (`listen`) and alone: the published base
model normalises over time there, and padding in a batch would change what is heard. The transformer masks padding.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from chorus.cpu_torchaudio import torchaudio
from chorus.errors import ModelError

_SHORTEST = 400  # samples, of which the convolutions make one frame


def listen(path: str, samples: Tensor) -> Tensor:
    """What the frozen convolutions hear of a sample alone: float16 (frames of 20 ms, channels)."""
    filled = nn.functional.pad(samples, (0, max(0, _SHORTEST - len(samples))))
    model = _kept(path)
    # As Hugging Face's feature extractor does, to the epsilon: the weights know no other sound.
    normed = (filled - filled.mean()) * torch.rsqrt(filled.var(correction=0) + 1e-7)
    heard, _ = model.feature_extractor(normed[None], None)
    return heard[0].half()  # type: ignore[no-any-return]  # torchaudio has no types


def read(folder: Path) -> Any:
    """torchaudio's model with the weights of a folder in Hugging Face form, without its dropout of whole layers.

    Raises:
        ModelError: a file is missing, is none of such a model, or the weights do not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "model.safetensors")
        model = torchaudio().models.wav2vec2_model(**_architecture(config))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"model.wav2vec2.path: {str(folder)!r} holds no wav2vec 2.0 in Hugging Face form "
            f"(config.json, model.safetensors): {error}"
        ) from None
    try:
        model.load_state_dict(_renamed(weights, set(model.state_dict())))
    except RuntimeError as error:
        raise ModelError(
            f"{folder / 'model.safetensors'} does not fit its config: {error}"
        ) from None
    return model.eval()


@lru_cache(maxsize=1)  # of a process
def _kept(path: str) -> Any:
    return read(Path(path))


def _architecture(config: Mapping[str, Any]) -> dict[str, Any]:
    """What Hugging Face calls it -> what torchaudio does."""
    convolutions = zip(
        config["conv_dim"], config["conv_kernel"], config["conv_stride"], strict=True
    )
    return {
        "extractor_mode": {"group": "group_norm", "layer": "layer_norm"}[
            config["feat_extract_norm"]
        ],
        "extractor_conv_layer_config": list(convolutions),
        "extractor_conv_bias": config["conv_bias"],
        "encoder_embed_dim": config["hidden_size"],
        "encoder_projection_dropout": config["feat_proj_dropout"],
        "encoder_pos_conv_kernel": config["num_conv_pos_embeddings"],
        "encoder_pos_conv_groups": config["num_conv_pos_embedding_groups"],
        "encoder_num_layers": config["num_hidden_layers"],
        "encoder_num_heads": config["num_attention_heads"],
        "encoder_attention_dropout": config["attention_dropout"],
        "encoder_ff_interm_features": config["intermediate_size"],
        "encoder_ff_interm_dropout": config["activation_dropout"],
        "encoder_dropout": config["hidden_dropout"],
        "encoder_layer_norm_first": config["do_stable_layer_norm"],
        "encoder_layer_drop": 0.0,
        "aux_num_out": None,
    }


def _renamed(weights: Mapping[str, Tensor], wanted: set[str]) -> dict[str, Tensor]:
    """The weights under torchaudio's names; what belongs to other heads is left out."""
    found = {}
    for name, tensor in weights.items():
        ours = name.removeprefix("wav2vec2.")
        if ours.startswith("feature_projection."):
            ours = f"encoder.{ours}"
        elif ours.startswith("encoder."):
            ours = f"encoder.transformer.{ours.removeprefix('encoder.')}"
        # Both libraries have changed how they spell a normalised weight's size and direction.
        for old, new in (("weight_g", "original0"), ("weight_v", "original1")):
            spelled = ours.replace(f"conv.{old}", f"conv.parametrizations.weight.{new}")
            plain = ours.replace(f"conv.parametrizations.weight.{new}", f"conv.{old}")
            ours = next((one for one in (ours, spelled, plain) if one in wanted), ours)
        if ours in wanted:
            found[ours] = tensor
    return found
