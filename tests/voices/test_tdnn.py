"""The network: what it says of a sample does not depend on its neighbours, and it can learn."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.voices.frames import levelled, log_mel
from chorus.voices.sequences import batch
from chorus.voices.tdnn import AttentiveStatistics, Tdnn, TdnnOptions

SMALL = TdnnOptions(channels=16, attention=8, embedding=16, dropout=0.0)


def network(classes=8):
    torch.manual_seed(1)
    return Tdnn(classes, SMALL).eval()


def frames(length, seed=0):
    return torch.randn(length, 40, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=20)
@given(st.lists(st.integers(1, 120), min_size=1, max_size=5))
@torch.no_grad()
def test_a_samples_logits_are_those_that_it_has_alone(lengths):
    samples = [frames(length, seed) for seed, length in enumerate(lengths)]
    together = network()(*batch(samples))
    for number, sample in enumerate(samples):
        torch.testing.assert_close(
            together[number], network()(*batch([sample]))[0], rtol=1e-5, atol=1e-6
        )


@torch.no_grad()
def test_what_lies_in_the_padding_is_never_heard():
    filled, lengths = batch([frames(30), frames(90, 1)])
    clean = network()(filled, lengths)
    filled[0, 30:] = 1_000.0
    torch.testing.assert_close(network()(filled, lengths), clean, rtol=0, atol=0)
    assert not torch.allclose(network()(filled, torch.tensor([90, 90])), clean)


@torch.no_grad()
def test_pooling_with_equal_weights_is_mean_and_deviation():
    pooling = AttentiveStatistics(3, 4)
    for weight in pooling.parameters():
        weight.zero_()
    hidden = torch.randn(1, 3, 50)
    pooled = pooling(hidden, torch.ones(1, 1, 50, dtype=torch.bool))[0]
    torch.testing.assert_close(pooled[:3], hidden[0].mean(dim=1))
    torch.testing.assert_close(pooled[3:], hidden[0].std(dim=1, correction=0), rtol=1e-4, atol=1e-4)


def test_gradients_do_not_depend_on_padding_either():
    def gradient(length):
        model = network().train()
        padded = torch.nn.functional.pad(frames(40), (0, 0, 0, length - 40))[None]
        model(padded, torch.tensor([40]))[0, 0].backward()
        return torch.cat(
            [weight.grad.flatten() for weight in model.parameters() if weight.grad is not None]
        )

    torch.testing.assert_close(gradient(40), gradient(140), rtol=1e-4, atol=1e-6)


def test_frames_are_ten_milliseconds_apart_and_without_their_level():
    samples = torch.randn(16_000, generator=torch.Generator().manual_seed(0)) * 0.1
    quiet = levelled(log_mel(samples * 0.5))
    assert quiet.shape == (101, 40)
    torch.testing.assert_close(levelled(log_mel(samples)), quiet, atol=0.05, rtol=0)
    assert log_mel(torch.zeros(10)).isfinite().all()


@pytest.mark.parametrize("seed", [1, 2])
def test_it_learns_what_can_be_learned(seed):
    torch.manual_seed(seed)
    model, labels = Tdnn(2, SMALL), torch.arange(16) % 2
    samples = [frames(40 + number, number) + 0.5 * (number % 2) for number in range(16)]
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(*batch(samples)), labels).backward()
        optimizer.step()
    unseen = [frames(60, 100 + number) + 0.5 * (number % 2) for number in range(16)]
    assert (model.eval()(*batch(unseen)).argmax(dim=1) == labels).float().mean() > 0.9
