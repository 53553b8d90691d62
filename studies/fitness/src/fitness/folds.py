"""Records dealt to folds, a text to one of them; and pairs that do not fit, made from these records.

A pair that does not fit belongs to the fold of the record that it is made from, so that it teaches only where that
record does.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from chorus.encoders.texts import TextVectors
from chorus.metrics.scores import bins
from chorus.options import options
from chorus.seeds import derive, generator
from fitness.records import family

Kind = Literal["random", "family", "hard"]
KINDS: tuple[Kind, ...] = ("random", "family", "hard")
SCORES: dict[Kind, tuple[int, int]] = {"random": (0, 4), "family": (7, 9), "hard": (5, 9)}
SET_ASIDE = -1  # the fold of a record whose text is also in the test set
COLUMNS = ["id", "origin", "metric", "score", "text_id", "language", "kind", "fold"]


@options
class SplitOptions:
    """folds: a text is in one. seed: of their draw."""

    folds: Annotated[int, Field(ge=3)] = 5
    seed: Annotated[int, Field(ge=0)] = 1


@options
class NegativeOptions:
    """kind: what takes the metric's place: a random other one, one of the same family, the nearest other one by the
    names' vectors ("hard"), a third of each ("all"), or nothing ("none").
    share: of the training records that get such a twin.
    scores: lowest and highest of each kind; drawn evenly, as whole numbers.
    seed: of the draw; a grid over `seed` does not move them."""

    kind: Literal["none", "random", "family", "hard", "all"] = "random"
    share: Annotated[float, Field(ge=0, le=1)] = 0.3
    scores: dict[Kind, tuple[int, int]] = Field(default_factory=lambda: dict(SCORES))
    seed: Annotated[int, Field(ge=0)] = 1

    @model_validator(mode="after")
    def _scores_fit(self) -> NegativeOptions:
        for kind in KINDS:
            low, high = self.scores.get(kind, (-1, -1))
            if not 0 <= low <= high <= 10:
                raise ValueError(
                    f"scores.{kind}: lowest and highest, from 0 to 10, not {[low, high]}"
                )
        return self


def assign(records: pd.DataFrame, test_texts: set[str], options: SplitOptions) -> pd.Series:
    """The fold of each record: every text in one, with about the same scores in each (bins; 9.5 is among the tens)."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = pd.Series(SET_ASIDE, index=records.index)
    # By text, or the order of the file would deal them.
    own = records[~records["text_id"].isin(test_texts)].sort_values(["text_id", "id"])
    # scikit-learn takes 32 bits.
    seed = derive(options.seed, "folds") % 2**32
    splitter = StratifiedGroupKFold(options.folds, shuffle=True, random_state=seed)
    # It warns of a score with fewer records than folds, which some lack then.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        parts = list(splitter.split(own, bins(own["score"]), own["text_id"]))
    for number, (_, judged) in enumerate(parts):
        folds[own.index[judged]] = number
    return folds


def negatives(records: pd.DataFrame, names: TextVectors, options: NegativeOptions) -> pd.DataFrame:
    """Twins of training records with another metric and a low score: a row each, `COLUMNS`; ids are negative.

    A metric that some record pairs with the text is never taken: its score is known.

    Args:
        records: with `fold`. names: vectors of the metrics' names, by name.
    """
    random = generator(options.seed, "negatives")
    eligible = records[records["fold"] != SET_ASIDE].sort_values("id")
    count = round(options.share * len(eligible)) if options.kind != "none" else 0
    chosen = eligible.iloc[np.sort(random.choice(len(eligible), count, replace=False))]
    kinds = [kind for kind in KINDS if options.kind in (kind, "all")]
    known: Mapping[str, set[str]] = records.groupby("text_id")["metric"].agg(set).to_dict()
    pick = _picker(names, random)
    rows: list[tuple[object, ...]] = []
    for number, record in enumerate(chosen.itertuples()):
        kind = kinds[number % len(kinds)]
        metric = pick(kind, record.metric, known[record.text_id])
        # Its text was paired with all others of the kind: a twin less.
        if metric is None:
            continue
        low, high = options.scores[kind]
        score = float(random.integers(low, high + 1))
        own = (metric, score, record.text_id, record.language, kind, record.fold)
        rows.append((-1 - len(rows), record.id, *own))
    return pd.DataFrame(rows, columns=COLUMNS)


def _picker(
    names: TextVectors, random: np.random.Generator
) -> Callable[[str, str, set[str]], str | None]:
    """Chooses another metric of a kind, none of the `known`; None: there is none."""
    metrics = np.array(names.ids)
    families = np.array([family(name) for name in names.ids])
    unit = names.vectors / np.linalg.norm(names.vectors, axis=1, keepdims=True)
    # Rounded, so that the last digits of a product do not decide between two that are equally near.
    order = np.argsort(-(unit @ unit.T).round(4), axis=1, kind="stable")
    place = {name: row for row, name in enumerate(names.ids)}

    def pick(kind: str, metric: str, known: set[str]) -> str | None:
        nearest_first: NDArray[np.str_] = metrics[order[place[metric]]]
        others = [name for name in nearest_first.tolist() if name not in known and name != metric]
        if kind == "family":
            own = families[place[metric]]
            others = [name for name in others if families[place[name]] == own]
        if not others:
            return None
        return others[0] if kind == "hard" else str(random.choice(sorted(others)))

    return pick


def summary(records: pd.DataFrame, made: pd.DataFrame) -> dict[str, object]:
    """Counts for JSON: records, texts and bins of scores of each fold, and the pairs that do not fit, by kind."""
    own = records[records["fold"] != SET_ASIDE]
    counts = (
        own.assign(bin=bins(own["score"]))
        .groupby("fold")["bin"]
        .value_counts()
        .unstack(fill_value=0)
    )
    return {
        "set_aside": int((records["fold"] == SET_ASIDE).sum()),
        "texts": own.groupby("fold")["text_id"].nunique().to_dict(),
        "scores": {str(fold): row.to_dict() for fold, row in counts.iterrows()},
        "negatives": made["kind"].value_counts().to_dict(),
    }
