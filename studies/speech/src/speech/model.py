"""An audio language model that was loaded from a folder, and how likely it finds answers to a question about sounds.

*Logit scoring*: the log-probability of each allowed answer is read off one forward pass, in place of generating text
and guessing what it means. Rules that the original broke, each of which moved its figures: prompts are padded on the
left; the tokens of an answer are those that follow this very prompt ("A" and " A" differ); an answer of several tokens
counts with all of them; a clip that gives no audio tokens, or is longer than the model hears, is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from chorus.cpu_torchaudio import torchaudio
from chorus.errors import DataError, ModelError, ParameterError
from chorus.options import options
from chorus.roots import Roots

Floats = NDArray[np.float64]
Sounds = Sequence[NDArray[np.float32]]

SHORTEST = 320  # samples; of so many or fewer, the encoder makes no token
_HEARD_AT_ONCE = 256  # sounds: the extractor copies them several times
IGNORED = -100  # the label of a token that no loss is taken of


@options
class ModelOptions:
    """path: a folder as Hugging Face writes it, of a Qwen2-Audio; "toy": the one that stage `pretrain` makes.
    four_bit: NF4 weights (bitsandbytes, a GPU). batch_size: clips at once."""

    path: Annotated[str, Field(min_length=1)] = "toy"
    four_bit: bool = False
    batch_size: Annotated[int, Field(ge=1)] = 32


@dataclass(frozen=True, eq=False)
class Heard:
    """Mel features of sounds. features: (n, mels, frames). frames: (n,), how many of them hold sound."""

    features: torch.Tensor
    frames: torch.Tensor

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: Sequence[int] | NDArray[np.intp] | slice) -> Heard:
        """Some of them."""
        return Heard(self.features[rows], self.frames[rows])

    @property
    def mask(self) -> torch.Tensor:
        """(n, frames), 1 where there is sound."""
        places = torch.arange(self.features.shape[2])
        return (places[None, :] < self.frames[:, None]).long()

    @property
    def tokens(self) -> list[int]:
        """How many tokens the encoder makes of each: two strides of 2."""
        return (((self.frames - 1) // 2 + 1 - 2) // 2 + 1).tolist()


@dataclass(eq=False)
class AudioModel:
    """A Qwen2-Audio, or one with adapters, and its processor."""

    network: Any
    processor: Any
    batch_size: int = 32

    @property
    def tokenizer(self) -> Any:
        """Of the processor."""
        return self.processor.tokenizer

    def hear(self, sounds: Sounds) -> Heard:
        """Mel features; 16 kHz.

        Raises:
            DataError: a sound of 320 samples or fewer, or longer than the model hears: both would be scored in silence.
        """
        extractor = self.processor.feature_extractor
        for place, sound in enumerate(sounds):
            if not SHORTEST < len(sound) <= extractor.n_samples:
                raise DataError(
                    f"sound {place} has {len(sound)} samples: the model hears more than {SHORTEST},"
                    f" and {extractor.n_samples} at most"
                )
        features, frames = [], []
        for rows in _batches(len(sounds), _HEARD_AT_ONCE):
            with Roots():
                made = extractor(
                    list(sounds[rows]),
                    sampling_rate=extractor.sampling_rate,
                    padding="max_length",
                    return_attention_mask=True,
                    return_tensors="pt",
                )
            features.append(made["input_features"].float())
            frames.append(made["attention_mask"].sum(dim=1))
        return Heard(torch.cat(features), torch.cat(frames))

    def tokens_of(self, prompt: str) -> int:
        """How many tokens a prompt has by itself."""
        return len(self.tokenizer(prompt)["input_ids"])

    def text(self, prompt: str) -> str:
        """What stands before the answer: the chat of Qwen2-Audio, with one sound."""
        return (
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
            f"Audio 1: <|audio_bos|><|AUDIO|><|audio_eos|>\n{prompt}<|im_end|>\n"
            "<|im_start|>assistant\n"
        )

    def answer_tokens(self, prompt: str, answer: str) -> list[int]:
        """The tokens that an answer has after this prompt.

        Raises:
            ModelError: the answer's beginning melts into the prompt's last token, so that it has none of its own.
        """
        before = self.tokenizer(self.text(prompt))["input_ids"]
        after = self.tokenizer(self.text(prompt) + answer)["input_ids"]
        if after[: len(before)] != before or len(after) == len(before):
            raise ModelError(f"the answer {answer!r} has no tokens of its own after the prompt")
        return list(after[len(before) :])

    def inputs(
        self, heard: Heard, prompts: Sequence[str], answers: Sequence[Sequence[int]]
    ) -> dict[str, torch.Tensor]:
        """What the network takes: prompts with their answers' tokens behind them, padded on the left.

        Args:
            prompts: (n,). answers: (n,), the tokens behind each prompt; may be none. `labels` are these tokens.
        """
        audio = "<|AUDIO|>"
        # One <|AUDIO|> for each token of the encoder, as the processor would write it.
        rows, masks, labels = [], [], []
        for tokens, prompt, answer in zip(heard.tokens, prompts, answers, strict=True):
            text = self.text(prompt).replace(audio, audio * tokens)
            row = self.tokenizer(text)["input_ids"]
            rows.append([*row, *answer])
            masks.append([1] * len(rows[-1]))
            labels.append([IGNORED] * len(row) + list(answer))
        return {
            "input_ids": _padded(rows, self.tokenizer.pad_token_id),
            "attention_mask": _padded(masks, 0),
            "labels": _padded(labels, IGNORED),
            "input_features": heard.features,
            "feature_attention_mask": heard.mask,
        }

    def log_probabilities(self, heard: Heard, prompt: str, answers: Sequence[str]) -> Floats:
        """Of each answer to one prompt about each sound, the sum over the answer's tokens: (n, answers).

        Answers that share all but their last token, as A and B do, share a forward pass.
        """
        # Answers of one token share the prompt alone; others differ in what stands before their last.
        sharing: dict[tuple[int, ...], list[tuple[int, list[int]]]] = {}
        for place, answer in enumerate(answers):
            tokens = self.answer_tokens(prompt, answer)
            sharing.setdefault(tuple(tokens[:-1]), []).append((place, tokens))
        found = np.zeros((len(heard), len(answers)))
        for before, which in sorted(sharing.items()):
            for rows in _batches(len(heard), self.batch_size):
                said = self._last(heard.take(rows), prompt, list(before))
                for place, tokens in which:
                    found[rows, place] = _summed(said, tokens)
        return found

    def margins(self, heard: Heard, prompt: str, answers: tuple[str, str]) -> Floats:
        """log p(first answer) - log p(second), (n,): at 0 or above, the first is the model's answer."""
        found = self.log_probabilities(heard, prompt, answers)
        return np.asarray(found[:, 0] - found[:, 1])

    def _last(self, heard: Heard, prompt: str, behind: list[int]) -> torch.Tensor:
        """Log-probabilities of the next token at the last places of the prompt: (n, 1 + behind, vocabulary)."""
        given = self.inputs(heard, [prompt] * len(heard), [behind] * len(heard))
        # With labels, the network would also compute a loss, which nobody asks for.
        del given["labels"]
        device = next(self.network.parameters()).device
        for name, value in given.items():
            given[name] = value.to(device)
        self.network.eval()
        with torch.inference_mode():
            logits = self.network(**given).logits
        # In bfloat16, which has three digits, margins would come in coarse steps.
        return torch.log_softmax(logits[:, -(len(behind) + 1) :].float(), dim=-1).cpu()


def load(folder: Path, given: ModelOptions) -> AudioModel:
    """A Qwen2-Audio from a folder on this machine: the toy, or the real one. Nothing is fetched, nothing unpickled.

    Raises:
        ModelError: there is no such model. ParameterError: 4-bit weights where they cannot be had.
    """
    torchaudio()  # before transformers imports it: see chorus.cpu_torchaudio
    from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

    if not (folder / "config.json").is_file():
        raise ModelError(f"model.path: there is no model in {folder}")
    # Nothing is fetched, and a checkpoint that would have to be unpickled is refused.
    how: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    if given.four_bit:
        how["quantization_config"] = _four_bits()
    elif torch.cuda.is_available():
        how |= {"dtype": torch.bfloat16, "device_map": "cuda"}
    else:
        how["dtype"] = torch.float32
    network = Qwen2AudioForConditionalGeneration.from_pretrained(folder, **how)
    processor = AutoProcessor.from_pretrained(  # type: ignore[no-untyped-call]
        folder, local_files_only=True
    )
    if processor.tokenizer.padding_side != "left":
        processor.tokenizer.padding_side = "left"
    network.eval()  # type: ignore[no-untyped-call]
    return AudioModel(network, processor, given.batch_size)


def _four_bits() -> Any:
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        raise ParameterError(
            "model.four_bit: true is not allowed here: pip install bitsandbytes, and a GPU"
        ) from None
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )


def _batches(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _padded(rows: Sequence[list[int]], filling: int) -> torch.Tensor:
    """(n, longest), filled up on the left: the last place of every row must be where its answer begins."""
    length = max(map(len, rows))
    filled = torch.full((len(rows), length), filling)
    for place, row in enumerate(rows):
        filled[place, length - len(row) :] = torch.tensor(row, dtype=torch.long)
    return filled


def _summed(said: torch.Tensor, tokens: Sequence[int]) -> Floats:
    """(n,): the log-probability of tokens, one after the other."""
    places = torch.arange(len(tokens))
    return np.asarray(said[:, places, torch.tensor(tokens)].double().sum(dim=1).numpy())
