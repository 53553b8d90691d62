"""Clips are deterministic, all different, and as noisy as their quality says."""

import hashlib
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES
from chorus.demo import DemoOptions, PlannedClip, plan
from chorus.demo.nights import Event
from chorus.demo.scene import SPAN, Scene, frame_power, render
from chorus.parallel import each

# of every 400th clip of the default demo: changes with the demo
GOLDEN_AUDIO = "4f6c0c55da3a09a46d139c91948860d51a8211fbbe0e8c73adb5e4e8a556bc5f"
SCENE = Scene(seed=7, recorder="Moth03", night="2021-03-02", number=0, call=None, confusers=())


def content(clip: PlannedClip) -> str:
    return hashlib.sha256(clip.samples().tobytes()).hexdigest()


@pytest.fixture(scope="module")
def clips() -> list[PlannedClip]:
    return plan(DemoOptions())


def frames(samples: np.ndarray, low: float, high: float) -> np.ndarray:
    """Power of each 20-ms frame between `low` and `high` Hz, by filtering in time."""
    taps = signal.firwin(4801, (low, high), pass_zero=False, fs=SAMPLE_RATE)
    filtered = signal.oaconvolve(samples.astype(np.float64), taps, mode="same")
    return (filtered[:WINDOW_SAMPLES] ** 2).reshape(150, -1).mean(axis=1)


def test_a_clip_is_three_seconds_of_16_bits_between_minus_36_and_minus_3_dbfs(clips):
    for clip in clips[::211]:
        samples = clip.samples()
        assert samples.shape == (WINDOW_SAMPLES,) and samples.dtype == np.int16
        peak_db = 20 * np.log10(np.abs(samples.astype(float)).max() / 32767)
        assert -36.1 <= peak_db <= -2.9


def test_samples_do_not_depend_on_the_process_or_the_order(clips):
    some = clips[::353]
    here = [content(clip) for clip in some]
    assert [content(clip) for clip in reversed(some)] == here[::-1]
    assert each(content, some, workers=2) == here


def test_another_seed_night_or_number_is_another_clip():
    others = [
        SCENE,
        replace(SCENE, seed=8),
        replace(SCENE, night="2021-03-03"),
        replace(SCENE, number=1),
    ]
    assert len({render(scene).tobytes() for scene in others}) == len(others)


def test_all_contents_are_different(clips):
    some = clips[:60] + clips[-60:] + clips[::97]
    unique = {(clip.scene.recorder, clip.scene.night, clip.scene.number): clip for clip in some}
    assert len({content(clip) for clip in unique.values()}) == len(unique)


def test_frame_power_agrees_with_filtering_in_time():
    noise = np.random.default_rng(0).standard_normal(SPAN).astype(np.float32)
    swelling = noise * np.repeat(np.linspace(0.2, 2, SPAN // 4800), 4800).astype(np.float32)
    fast, slow = frame_power(np.fft.rfft(swelling), (300, 900)), frames(swelling, 300, 900)
    assert np.corrcoef(fast, slow)[0, 1] > 0.97
    assert fast.mean() == pytest.approx(slow.mean(), rel=0.03)


def measured_snr(samples: np.ndarray) -> float:
    """The definition of a quality's signal-to-noise ratio, taken from the finished clip."""
    power = frames(samples, 300, 900)
    return float(10 * np.log10(power.max() / np.percentile(power, 30)))


@pytest.mark.parametrize("call_type", ["grunt", "growl", "both"])
@pytest.mark.parametrize("snr_db", [12.0, 16.0, 24.0])
def test_a_call_stands_as_far_above_the_background_as_planned(call_type, snr_db):
    scenes = [replace(SCENE, number=number, call=Event(call_type, snr_db)) for number in range(6)]
    found = [measured_snr(render(scene)) for scene in scenes]
    assert np.mean(found) == pytest.approx(snr_db, abs=2)


def test_high_quality_stands_out_more_than_medium_and_medium_more_than_low(clips):
    found = {}
    for quality in ("high", "medium", "low"):
        plain = [
            clip for clip in clips if clip.meta["quality"] == quality and not clip.scene.confusers
        ]
        found[quality] = np.median(
            [measured_snr(clip.samples()) for clip in plain[:: len(plain) // 20]]
        )
    assert found["high"] > found["medium"] + 3 > found["low"] + 5
    assert found["high"] == pytest.approx(20, abs=3) and found["medium"] == pytest.approx(
        12, abs=2.5
    )


def test_a_confuser_is_added_at_its_level_in_its_band():
    quiet = frames(render(SCENE), 1500, 2100)
    toad = frames(render(replace(SCENE, confusers=(Event("toad", 20.0),))), 1500, 2100)
    assert 10 * np.log10(quiet.max() / np.percentile(quiet, 30)) < 8
    assert 10 * np.log10(toad.max() / np.percentile(toad, 5)) > 10


def test_the_ood_site_sounds_duller_than_the_training_sites():
    def slope(recorder: str, night: str) -> float:
        scenes = [
            replace(SCENE, recorder=recorder, night=night, number=number) for number in range(3)
        ]
        samples = np.concatenate([render(scene) for scene in scenes])
        frequencies, power = signal.welch(samples.astype(float), SAMPLE_RATE, nperseg=4096)
        low, high = (
            power[(frequencies > a) & (frequencies < b)].mean()
            for a, b in ((900, 1800), (6000, 9000))
        )
        return float(10 * np.log10(low / high))

    pond, training = slope("Moth11", "2022-02-20"), slope("Moth08", "2021-03-05")
    assert pond > training + 6


def test_the_description_names_what_is_heard():
    scene = replace(SCENE, call=Event("grunt", 6.0), confusers=(Event("bullfrog", 12.0),))
    assert scene.describe() == "synthetic: RADR grunt, 6 dB; bullfrog, 12 dB; pond background"


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="promised for Linux on x86 only",
)
def test_the_survey_stage_makes_the_same_audio_on_every_cpu_with_avx2():
    """Seen to differ between CPUs before `chorus` chose NumPy's kernels: then 97 % of the clips had other names."""
    code = (
        "import sys, hashlib, survey, numpy; from chorus.demo import DemoOptions, plan; "
        "from numpy._core._multiarray_umath import __cpu_features__ as features; assert not features['X86_V3']; "
        "loaded = list(sys.modules); assert loaded.index('chorus') < loaded.index('numpy'); "
        "clips = plan(DemoOptions())[::400]; "
        "print(hashlib.sha256(b''.join(clip.samples().tobytes() for clip in clips)).hexdigest())"
    )
    source = Path(__file__).parents[2] / "src"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NPY_")}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=source, env=environment, capture_output=True, text=True
    )
    assert said.stdout.strip() == GOLDEN_AUDIO, said.stderr
