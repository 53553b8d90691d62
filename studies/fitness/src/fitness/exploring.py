"""What the records are like, before any training: pictures and the counts beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.metrics.scores import bins
from fitness.records import family

SHARE = "share of the records"


def facts(train: pd.DataFrame, test: pd.DataFrame, cosine: NDArray[np.float32]) -> dict[str, Any]:
    """Counts for JSON: score by language and family, cosine of metric and text by score, texts on both sides."""
    table = train.assign(
        bin=bins(train["score"]), family=train["metric"].map(family), cosine=cosine
    )
    low = table["score"] < 6
    shared = set(train["text_id"]) & set(test["text_id"])
    return {
        "mean": float(train["score"].mean()),
        "sd": float(train["score"].std()),
        "below_6": {"records": int(low.sum()), "share": float(low.mean())},
        "records_a_text": float(len(train) / train["text_id"].nunique()),
        "texts_on_both_sides": len(shared),
        "cosine_by_score": table.groupby("bin")["cosine"].mean().to_dict(),
        "correlation_of_cosine_and_score": float(
            np.corrcoef(table["cosine"], table["score"])[0, 1]
        ),
        "by_language": _means(table, "language"),
        "by_family": _means(table, "family"),
    }


def _means(table: pd.DataFrame, column: str) -> dict[str, dict[str, float]]:
    groups = table.groupby(column)["score"].agg(["count", "mean", "std"])
    return {
        str(name): {key: float(value) for key, value in row.items()}
        for name, row in groups.iterrows()
    }


def picture(train: pd.DataFrame, texts: pd.DataFrame, cosine: NDArray[np.float32]) -> Any:
    """A figure of four panels: scores, scores by language, lengths of the texts, cosine by score."""
    import matplotlib

    # Without a screen, as servers are.
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained")
    places = bins(train["score"])
    _shares(axes[0, 0], {"all": places}, "Scores: nearly all are 9 or 10")
    languages = {name: bins(rows["score"]) for name, rows in train.groupby("language")}
    _shares(axes[0, 1], languages, "Scores by language")
    axes[1, 0].hist(texts["text"].str.len(), bins=40, color="#4477aa")
    axes[1, 0].set(title="Length of the texts", xlabel="characters", ylabel="texts")
    present = np.unique(places).tolist()
    axes[1, 1].boxplot(
        [cosine[places == place] for place in present], tick_labels=present, showfliers=False
    )
    axes[1, 1].set(
        title="Does the text speak of the metric?",
        xlabel="score",
        ylabel="cosine of text and metric",
    )
    return figure


def _shares(axis: Any, parts: dict[str, NDArray[np.int64]], title: str) -> None:
    width = 0.8 / len(parts)
    for number, (name, places) in enumerate(parts.items()):
        heights = np.bincount(places, minlength=11) / len(places)
        axis.bar(
            np.arange(11) + (number - (len(parts) - 1) / 2) * width, heights, width, label=name
        )
    # Logarithmic, or nothing would be seen of all that is below 9.
    axis.set(title=title, xlabel="score", ylabel=SHARE, yscale="log", xticks=range(11))
    if len(parts) > 1:
        axis.legend()


def page(found: dict[str, Any], rejected: pd.DataFrame) -> str:
    """The same in Markdown."""
    below = found["below_6"]
    lines = [
        "# The records",
        "",
        f"Mean score {found['mean']:.2f}, SD {found['sd']:.2f}; {below['records']} records "
        f"({below['share']:.1%}) are below 6. A text is judged {found['records_a_text']:.1f} times on average; "
        f"{found['texts_on_both_sides']} texts are also in the test set. {len(rejected)} records were rejected.",
        "",
        f"The cosine of text and metric correlates with the score by {found['correlation_of_cosine_and_score']:.2f}.",
        "",
        "![Records](../plots/explore/records.png)",
        "",
        *_rows("Language", found["by_language"]),
        "",
        *_rows("Family of metrics", found["by_family"]),
    ]
    return "\n".join(lines) + "\n"


def _rows(what: str, groups: dict[str, dict[str, float]]) -> Sequence[str]:
    rows = [
        f"| {name} | {row['count']:.0f} | {row['mean']:.2f} | {row['std']:.2f} |"
        for name, row in groups.items()
    ]
    return [f"| {what} | records | mean score | SD |", "| --- | ---: | ---: | ---: |", *rows]
