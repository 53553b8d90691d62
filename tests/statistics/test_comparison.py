"""Comparing two tables of predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chorus.errors import DataError
from chorus.statistics import compare, delong, mcnemar, paired_bootstrap


def predictions(
    noise: float, seed: int = 0, seeds: tuple[int, ...] = (123, 456, 789)
) -> pd.DataFrame:
    truth = np.random.default_rng(7)
    clips = pd.DataFrame({"clip_id": [f"clip{i:03}" for i in range(120)]})
    clips["label"] = np.where(truth.random(120) < 0.5, "positive", "negative")
    clips["night"] = [f"M11 2021-03-{1 + i % 24:02}" for i in range(120)]
    clips["split"] = np.where(np.arange(120) < 100, "test_ood", "test_iid")
    rng = np.random.default_rng(seed)
    runs = []
    for of in seeds:
        score = np.clip(
            (clips["label"] == "positive") * 0.4 + 0.3 + rng.normal(0, noise, 120), 0, 1
        )
        runs.append(clips.assign(seed=of, threshold=0.5 + of / 1e5, score=score))
    return pd.concat(runs, ignore_index=True)


def test_clips_and_seeds_are_paired_whatever_the_order_of_the_rows():
    a, b = predictions(0.1, 1), predictions(0.25, 2)
    whole = compare(a, b.sample(frac=1, random_state=3), names=("clean", "noisy"), resamples=100)
    assert (whole.clips, whole.seeds, whole.split) == (100, (123, 456, 789), "test_ood")
    ood = [table[(table["split"] == "test_ood") & (table["seed"] == 456)] for table in (a, b)]
    labels = (ood[0]["label"] == "positive").to_numpy()
    right = [(table["score"] >= table["threshold"]).to_numpy() == labels for table in ood]
    assert whole.mcnemar[456] == mcnemar(*right)
    assert whole.delong[456] == delong(labels, *(table["score"].to_numpy() for table in ood))
    scores = [
        table[table["split"] == "test_ood"]["score"].to_numpy().reshape(3, 100) for table in (a, b)
    ]
    thresholds = [0.50123, 0.50456, 0.50789]
    nights = ood[0]["night"].to_numpy(dtype=str)
    assert dict(whole.differences) == paired_bootstrap(
        labels, *scores, thresholds, thresholds, nights, resamples=100
    )
    assert whole.sentence.startswith("clean is better than noisy: F1")
    assert "over 3 seeds and 24 nights" in whole.sentence


def test_the_sentence_may_speak_of_another_metric_and_split():
    found = compare(
        predictions(0.1), predictions(0.1, 3), split="test_iid", metric="auprc", resamples=50
    )
    assert found.clips == 20
    assert "AUPRC" in found.sentence


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="threshold"), "of B lack the columns threshold"),
        (lambda t: t[t["seed"] == 123], "seed by seed"),
        (lambda t: t[t["clip_id"] != "clip003"], "not judged on the same clips"),
        (lambda t: t.drop(index=t.index[0]), "seeds of B were not all judged"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "two predictions of one seed"),
        (lambda t: t.assign(night="one night"), "same clips, labels and nights"),
        (lambda t: t.assign(threshold=t["score"]), "one threshold for each seed"),
        (lambda t: t.assign(split="train"), "hold no clip of test_ood"),
    ],
)
def test_tables_that_do_not_fit_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        compare(predictions(0.1), change(predictions(0.2)), resamples=20)


def test_an_unknown_metric_is_refused():
    with pytest.raises(DataError, match="metric: speed"):
        compare(predictions(0.1), predictions(0.2), metric="speed", resamples=20)
