"""One run from its files to its diagnosis: what the stage writes, and what the benchmark of planted faults measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import TEST_IID, TEST_OOD, VALIDATION, name_clips
from chorus.errors import DataError
from chorus.health.details import NOTHING, Facts, association, describe, lead
from chorus.health.diagnosis import Details, Diagnosis, diagnose
from chorus.health.measures import END
from chorus.health.options import HealthOptions
from chorus.health.rules import load_rules
from chorus.tasks import Task, described

HELD_OUT = 30  # clips; of ten, three wrong ones are a third of the accuracy


@dataclass(frozen=True)
class Health:
    """Of one run. signals: beside the curves. about: its best epoch, why it stopped, how its clips are grouped."""

    diagnosis: Diagnosis
    facts: Facts
    signals: Mapping[str, float | None]
    about: dict[str, Any]

    @property
    def headline(self) -> dict[str, Any]:
        """A few values, for a table of experiments."""
        return self.diagnosis.headline

    @property
    def detail(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return self.diagnosis.as_json() | self.about | {"validation": self.facts.tables}

    @property
    def sources(self) -> pd.DataFrame:
        """source, clips, accuracy, low, high of the validation clips, and training_clips, training_accuracy."""
        return _table(
            "source", self.facts.tables["sources"], ("training_clips", "training_accuracy")
        )

    @property
    def durations(self) -> pd.DataFrame:
        """seconds (from-to), clips, accuracy, low, high of the validation clips."""
        return _table("seconds", self.facts.tables["durations"])


def _table(
    what: str, shares: Mapping[str, Mapping[str, Any]], further: tuple[str, ...] = ()
) -> pd.DataFrame:
    rows = [{what: name, **share} for name, share in shares.items()]
    # also without rows, for `dvc plots`
    return pd.DataFrame(rows, columns=[what, "clips", "accuracy", "low", "high", *further])


def judge(
    history: pd.DataFrame,
    model: Mapping[str, Any],
    predictions: pd.DataFrame,
    training: pd.DataFrame,
    clips: pd.DataFrame,
    options: HealthOptions,
    evaluation: Mapping[str, Any] | None = None,
) -> Health:
    """Judge the training of a detector by its curves and by its predictions on the validation split.

    The tests have one say each, and nothing is chosen by it. IID: validation and IID test are other nights of the same
    recorders, so a model that does far better on one of them has probably seen it. OOD: whether a regression is better.

    Args:
        history: plots/training/curves.csv.
        model: models/detector.json.
        predictions: clip_id, split, label, score; data/predictions.parquet. Of several classes, score_<class> for each
            of them in place of score. With the training clips in it, sources are compared on these, too.
        training: clip_id, label of the training set; data/manifests/train.csv.
        clips: clip_id, site, recorder, recording, speaker, group, seconds of the whole survey.
        evaluation: metrics/evaluation_detail.json, for how a logistic regression does; None: not known.

    Raises:
        DataError: clips that are not in the survey, or a class without scores.
    """
    named = set(predictions["clip_id"]) | set(training["clip_id"])
    if missing := sorted(named - set(clips["clip_id"])):
        raise DataError(f"there are clips that are not in the survey: {name_clips(missing)}")
    task = described(model)
    shares = task.probabilities(predictions)
    # a score is neither right nor wrong
    if shares is None:
        return _by_curves(history, model, options)
    classes, run = task.classes, model["training"]
    predicted = _predicted(shares, classes)
    predictions = predictions.assign(right=predicted == predictions["label"])
    # not the tests: a verdict is looked at while things are being changed
    judged = (predictions["split"] == VALIDATION).to_numpy()
    validation, iid = predictions[judged], predictions[predictions["split"] == TEST_IID]
    survey, groups = clips.set_index("clip_id"), options.groups_of(clips)
    source_of = survey[options.source]
    about = survey.loc[validation["clip_id"]].reset_index()
    facts = describe(
        pd.DataFrame(
            {
                "clip_id": about["clip_id"],
                "label": validation["label"].to_numpy(),
                "source": about[options.source],
                "group": groups.loc[validation["clip_id"]].to_numpy(),
                "seconds": about["seconds"].astype(float),
            }
        ),
        shares[judged],
        classes,
        duration_edges=options.duration_edges,
        expected_confusions=options.expected_confusions,
        learned=_learned(predictions, predicted, training, source_of),
    )
    # in the curves it is of the part that early stopping looks at, where groups may be fewer and smaller
    share = facts.tables["group_consistency"]["share"]
    signals: dict[str, float | None] = {"validation_group_consistency.end": share}
    signals |= facts.signals
    accuracy = facts.signals["split.accuracy"]
    signals |= _beside_the_curves(accuracy, history, run, validation, iid)
    # of sources and not of groups: a speaker has one accent by nature
    sources = source_of.loc[training["clip_id"]]
    signals["sources.association"] = association(training["label"], sources)
    signals["best_epoch"] = run["best_epoch"]
    signals |= _size(validation["label"], about["group"], task)
    signals |= _baseline(evaluation)
    details = Details(
        classes=len(classes),
        gradient_clip=model["options"].get("gradient_clip"),
        consistency_chance=facts.consistency_chance,
        best_epoch=run["best_epoch"],
        signals=signals,
    )
    diagnosis = diagnose(history, details, load_rules(options.profile))
    return Health(diagnosis, facts, signals, _about(run, options))


def _by_curves(history: pd.DataFrame, model: Mapping[str, Any], options: HealthOptions) -> Health:
    """Of a task without classes only the curves are judged: all else asks whether a prediction is right."""
    training = model["training"]
    broke_down = float("not finite" in str(training.get("stopped")))
    details = Details(
        classes=None,
        gradient_clip=model["options"].get("gradient_clip"),
        best_epoch=training["best_epoch"],
        signals={"best_epoch": training["best_epoch"], "broke_down": broke_down},
    )
    diagnosis = diagnose(history, details, load_rules(options.profile))
    return Health(diagnosis, NOTHING, details.signals, _about(training, options))


def _about(training: Mapping[str, Any], options: HealthOptions) -> dict[str, Any]:
    return {
        "best_epoch": training["best_epoch"],
        "stopped": training.get("stopped"),
        "group": options.group,
        "source": options.source,
    }


def _size(labels: pd.Series, nights: pd.Series, task: Task) -> dict[str, float | None]:
    """How many clips of the rarest class there are to judge by, and in how many nights it is heard.

    Classes that do not occur at all are left out, unless the task cannot be judged without them: they are not judged,
    and nobody says so.
    """
    heard = pd.DataFrame({"label": labels.to_numpy(), "night": nights.to_numpy()})
    by_class = heard.groupby("label")["night"].agg(["size", "nunique"])
    by_class = by_class.reindex(by_class.index.union(list(task.must_occur)), fill_value=0)
    if by_class.empty:
        return {"validation.rarest": 0, "validation.rarest_nights": 0}
    return {
        "validation.rarest": int(by_class["size"].min()),
        "validation.rarest_nights": int(by_class["nunique"].min()),
    }


def _baseline(evaluation: Mapping[str, Any] | None) -> dict[str, float | None]:
    """By how much a logistic regression is better on the validation split or the OOD test, where it is more so.

    Unknown where both lack a class.
    """
    splits = (evaluation or {}).get("splits", {})
    found = []
    for split in (VALIDATION, TEST_OOD):
        baselines = (splits.get(split) or {}).get("baselines") or {}
        if baselines.get("logistic_regression"):
            found.append(baselines["logistic_regression"]["advantage"])
    if not found:
        return {"baseline.lead": None, "baseline.lead_low": None}
    # lead and interval of one split: the lead of one beside the interval of the other would be nowhere
    worst = min(found, key=lambda advantage: advantage["auprc"])
    # an advantage is the model's: what it lacks is the baseline's
    return {"baseline.lead": -worst["auprc"], "baseline.lead_low": -worst["high"]}


def _beside_the_curves(
    accuracy: float | None,
    history: pd.DataFrame,
    training: Mapping[str, Any],
    validation: pd.DataFrame,
    iid: pd.DataFrame,
) -> dict[str, float | None]:
    """How the training ended, and how the validation split compares with held-out training nights and the IID test.

    split.gain and split.contrast need a hold-out of some size from the training set. The second is large where held-out
    nights of it are worse than both its other nights and nights beyond it: so they are worse labelled.
    """
    signals: dict[str, float | None] = dict.fromkeys(
        ("split.lead", "split.lead_errors", "split.gain", "split.contrast")
    )
    signals["broke_down"] = float("not finite" in str(training.get("stopped")))
    found = lead(validation, iid)
    if found is not None:
        signals |= {"split.lead": found[0], "split.lead_errors": found[1]}
    part = training.get("early_stopping", {})
    # with the validation split as judge there are no other nights to compare it with
    held_out = part.get("on") == "internal" and part["clips"] >= HELD_OUT
    needed = {"validation_balanced_accuracy", "validation_accuracy", "train_accuracy"}
    if not held_out or accuracy is None or not needed <= set(history):
        return signals
    # these very nights chose it, which flatters them if anything
    at_best = history["epoch"] == training["best_epoch"]
    best = float(history.loc[at_best, "validation_balanced_accuracy"].iloc[0])
    fitted = (history["train_accuracy"] - history["validation_accuracy"]).tail(END).median()
    signals["split.gain"] = accuracy - best
    signals["split.contrast"] = accuracy - best + float(fitted)
    return signals


def _predicted(shares: NDArray[np.float64], classes: tuple[str, ...]) -> NDArray[np.str_]:
    predicted: NDArray[np.str_] = np.asarray(classes, dtype=str)[np.argmax(shares, axis=1)]
    return predicted


def _learned(
    predictions: pd.DataFrame,
    predicted: NDArray[np.str_],
    training: pd.DataFrame,
    sources: pd.Series,
) -> pd.DataFrame | None:
    """source, right of the training set as far as there are predictions, by the labels that were given in training;
    None without any. Nights held out for early stopping are among them."""
    known = pd.Series(predicted, index=predictions["clip_id"])
    learned = training[training["clip_id"].isin(known.index)]
    if learned.empty:
        return None
    right = known.loc[learned["clip_id"]].to_numpy() == learned["label"].to_numpy()
    table = pd.DataFrame({"source": sources.loc[learned["clip_id"]].to_numpy(), "right": right})
    return table[table["source"] != ""]
