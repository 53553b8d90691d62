"""A tiny Qwen2-Audio: architecture, processor and file format of the real one, at a thirty-thousandth of its size.

Chu et al. 2024, "Qwen2-Audio technical report" (arXiv:2407.10759). What is said of this model holds for this model: it
shows that the study works, and nothing of what seven billion parameters hear.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from chorus.cpu_torchaudio import torchaudio
from chorus.options import options

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|AUDIO|>",
    "<|audio_bos|>",
    "<|audio_eos|>",
)
SECONDS = 2  # that the model hears
MELS = 32
_SPREAD = 0.1  # of the first weights: with 0.02, made for widths of thousands, a narrow model learns nothing for long
HOP = 320  # samples between frames, twice that of the real one: half the tokens, half the time


@options
class ToyOptions:
    """width: of the audio encoder and of the language model. layers: of each. vocabulary: of the tokenizer, at most."""

    width: Annotated[int, Field(ge=16, le=1024)] = 64
    layers: Annotated[int, Field(ge=1, le=32)] = 2
    vocabulary: Annotated[int, Field(ge=300)] = 600


def build(given: ToyOptions, texts: Sequence[str]) -> tuple[Any, Any]:
    """A model of random weights (torch's seed is the caller's) and its processor.

    Args:
        texts: from which the tokenizer is learned: byte pairs, as in Qwen2.
    """
    torchaudio()  # before transformers imports it: see chorus.cpu_torchaudio
    from transformers import (
        Qwen2AudioConfig,
        Qwen2AudioEncoderConfig,
        Qwen2AudioForConditionalGeneration,
        Qwen2Config,
    )

    processor = build_processor(texts, given.vocabulary)
    # As many as were found: short texts give fewer than are allowed.
    size = len(processor.tokenizer)
    audio = Qwen2AudioEncoderConfig(
        num_mel_bins=MELS,
        d_model=given.width,
        encoder_layers=given.layers,
        encoder_attention_heads=4,
        encoder_ffn_dim=2 * given.width,
        initializer_range=_SPREAD,
        max_source_positions=SECONDS * 16_000 // HOP // 2,
    )
    language = Qwen2Config(
        vocab_size=size,
        hidden_size=given.width,
        intermediate_size=2 * given.width,
        num_hidden_layers=given.layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=False,
        initializer_range=_SPREAD,
        bos_token_id=None,
        eos_token_id=processor.tokenizer.convert_tokens_to_ids("<|im_end|>"),
        pad_token_id=processor.tokenizer.pad_token_id,
    )
    config = Qwen2AudioConfig(
        audio_config=audio,
        text_config=language,
        audio_token_index=processor.tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )
    config.pad_token_id = processor.tokenizer.pad_token_id
    model = Qwen2AudioForConditionalGeneration(config)
    model.generation_config.eos_token_id = language.eos_token_id
    model.generation_config.pad_token_id = language.pad_token_id
    model.eval()  # type: ignore[no-untyped-call]
    return model, processor


def build_processor(texts: Sequence[str], vocabulary: int) -> Any:
    """Mel features of 2 s and a byte-level tokenizer that pads on the left."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2AudioProcessor, WhisperFeatureExtractor

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        # Sorted: it comes in another order in each process, and would number the tokens anew.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        padding_side="left",
        additional_special_tokens=list(SPECIAL[1:]),
    )
    heard = WhisperFeatureExtractor(  # type: ignore[no-untyped-call]
        feature_size=MELS, chunk_length=SECONDS, hop_length=HOP
    )
    return Qwen2AudioProcessor(  # type: ignore[no-untyped-call]
        feature_extractor=heard, tokenizer=fast
    )


def save(model: Any, processor: Any, folder: Path) -> None:
    """As Hugging Face writes a checkpoint: safetensors and JSON."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
