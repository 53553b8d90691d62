"""Logit scoring: the same whatever stands in the batch, equal to constrained generation, an error where it must be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import LogitsProcessor, LogitsProcessorList

from chorus.errors import DataError, ModelError, ParameterError
from chorus.metrics.temperature import probability
from speech import model as models
from speech import toy
from speech.model import AudioModel, ModelOptions
from speech_toys import LETTERS, PROMPT, noises, random_toy


@pytest.fixture(scope="module")
def model() -> AudioModel:
    return random_toy()


@pytest.fixture(scope="module")
def thousand(model: AudioModel) -> models.Heard:
    """Of several lengths, so that batches have to be padded."""
    sounds = noises(1000)
    lengths = np.random.default_rng(2).integers(800, 32_000, 1000)
    return model.hear([sound[:length] for sound, length in zip(sounds, lengths, strict=True)])


class Allowed(LogitsProcessor):
    """Nothing but these tokens may be said."""

    def __init__(self, tokens: list[int]) -> None:
        self.tokens = tokens

    def __call__(
        self,
        input_ids: torch.Tensor,  # noqa: ARG002
        scores: torch.Tensor,
    ) -> torch.Tensor:
        allowed = torch.full_like(scores, -torch.inf)
        allowed[:, self.tokens] = scores[:, self.tokens]
        return allowed


def generated(model: AudioModel, heard: models.Heard, prompt: str = PROMPT) -> list[int]:
    tokens = [model.answer_tokens(prompt, answer)[0] for answer in LETTERS]
    only = LogitsProcessorList([Allowed(tokens)])
    said = []
    for start in range(0, len(heard), 50):
        part = heard.take(slice(start, start + 50))
        given = model.inputs(part, [prompt] * len(part), [[]] * len(part))
        del given["labels"]
        made = model.network.generate(
            **given, max_new_tokens=1, do_sample=False, logits_processor=only
        )
        said += [tokens.index(int(row[-1])) for row in made]
    return said


def test_constrained_generation_and_logit_scoring_agree_on_1000_of_1000_clips(model, thousand):
    margins = model.margins(thousand, PROMPT, LETTERS)
    centred = AudioModel(model.network, model.processor, model.batch_size)
    assert [int(margin < 0) for margin in margins] == generated(centred, thousand)
    assert np.std(margins) > 1e-4


SPACING = 2**-9  # of bfloat16 between 1/4 and 1/2, where these logits are


@pytest.fixture
def some(thousand: models.Heard) -> models.Heard:
    return thousand.take(slice(0, 100))


@pytest.fixture
def undecided(some: models.Heard) -> AudioModel:
    """A toy that finds B about as likely as A: over these sounds the mean of the margins is 0."""
    made = random_toy(batch_size=50)
    weights = made.network.lm_head.weight.detach()
    (a,), (b,) = (made.answer_tokens(PROMPT, answer) for answer in LETTERS)
    steps = 0.02 * torch.randn(2, weights.shape[1], generator=torch.Generator().manual_seed(1))
    means = []
    for step in steps:
        weights[b] = weights[a] - step
        means.append(made.margins(some, PROMPT, LETTERS).mean())
    # A margin is linear in the difference of the two rows.
    weights[b] = weights[a] - (steps[0] * means[1] - steps[1] * means[0]) / np.hypot(*means)
    return made


def test_a_repetition_penalty_of_a_checkpoint_changes_what_is_generated_and_no_score(
    undecided, some
):
    """A checkpoint's generation_config.json must not reach a score. The prompt holds an A, and no B as a token."""
    before = undecided.margins(some, PROMPT, LETTERS)
    plain = generated(undecided, some)
    assert plain == [int(margin < 0) for margin in before] and 20 < sum(plain) < 80
    undecided.network.generation_config.repetition_penalty = 1.3
    assert (undecided.margins(some, PROMPT, LETTERS) == before).all()
    penalised = np.array(generated(undecided, some))
    assert (penalised != plain).sum() > 10


def test_in_half_precision_answers_tie_and_only_near_there_may_generation_differ(undecided, some):
    """bfloat16 has few values near a logit: a tie is the first answer, whatever generation makes of it."""
    exact = undecided.margins(some, PROMPT, LETTERS)
    assert (exact != 0).all()  # full precision, as on a CPU, has no ties
    undecided.network.to(torch.bfloat16)
    margins = undecided.margins(some, PROMPT, LETTERS)
    assert 0 < (margins == 0).sum() < len(some)
    said = np.array(generated(undecided, some))
    decided = np.abs(margins) > 4 * SPACING
    assert decided.sum() > 10 and (said[decided] == (margins < 0)[decided]).all()


def test_scores_are_the_same_alone_and_in_a_batch_of_any_lengths(model, thousand):
    some = thousand.take(slice(0, 24))
    alone = AudioModel(model.network, model.processor, batch_size=1)
    assert len({*some.tokens}) > 5  # so the batch of 8 was padded
    for answers in (LETTERS, ("SPEECH", "NONSPEECH")):
        found = model.log_probabilities(some, PROMPT, answers)
        assert found == pytest.approx(alone.log_probabilities(some, PROMPT, answers), abs=1e-4)


def test_padding_on_the_right_would_read_the_answer_off_padding(model, thousand):
    """The original's batches, which took a public figure from 0.58 to 0.18; ours end where the answer begins."""
    some = thousand.take(slice(0, 8))
    given = model.inputs(some, [PROMPT] * 8, [[]] * 8)
    del given["labels"]
    lengths = given["attention_mask"].sum(dim=1)
    padded = lengths < given["input_ids"].shape[1]
    assert padded.sum() >= 6 and (given["attention_mask"][:, -1] == 1).all()
    tokens = [model.answer_tokens(PROMPT, answer)[0] for answer in LETTERS]

    def margins(inputs: dict[str, torch.Tensor]) -> np.ndarray:
        with torch.inference_mode():
            last = model.network(**inputs).logits[:, -1]
        return (last[:, tokens[0]] - last[:, tokens[1]]).numpy()

    right = dict(given)
    for name in ("input_ids", "attention_mask"):
        rows = zip(given[name], lengths.tolist(), strict=True)
        right[name] = torch.stack([torch.roll(row, length) for row, length in rows])
    ours = model.margins(some, PROMPT, LETTERS)
    assert margins(given) == pytest.approx(ours, abs=1e-4)
    assert (np.abs(margins(right) - ours)[padded.numpy()] > 0.01).all()


def test_what_the_network_gets_is_what_its_own_processor_makes(model):
    sounds = [
        sound[:length] for sound, length in zip(noises(3), (32_000, 9_000, 20_000), strict=True)
    ]
    text = [model.text(PROMPT)] * 3
    golden = model.processor(
        text=text, audio=sounds, sampling_rate=16_000, padding=True, return_tensors="pt"
    )
    ours = model.inputs(model.hear(sounds), [PROMPT] * 3, [[]] * 3)
    for name, value in golden.items():
        if name in ours:
            # sounds but for the last digits of a logarithm, which are the CPU's in theirs (`chorus.roots`)
            torch.testing.assert_close(ours[name].to(value.dtype), value, rtol=0, atol=1e-6)
    assert {"input_ids", "attention_mask", "input_features", "feature_attention_mask"} <= {*golden}


@pytest.mark.parametrize("samples", [0, 1, 320, 32_001, 480_000])
def test_clips_of_320_samples_or_fewer_or_longer_than_is_heard_are_errors(model, samples):
    with pytest.raises(DataError, match=f"{samples} samples"):
        model.hear([*noises(1), np.zeros(samples, np.float32)])
    assert len(model.hear(noises(1, 321))) == 1


def test_a_letter_after_a_space_is_another_token_and_tokens_are_those_after_the_prompt(model):
    plain, spaced = (model.answer_tokens(PROMPT, answer) for answer in ("A", " A"))
    assert plain != spaced
    before = model.tokenizer(model.text(PROMPT))["input_ids"]
    assert model.tokenizer(model.text(PROMPT) + "A")["input_ids"] == before + plain


def test_an_answer_without_tokens_of_its_own_is_refused(model):
    with pytest.raises(ModelError, match="no tokens of its own"):
        model.answer_tokens(PROMPT, "")


def test_answers_of_several_tokens_count_with_all_of_them(model, thousand):
    answer = "steady speech"
    tokens = model.answer_tokens(PROMPT, answer)
    assert len(tokens) > 2
    some = thousand.take(slice(0, 3))
    slow = np.zeros(3)
    for place, token in enumerate(tokens):
        given = model.inputs(some, [PROMPT] * 3, [tokens[:place]] * 3)
        del given["labels"]
        with torch.inference_mode():
            last = model.network(**given).logits[:, -1].float()
        slow += torch.log_softmax(last, -1)[:, token].double().numpy()
    fast = model.log_probabilities(some, PROMPT, [answer, "A"])
    assert fast[:, 0] == pytest.approx(slow, abs=1e-4)


def test_a_sweep_of_thresholds_is_not_flat_as_probabilities_are_read_off_the_model(model, thousand):
    """The original wrote 0.1 and 0.9 for every answer, so that any threshold between gave the same."""
    p = probability(model.margins(thousand.take(slice(0, 100)), PROMPT, LETTERS))
    assert len(np.unique(p.round(6))) > 90
    middle = np.quantile(p, [0.25, 0.5, 0.75])
    assert len({int((p >= threshold).sum()) for threshold in middle}) == 3


def test_a_saved_checkpoint_loads_to_the_same_scores_and_nothing_is_pickled(
    model, thousand, tmp_path
):
    toy.save(model.network, model.processor, tmp_path / "base")
    assert {path.suffix for path in (tmp_path / "base").iterdir()} <= {
        ".json",
        ".safetensors",
        ".jinja",
    }
    again = models.load(tmp_path / "base", ModelOptions(batch_size=8))
    some = thousand.take(slice(0, 16))
    assert (again.margins(some, PROMPT, LETTERS) == model.margins(some, PROMPT, LETTERS)).all()
    assert again.processor.tokenizer.padding_side == "left"
    with pytest.raises(ParameterError, match="bitsandbytes"):
        models.load(tmp_path / "base", ModelOptions(four_bit=True))


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ModelError, match="no model in"):
        models.load(tmp_path, ModelOptions())
