"""Pictures: sound is drawn where it is, files are the same bytes for the same data, and nothing overlaps or is said."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from scipy.signal import ShortTimeFFT

from chorus import pictures
from chorus.clips import TEST_IID, TEST_OOD, VALIDATION
from chorus.errors import DataError, ParameterError
from chorus.evaluation import EvaluateOptions, curves, evaluate
from chorus.evaluation.predictions import JUDGED
from chorus.options import parse
from chorus.pictures.look import COLOUR_OF, NAME_OF, drawing
from chorus.pictures.scores import _stacked
from predicted import predicted

RATE = 48_000


def _tone(hz=1000.0, seconds=0.5, seed=0):
    t = np.arange(int(RATE * seconds)) / RATE
    noise = np.random.default_rng(seed).normal(0, 20, len(t))
    return (8000 * np.sin(2 * np.pi * hz * t) + noise).astype(np.int16)


@cache  # drawing reads it only
def _evaluation(**change):
    table = predicted(**{"clips": 90, **change})
    result = evaluate(
        table,
        threshold=0.4,
        baseline_scores={"logistic_regression": table.set_index("clip_id")["score"] ** 2},
        options=EvaluateOptions(resamples=100),
    )
    return curves(table), result.detail


@pytest.mark.parametrize("splits", [JUDGED, (VALIDATION, TEST_IID, TEST_OOD)])
def test_every_split_that_was_judged_is_drawn_in_each_quarter(splits, tmp_path, monkeypatch):
    drawn: list[str] = []

    @contextmanager
    def picture(*_, **__):
        figure = Figure(figsize=(10, 8.6))
        yield figure
        legends = [axes.get_legend() for axes in figure.findobj(Axes)]
        drawn.extend(text.get_text() for legend in legends if legend for text in legend.get_texts())
        drawn.extend(axes.get_title() for axes in figure.findobj(Axes))

    monkeypatch.setattr("chorus.pictures.evaluation.picture", picture)
    pictures.draw_evaluation(*_evaluation(splits=splits), tmp_path / "a.png")
    for split in JUDGED:
        named = [text for text in drawn if text.startswith(f"{NAME_OF[split]}: ")]
        assert len(named) == (
            4 if split in splits else 0
        )  # precision and recall, ROC, scores, reliability
    assert len({COLOUR_OF[split] for split in JUDGED}) == len(JUDGED)


DRAWINGS = {
    "spectrogram": lambda path: pictures.draw_spectrogram(
        _tone(), path, "A clip · positive · Pond"
    ),
    "sheet": lambda path: pictures.contact_sheet(
        [pictures.SheetClip(f"{n} · score 0.9", _tone(400 + 100 * n)) for n in range(10)],
        path,
        "The ten worst",
    ),
    "empty sheet": lambda path: pictures.contact_sheet([], path, "The ten worst"),
    "scores": lambda path: pictures.draw_score_distribution(
        np.linspace(0, 1, 300) ** 3, {"small": 0.9, "large": 0.4}, path, "Mining", "score"
    ),
    "scores of no clip": lambda path: pictures.draw_score_distribution(
        np.array([]), {}, path, "Mining", "score"
    ),
    "evaluation": lambda path: pictures.draw_evaluation(*_evaluation(), path),
    "evaluation with sites to choose by": lambda path: pictures.draw_evaluation(
        *_evaluation(splits=JUDGED), path
    ),
    "evaluation without tests": lambda path: pictures.draw_evaluation(
        *_evaluation(splits=("validation",)), path
    ),
    "evaluation of nothing": lambda path: pictures.draw_evaluation(*_evaluation(clips=1), path),
}


BAND = pictures.PictureOptions(species="Ranita", band_hz=(800, 1200), highest_hz=8000)


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_a_picture_is_a_png_1200_pixels_wide_of_the_same_bytes_under_any_personal_style(
    drawing, tmp_path, capsys
):
    DRAWINGS[drawing](tmp_path / "first.png")
    with matplotlib.rc_context(
        {"font.size": 20, "axes.facecolor": "red", "savefig.dpi": 50, "image.cmap": "jet"}
    ):
        DRAWINGS[drawing](tmp_path / "new" / "second.png")
    first = (tmp_path / "first.png").read_bytes()
    assert first == (tmp_path / "new" / "second.png").read_bytes()
    with Image.open(tmp_path / "first.png") as image:
        assert (image.format, image.width, "Software" in image.info) == ("PNG", 1200, False)
        assert len(image.convert("RGB").getcolors(1 << 24)) > 5  # something is drawn
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("highest_hz", [150, 40])
def test_a_target_as_low_as_wind_is_drawn(highest_hz):
    low = pictures.PictureOptions(highest_hz=highest_hz)
    with Image.open(BytesIO(pictures.thumbnail(_tone(), low))) as image:
        assert image.width == 432


def test_a_thumbnail_is_a_small_png_of_the_same_bytes():
    content = pictures.thumbnail(_tone())
    assert content == pictures.thumbnail(_tone()) != pictures.thumbnail(_tone(900))
    with Image.open(BytesIO(content)) as image:
        assert (image.format, image.width) == ("PNG", 432)
    with pytest.raises(DataError, match="16-bit"):
        pictures.thumbnail(np.zeros(5000))


def test_what_is_shown_can_be_chosen(tmp_path):
    samples, title = _tone(), "A clip"
    for name, shown in (("all", pictures.PictureOptions()), ("band", BAND)):
        pictures.draw_spectrogram(samples, tmp_path / f"{name}.png", title, shown)
        pictures.contact_sheet(
            [pictures.SheetClip(title, samples)], tmp_path / f"{name}_sheet.png", "One", shown
        )
    for kind in ("", "_sheet"):
        assert (tmp_path / f"all{kind}.png").read_bytes() != (
            tmp_path / f"band{kind}.png"
        ).read_bytes()
    assert pictures.thumbnail(samples) != pictures.thumbnail(samples, BAND)
    assert BAND.note == "dotted lines: 800–1200 Hz, where Ranita calls are loudest"
    assert pictures.PictureOptions().note == ""


@pytest.mark.parametrize("band", [(900, 900), (900, 100), (100, 9000), (0, 100)])
def test_an_impossible_band_is_refused(band):
    with pytest.raises(ParameterError, match="pictures"):
        parse(
            pictures.PictureOptions, {"band_hz": list(band), "highest_hz": 8000}, section="pictures"
        )


DOLLARS = ["a$b$ {x}", "$\\frac{1}{2$", "100 % {night}_$", "$x^{2}$ \\alpha"]


@pytest.mark.parametrize("name", DOLLARS)
def test_dollars_and_braces_in_names_are_drawn_as_they_are(name, tmp_path):
    """matplotlib would take what is between dollars for a formula, and fail on most names."""
    pictures.draw_spectrogram(_tone(seconds=0.1), tmp_path / "a.png", name)
    with drawing(3, 1) as figure:
        assert not figure.text(0, 0, name).get_parse_math()


def test_so_are_the_names_in_sheets_and_of_cutoffs(tmp_path):
    clips = [pictures.SheetClip(name, _tone(seconds=0.1)) for name in DOLLARS]
    pictures.contact_sheet(clips, tmp_path / "b.png", DOLLARS[0])
    cutoffs = dict.fromkeys(DOLLARS, 0.3)
    pictures.draw_score_distribution(
        np.array([0.2, 0.5]), cutoffs, tmp_path / "c.png", DOLLARS[1], DOLLARS[2]
    )


def test_different_data_give_different_pictures(tmp_path):
    for hz in (500, 900):
        pictures.draw_spectrogram(_tone(hz), tmp_path / f"{hz}.png", "A clip")
    assert (tmp_path / "500.png").read_bytes() != (tmp_path / "900.png").read_bytes()


def test_imports_are_late_and_pyplot_stays_out(tmp_path):
    code = """if True:
        import sys
        from chorus import evaluation, pictures
        early = {"matplotlib", "scipy", "sklearn", "torch"} & set(sys.modules)
        assert not early, early
        pictures.contact_sheet([], sys.argv[1], "The ten worst")
        assert "matplotlib.pyplot" not in sys.modules
    """
    source = str(Path(pictures.__file__).parents[2])
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_spectrogram_equals_scipys():
    samples = _tone(seconds=0.3)
    decibels, times, frequencies = pictures.spectrogram(samples)
    reference = ShortTimeFFT(np.hanning(1024), hop=256, fs=RATE)
    power = (
        np.abs(reference.stft(samples / 32768, p0=2, p1=2 + len(times))) ** 2
    )  # slice p is centred at p x hop
    expected = np.maximum(10 * np.log10(power / power.max()), -60)
    assert decibels == pytest.approx(expected, abs=1e-6)
    assert times == pytest.approx(reference.delta_t * np.arange(2, 2 + len(times)))
    assert frequencies == pytest.approx(reference.f)


def test_sound_is_where_it_is():
    samples = np.zeros(RATE, dtype=np.int16)
    samples[24_000:28_800] = _tone(2000, seconds=0.1)
    decibels, times, frequencies = pictures.spectrogram(samples, max_hz=4000)
    row, column = np.unravel_index(decibels.argmax(), decibels.shape)
    assert frequencies[row] == pytest.approx(2000, abs=RATE / 1024)
    assert 0.5 < times[column] < 0.6
    assert (decibels.max(), decibels.min()) == (0, -60)
    assert frequencies.max() <= 4000
    assert decibels.shape == (len(frequencies), len(times))


@pytest.mark.parametrize("samples", [np.zeros(5000, dtype=np.int16), np.array([7], dtype=np.int16)])
def test_silence_and_a_single_sample_can_be_drawn(samples, tmp_path):
    decibels, _, _ = pictures.spectrogram(samples)
    assert np.isfinite(decibels).all()
    assert samples.any() or (decibels == -60).all()
    pictures.draw_spectrogram(samples, tmp_path / "a.png", "A clip")
    pictures.contact_sheet([pictures.SheetClip("", samples)], tmp_path / "b.png", "One")


@pytest.mark.parametrize(
    "samples", [np.zeros(5000), np.zeros((5000, 2), dtype=np.int16), np.array([], dtype=np.int16)]
)
def test_anything_but_one_channel_of_16_bit_samples_is_refused(samples, tmp_path):
    with pytest.raises(DataError, match="16-bit"):
        pictures.draw_spectrogram(samples, tmp_path / "a.png", "A clip")
    with pytest.raises(DataError, match="16-bit"):
        pictures.contact_sheet([pictures.SheetClip("A clip", samples)], tmp_path / "a.png", "One")
    assert list(tmp_path.iterdir()) == []  # nothing half-drawn


def test_a_sheet_holds_ten_clips(tmp_path):
    with pytest.raises(DataError, match="not 11"):
        pictures.contact_sheet([pictures.SheetClip("", _tone())] * 11, tmp_path / "a.png", "Eleven")


@pytest.mark.parametrize(
    ("scores", "cutoff"), [([0.5, 1.2], 0.5), ([0.5, np.nan], 0.5), ([0.5], -0.1)]
)
def test_impossible_scores_or_cutoffs_are_refused(scores, cutoff, tmp_path):
    with pytest.raises(DataError, match="from 0 to 1"):
        pictures.draw_score_distribution(
            np.array(scores), {"small": cutoff}, tmp_path / "a.png", "Mining", "score"
        )


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8))
def test_no_line_of_a_cutoff_crosses_the_label_of_another_on_its_side(cutoffs):
    """A line rises to its own label's level; labels lean towards the middle, from the right or from the left."""
    stacked = _stacked(cutoffs)
    assert sorted(stacked) == sorted(cutoffs.items())
    for level, (_, cutoff) in enumerate(stacked):
        for _, higher in stacked[level + 1 :]:  # these lines pass this level
            passes = higher > cutoff if cutoff <= 0.5 else 0.5 < higher < cutoff
            assert not passes
