"""Readouts of scores: perfect outputs decode to the exact score, and losses are those of others' implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from chorus.errors import ParameterError
from chorus.training import readouts
from chorus.training.readouts import LOSSES, Scale, at_least, losses, readout, two_steps

SCALE = Scale(0, 10)
NAMES = list(LOSSES)
RANDOM = np.random.default_rng(1)
WHOLE = torch.tensor([0, 1, 4, 9, 10, 7], dtype=torch.float32)
LOGITS = torch.from_numpy(RANDOM.normal(size=(6, 11)).astype(np.float32))


@pytest.mark.parametrize("name", NAMES)
@given(scores=st.lists(st.floats(0, 10, width=32), min_size=1, max_size=20))
@settings(deadline=None, max_examples=30)
def test_perfect_outputs_decode_to_the_exact_score(name, scores):
    read = readout(name, SCALE)
    truth = torch.tensor([*scores, 0.0, 9.0, 9.5, 10.0])
    outputs = read.perfect(truth)
    assert outputs.shape == (len(truth), read.size)
    assert torch.allclose(read.scores(outputs), truth, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_score_is_never_upside_down(name):
    """The fault of the study's source: what was learned as P(y >= k) was decoded as P(y <= k)."""
    read = readout(name, SCALE)
    outputs = torch.zeros(1, read.size, requires_grad=True)
    for _ in range(400):
        loss = losses(LOSSES[name][0], outputs, torch.tensor([10.0]), read, SCALE).mean()
        (gradient,) = torch.autograd.grad(loss, outputs)
        outputs = (outputs - gradient).detach().requires_grad_()
    assert read.scores(outputs).item() > 9


PROPER = [
    (name, loss) for name in NAMES for loss in LOSSES[name] if loss != "beta_nll"
]  # that is none: see the paper


@pytest.mark.parametrize(("name", "loss"), PROPER)
def test_no_loss_is_lower_than_that_of_perfect_outputs(name, loss):
    read = readout(name, SCALE)
    perfect = losses(loss, read.perfect(WHOLE), WHOLE, read, SCALE)
    for _ in range(20):
        other = read.perfect(WHOLE).clamp(-5, 11) + torch.randn(len(WHOLE), read.size)
        assert (losses(loss, other, WHOLE, read, SCALE) >= perfect - 1e-4).all()


def test_a_score_between_two_steps_is_half_of_each():
    nearly = two_steps(torch.tensor([9.5]), SCALE)
    assert nearly[0, 9:].tolist() == [0.5, 0.5] and nearly.sum() == 1
    assert at_least(torch.tensor([9.5]), SCALE)[0].tolist() == [1.0] * 9 + [0.5]


def test_cross_entropy_and_the_gaussian_likelihood_are_torchs():
    read = readout("standard", SCALE)
    assert torch.allclose(
        losses("ce", LOGITS, WHOLE, read, SCALE),
        functional.cross_entropy(LOGITS, WHOLE.long(), reduction="none"),
    )
    outputs = LOGITS[:, :2]
    likelihood = torch.nn.GaussianNLLLoss(reduction="none")(
        outputs[:, 0], WHOLE, outputs[:, 1].exp()
    )
    assert torch.allclose(readouts.gaussian_nll(outputs, WHOLE), likelihood, rtol=1e-5)


def test_the_cumulative_loss_is_corals():
    from coral_pytorch.dataset import levels_from_labelbatch
    from coral_pytorch.losses import coral_loss

    logits = LOGITS[:, :10]
    levels = levels_from_labelbatch(WHOLE.long(), num_classes=11)
    assert torch.equal(levels, at_least(WHOLE, SCALE))
    ours = losses("cumulative_bce", logits, WHOLE, readout("ordinal", SCALE), SCALE)
    assert torch.allclose(ours * 10, coral_loss(logits, levels, reduction=None), rtol=1e-5)


def test_focal_and_hybrid_are_what_the_report_says():
    read = readout("standard", SCALE)
    chances = functional.softmax(LOGITS, dim=1)
    of_truth = chances[torch.arange(6), WHOLE.long()]
    assert torch.allclose(
        losses("focal", LOGITS, WHOLE, read, SCALE), -((1 - of_truth) ** 2) * of_truth.log()
    )
    expected = (chances * torch.arange(11.0)).sum(dim=1)
    hybrid = -of_truth.log() + 0.1 * (expected - WHOLE) ** 2
    assert torch.allclose(losses("hybrid", LOGITS, WHOLE, read, SCALE), hybrid, rtol=1e-5)


def test_beta_nll_has_the_gradient_of_the_paper():
    """Seitzer et al. 2022, equation 5: with beta 0.5, the mean's gradient is (m - y) / s."""
    outputs = torch.tensor([[3.0, 1.2]], requires_grad=True)
    (gradient,) = torch.autograd.grad(
        readouts.beta_nll(outputs, torch.tensor([5.0])).sum(), outputs
    )
    assert gradient[0, 0].item() == pytest.approx(-2 / np.exp(0.6), rel=1e-5)


@pytest.mark.parametrize("name", ["standard", "ordinal"])
def test_variances_are_those_of_the_distribution(name):
    chances = torch.softmax(LOGITS.double(), dim=1)
    steps = torch.arange(11.0, dtype=torch.float64)
    mean = chances @ steps
    expected = chances @ steps**2 - mean**2
    cumulative = torch.flip(torch.cumsum(torch.flip(chances, [1]), dim=1), [1])[:, 1:]
    outputs = chances.log() if name == "standard" else torch.logit(cumulative)
    read = readout(name, SCALE)
    assert torch.allclose(read.variances(outputs), expected, rtol=1e-4)
    assert torch.allclose(read.scores(outputs), mean, rtol=1e-5)


def test_a_loss_that_the_model_has_not_is_refused():
    with pytest.raises(
        ParameterError,
        match=r"train.loss: 'ce' is not allowed: of the model ordinal: cumulative_bce",
    ):
        readouts.refuse_misfit("ordinal", "ce", "train.loss")
