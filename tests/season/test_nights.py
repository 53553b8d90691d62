"""Error rates of scored clips, night by night."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chorus.commands import main
from chorus.errors import DataError
from chorus.season import clustered_rate, error_rates, intra_night_correlation, read_scores


def scored(nights: int = 12, seed: int = 1) -> pd.DataFrame:
    """Forty clips a night; in every third night something sounds like the call, and another hides it."""
    rng = np.random.default_rng(seed)
    rows = []
    for night in range(nights):
        for clip in range(40):
            positive = clip < 15
            score = rng.normal(0.7 if positive else 0.3, 0.12) + (0.15 if night % 3 == 0 else 0.0)
            rows.append(
                (f"Pond/{night:02}", "positive" if positive else "negative", score, "test_ood")
            )
    return pd.DataFrame(rows, columns=["night", "label", "score", "split"])


def test_rates_are_counted_by_nights():
    clips = scored()
    found = error_rates(clips, 0.5)
    wrong = (clips["score"] >= 0.5) & (clips["label"] == "negative")
    by_night = wrong.groupby(clips["night"]).sum().to_numpy()
    assert found.false_positives == clustered_rate(by_night, [25] * 12)
    assert (
        found.correlation_of_false_positives == intra_night_correlation(by_night, [25] * 12) > 0.05
    )
    missed = (clips["score"] < 0.5) & (clips["label"] == "positive")
    assert found.misses.rate == pytest.approx(missed.sum() / 180)
    assert found.recall == pytest.approx(1 - found.misses.rate)


def test_a_score_at_the_threshold_is_a_detection():
    clips = pd.DataFrame(
        {"night": list("aabb"), "label": ["positive", "negative"] * 2, "score": [0.5] * 4}
    )
    found = error_rates(clips.loc[clips.index.repeat(2)].reset_index(drop=True), 0.5)
    assert (found.recall, found.false_positives.rate) == (1, 1)


def test_the_command_counts_nights(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    scored().to_parquet(tmp_path / "clips.parquet")
    figures = ["--threshold", "0.5", "--clips", "1000", "--calls", "20"]
    main(["nightly", "--predictions", str(tmp_path / "clips.parquet"), *figures])
    shown = capsys.readouterr().out
    expected = error_rates(scored(), 0.5).false_positives
    assert "negatives of 12 nights, positives of 12" in shown
    assert f"{980 * expected.rate:.1f}" in shown
    assert f"{980 * expected.low:.1f} to {980 * expected.high:.1f}" in shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="night"), "lacks the columns night"),
        (lambda t: t.assign(split="train"), "no clips of test_ood: there are train"),
    ],
)
def test_other_tables_are_refused(change, message, tmp_path):
    change(scored()).to_parquet(tmp_path / "clips.parquet")
    with pytest.raises(DataError, match=message):
        read_scores(tmp_path / "clips.parquet", "test_ood")


def test_a_damaged_page_of_a_table_is_refused(tmp_path):
    path = tmp_path / "clips.parquet"
    scored().to_parquet(path)
    content = bytearray(path.read_bytes())
    content[4:40] = bytes(36)
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read: "):
        read_scores(path, "test_ood")


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "clips.parquet").write_text("no table")
    with pytest.raises(DataError, match="cannot be read"):
        read_scores(tmp_path / "clips.parquet", "test_ood")
    with pytest.raises(DataError, match="there is no"):
        read_scores(tmp_path / "nothing.parquet", "test_ood")
    with pytest.raises(DataError, match="finite"):
        error_rates(scored().assign(score=np.nan), 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--clips", "10", "--calls", "20"], "--calls: 20 is not allowed: from 0 to 10"),
        (["--clips", "10", "--calls", "2"], "--precision: missing"),
        (["--predictions", "x", "--clips", "10", "--calls", "2"], "--threshold: missing"),
    ],
)
def test_a_night_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(["nightly", *arguments])
