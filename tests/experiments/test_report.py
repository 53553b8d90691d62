"""`chorus report` on a small study with real experiments: whole, repeatable, and honest about what is not at hand."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from chorus import audio, shards
from chorus.files import write_csv
from folder import Folder
from small_study import SmallStudy

ROOT = Path(__file__).parents[2]
LEADERBOARD = ("chorus", "leaderboard", "small")
REPORT = ("chorus", "report", "small")
PAGE, HARDEST = "reports/small.html", "metrics/small/hardest.csv"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The study with its leaderboard, and the audio of its clips."""
    study = SmallStudy(tmp_path_factory.mktemp("study") / "made").with_code()
    clips = list(study.expected["run_1"]["clip_id"])
    # the spectrogram of a tone is packed quickly, that of noise is not
    tone = 3000 * np.sin(np.arange(144_000) / 20)
    flac = audio.encode_flac(tone.astype(np.int16))
    shards.write_shard(study.folder / "data/raw/R.tar", {f"{clip}.flac": flac for clip in clips})
    write_csv(
        study.folder / "data/raw/clips.csv", pd.DataFrame({"clip_id": clips, "shard": "R.tar"})
    )
    study.run(*LEADERBOARD)
    return study


@pytest.fixture
def study(made, tmp_path):
    return made.copy(tmp_path / "study")


@pytest.fixture(scope="module")
def reported(made, tmp_path_factory):
    """A copy of it with its report, which no test changes, and what the command said."""
    study = made.copy(tmp_path_factory.mktemp("reported") / "study")
    return study, study.run(*REPORT)


@pytest.fixture
def with_report(reported, tmp_path):
    """A copy of that one."""
    return reported[0].copy(tmp_path / "with_report")


def test_the_report_is_whole_and_the_same_each_time(reported, with_report):
    (_, shown), study = reported, with_report
    assert shown.startswith(f"{PAGE}: ") and "4 runs" in shown
    files = [
        study.folder / PAGE,
        study.folder / HARDEST,
        *sorted((study.folder / "plots/small").glob("*.png")),
    ]
    assert [file.stem for file in files[2:]] == ["heat_auprc", "heat_f1", "leaderboard", "parallel"]
    text = files[0].read_text(encoding="utf-8")
    assert text.count("data:audio/flac;base64,") >= 2
    assert (
        "b and a cannot be told apart with these data" in text
    )  # the comparison, judged on the predictions
    assert "corrected for selection, its OOD F1 of" in text
    before = [file.read_bytes() for file in files]
    files[0].unlink()
    study.run(*REPORT)
    assert [file.read_bytes() for file in files] == before
    assert str(study.folder) not in text


def test_a_complete_report_of_the_same_runs_is_left_alone(with_report):
    study = with_report
    before = (study.folder / PAGE).read_bytes()
    shutil.rmtree(study.folder / "data/raw")  # without the audio there could only be a poorer one
    assert "is of these very runs" in study.run(*REPORT)
    assert (study.folder / PAGE).read_bytes() == before
    with (study.folder / "metrics/small/runs.csv").open("a") as runs:
        runs.write("\n")
    assert "without the sound of the hardest clips" in study.run(*REPORT)
    assert "without the sound of the hardest clips" in study.run(
        *REPORT
    )  # an incomplete one is tried again


@pytest.mark.parametrize(
    ("file", "added", "left"),
    [
        (
            "experiments/history.py",
            "_MORE = 1\n",
            True,
        ),  # finds the runs, and puts nothing on a page
        ("season/page.html", "<p>more</p>\n", True),
        ("reports/verdicts.py", "# a comment\n", True),
        ("reports/verdicts.py", "_MORE = 1\n", False),
        ("statistics/difference.py", "_MORE = 1\n", False),  # by which verdicts are given
        ("reports/page.html", "<p>more</p>\n", False),
    ],
)
def test_a_report_is_left_alone_until_code_that_can_change_it_does(with_report, file, added, left):
    study = with_report
    page, mark = study.folder / PAGE, _mark(study.folder / PAGE)
    with (study.folder / "src/chorus" / file).open("a", encoding="utf-8") as code:
        code.write(added)
    assert ("is of these very runs" in study.run(*REPORT)) == left
    assert (_mark(page) == mark) == left


def test_a_report_is_made_again_with_other_spectrograms(with_report):
    params = yaml.safe_load((with_report.folder / "params.yaml").read_text(encoding="utf-8"))
    params["pictures"]["highest_hz"] = 9000.0
    with_report.write("params.yaml", params)
    assert f"{PAGE}: " in with_report.run(*REPORT)
    assert "up to 9 kHz" in (with_report.folder / PAGE).read_text(encoding="utf-8")


def test_an_installed_package_has_a_mark_of_all_its_files(tmp_path):
    """Beside it lie packages that no fingerprint can follow."""
    shutil.copytree(ROOT / "src/chorus", tmp_path / "site/chorus")
    code = "from chorus.experiments.report import stamp_of; print(stamp_of([], []))"
    environment = {"PYTHONPATH": str(tmp_path / "site")}
    before = Folder(tmp_path, environment).run("python", "-c", code)
    with (tmp_path / "site/chorus/season/page.html").open("a") as file:
        file.write("<p>more</p>")
    assert Folder(tmp_path, environment).run("python", "-c", code) != before


def _mark(page: Path) -> str:
    (mark,) = re.findall('<meta name="made-from" content="([0-9a-f]{16})">', page.read_text())
    return mark


def test_clips_are_counted_over_the_runs_of_the_table(reported):
    study, _ = reported
    shares = pd.read_csv(study.folder / HARDEST, index_col="clip_id")["wrong"]
    wrong = pd.DataFrame(
        {
            run: (table["score"] >= threshold) != (table["label"] == "positive")
            for (run, table), threshold in zip(
                study.expected.items(), (0.3, 0.4, 0.5, 0.6), strict=True
            )
        }
    ).set_index(study.expected["run_1"]["clip_id"])
    expected = wrong.mean(axis=1)[wrong.index.str.startswith("test_ood")]
    pd.testing.assert_series_equal(shares.sort_index(), expected.sort_index(), check_names=False)


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [
        ("audio", "The audio is not on this machine: dvc pull data/raw."),
        (
            "predictions",
            "The predictions of run_3 are not on this machine, nor in a remote that can be reached:",
        ),
        (
            "experiments",
            "1 of 4 experiments are not in this repository, run_2 for one: git fetch origin",
        ),
    ],
)
def test_what_is_not_at_hand_is_said_and_the_rest_is_there(study, lost, sentence):
    if lost == "audio":
        (study.folder / "data/raw/clips.csv").unlink()
    elif lost == "predictions":
        study.cached("run_3").unlink()
    else:
        (reference,) = study.run(
            "git", "for-each-ref", "--format=%(refname)", "refs/exps/**/run_2"
        ).split()
        study.run("git", "update-ref", "-d", reference)
    study.run(*REPORT)
    text = (study.folder / PAGE).read_text(encoding="utf-8")
    assert sentence in text and "data:audio" not in text
    known = lost == "audio"
    assert (
        "corrected for selection, its OOD F1 of" if known else "by how much cannot be said here"
    ) in text
    assert "Best configuration" in text


def test_without_a_leaderboard_the_report_says_what_to_run_first(study):
    (study.folder / "metrics/small/runs.csv").unlink()
    shown = study.run(*REPORT, fails=True)
    assert shown.strip() == "error: there is no metrics/small/runs.csv: chorus leaderboard small"
