"""Every confuser is a real sound in the band that it claims."""

import numpy as np
import pytest

from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES
from chorus.demo.confusers import CONFUSERS
from chorus.demo.places import SITES


def test_there_are_at_least_eight_and_every_site_names_only_known_ones():
    assert len(CONFUSERS) >= 8
    for site in SITES.values():
        assert {*site.confusers, *site.ambient} <= set(CONFUSERS)


@pytest.mark.parametrize("name", CONFUSERS)
def test_a_confuser_is_finite_audible_and_where_it_should_be(name):
    draw, (low, high) = CONFUSERS[name]
    tracks = [draw(np.random.default_rng(seed)) for seed in range(25)]
    for track in tracks:
        assert (
            track.shape == (WINDOW_SAMPLES,)
            and track.dtype == np.float32
            and np.isfinite(track).all()
        )
        power = np.abs(np.fft.rfft(track)) ** 2
        frequencies = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE)
        inside = power[(frequencies >= low) & (frequencies <= high)].sum()
        assert inside > 0.35 * power.sum() > 0
    assert len({track.tobytes() for track in tracks}) == len(tracks)


def test_a_confuser_depends_on_its_random_stream_alone():
    for draw, _ in CONFUSERS.values():
        assert np.array_equal(draw(np.random.default_rng(3)), draw(np.random.default_rng(3)))
