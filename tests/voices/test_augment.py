"""Variants of a sample: what each kind does, that it does nothing when off, and that it is drawn the same again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.seeds import generator
from chorus.voices.augment import AugmentOptions, _warped, augment
from chorus.voices.frames import MELS, levelled, log_mel
from chorus.voices.utterances import SAMPLE_RATE

OFF = {
    "seconds": 0.0, "speed": 0.0, "pitch": 0.0, "room": 0.0, "noise": 0.0, "narrow": 0.0, "bands": 0, "frames": 0,
}  # fmt: skip


def frames(length=200, seed=0):
    return torch.randn(length, MELS, generator=torch.Generator().manual_seed(seed))


def varied(sample, number=0, **on):
    return augment(sample, AugmentOptions(**(OFF | on)), generator(1, "variant", number))


def tone(hertz):
    time = torch.arange(SAMPLE_RATE) / SAMPLE_RATE
    return log_mel(0.1 * torch.sin(2 * np.pi * hertz * time))


def test_with_everything_off_a_sample_is_as_it_is():
    torch.testing.assert_close(varied(frames()), levelled(frames()), rtol=0, atol=0)


@settings(max_examples=25)
@given(st.integers(1, 400), st.integers(0, 50))
def test_any_sample_has_finite_variants_that_come_again(length, number):
    sample = frames(length)
    once, again = (augment(sample, AugmentOptions(), generator(1, number)) for _ in range(2))
    assert torch.equal(once, again)
    assert once.isfinite().all()
    assert once.shape[1] == MELS


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_pitch_moves_a_tone_to_where_it_would_be(factor):
    moved = _warped(tone(1_000.0), factor).mean(dim=0)
    expected = tone(1_000.0 * factor).mean(dim=0)
    assert abs(int(moved.argmax()) - int(expected.argmax())) <= 1


def test_speed_changes_the_length_by_its_share():
    lengths = {len(varied(frames(200), number, speed=0.2)) for number in range(30)}
    assert len(lengths) > 10
    assert min(lengths) >= 200 / 1.2 - 1
    assert max(lengths) <= 200 / 0.8 + 1


def test_a_piece_is_as_long_as_asked_and_never_longer_than_the_sample():
    assert len(varied(frames(500), seconds=3.0)) == 300
    assert len(varied(frames(100), seconds=3.0)) == 100


def test_noise_fills_the_gaps_of_speech_and_a_room_what_follows_a_sound():
    sample = torch.full((200, MELS), -12.0)
    sample[:100] = 0.0
    loud = {"loudest_noise": 5.0, "quietest_noise": 5.0}
    plain = levelled(sample)
    depth = plain[50].mean() - plain[150].mean()
    noisy = varied(sample, noise=1.0, **loud)
    assert noisy[50].mean() - noisy[150].mean() < depth / 4
    echoing = varied(sample, room=1.0)
    assert echoing[105].mean() > echoing[199].mean() + 1


def test_masks_hide_no_more_than_they_may():
    torch.manual_seed(3)
    hidden = varied(frames(200), 3, bands=8, frames=20)
    whole = (hidden == 0).all(dim=0)
    assert 0 < int(whole.sum()) <= 16
    assert 0 < int((hidden == 0).all(dim=1).sum()) <= 40


def test_masks_leave_most_of_a_short_sample():
    for number in range(30):
        hidden = varied(frames(20), number, bands=39, frames=500)
        assert int((hidden == 0).all(dim=1).sum()) <= 10
        assert int((hidden == 0).all(dim=0).sum()) <= 20


def test_switching_one_kind_on_leaves_the_others_as_they_were():
    with_masks = varied(frames(), pitch=0.2, bands=8)
    shown = ~(with_masks == 0).all(dim=0)
    torch.testing.assert_close(with_masks[:, shown], varied(frames(), pitch=0.2)[:, shown])


def test_a_share_of_the_samples_is_heard_as_it_is():
    loud = {"noise": 1.0, "loudest_noise": 5.0, "quietest_noise": 5.0}
    plain = levelled(frames())
    assert torch.equal(varied(frames(), varied=0.0, pitch=0.2, **loud), plain)
    as_they_are = [torch.equal(varied(frames(), n, varied=0.5, **loud), plain) for n in range(60)]
    assert 15 < sum(as_they_are) < 45


def test_noise_limits_must_not_be_crossed():
    with pytest.raises(ValueError, match="loudest_noise"):
        AugmentOptions(loudest_noise=30.0, quietest_noise=10.0)
