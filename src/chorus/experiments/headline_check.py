"""Do figures that follow from others follow? A headline forged together with its hash in dvc.lock does not.

Only what git keeps is read, no data: the headlines against their details, rates against the counts behind them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from chorus import paths
from chorus.files import read_json

_TOLERANCE = 1e-5  # figures are written with six digits


def headline_problems(root: Path) -> list[str]:
    """Headlines in the folder of a study that do not follow from what lies beside them, of those that are there."""
    pairs = (
        (evaluation_contradictions, paths.EVALUATION_METRICS, paths.EVALUATION_DETAIL, read_json),
        (health_contradictions, paths.HEALTH, paths.HEALTH_DETAIL, read_json),
        (training_contradictions, paths.TRAINING_METRICS, paths.TRAINING_CURVES, pd.read_csv),
    )
    found: list[str] = []
    for contradictions_of, headline, beside, read in pairs:
        if not ((root / headline).exists() and (root / beside).exists()):
            continue
        try:
            found += contradictions_of(read_json(root / headline), read(root / beside))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found.append(f"{headline} or {beside} is not what a stage writes: {error!r}")
    return found


def evaluation_contradictions(headline: Mapping[str, Any], detail: Mapping[str, Any]) -> list[str]:
    """What in metrics/evaluation.json and evaluation_detail.json cannot be true at once, one sentence each."""
    if "thresholds" not in detail:
        return []  # of no detector: what follows from what is its own study's matter
    expected: dict[str, Any] = {"threshold": detail["thresholds"]["headline"]}
    for name, metrics in {"ood": ("f1", "precision", "recall"), "iid": ("f1",)}.items():
        split = detail["splits"].get(f"test_{name}") or {}
        judged = (split.get("at") or {}).get("headline") or {}
        expected |= {f"{name}.{metric}": judged.get(metric) for metric in metrics}
        expected[f"{name}.auprc"] = split.get("auprc")
    found = list(_unequal("evaluation.json", _flat(headline), expected))
    for name, split in detail["splits"].items():
        if split is not None:
            found += _split_contradictions(
                f"evaluation_detail.json: {name}", split, detail["thresholds"]
            )
    return found


def health_contradictions(headline: Mapping[str, Any], detail: Mapping[str, Any]) -> list[str]:
    """The same of metrics/health.json and health_detail.json."""
    if "trainings" in headline:
        # of several, which are counted: the detail beside it is of the one that was judged worst
        return list(_unequal("health.json", headline, {"verdict": detail["verdict"]}))
    severities = [finding["severity"] for finding in detail["findings"]]
    expected = {
        "verdict": detail["verdict"],
        "findings": "+".join(finding["name"] for finding in detail["findings"]) or "none",
        "troubles": severities.count("trouble"),
        "watches": severities.count("watch"),
    }
    return list(_unequal("health.json", headline, expected))


def training_contradictions(headline: Mapping[str, Any], curves: pd.DataFrame) -> list[str]:
    """The same of metrics/training.json and plots/training/curves.csv: what is said of the kept epoch stands there."""
    if "kept_epoch" not in headline:
        return []  # of no single head
    if curves.empty:
        return []  # nothing could be trained
    kept_epoch = headline["kept_epoch"]
    kept = curves[curves["epoch"] == kept_epoch]
    if kept.empty:
        return [f"training.json: there is no epoch {kept_epoch} in curves.csv"]
    expected = {"epochs": len(curves), "best_epoch": _best_epoch(headline, curves)}
    return list(_unequal("training.json", headline, expected | kept.iloc[0].to_dict()))


def _best_epoch(headline: Mapping[str, Any], curves: pd.DataFrame) -> Any:
    """The epoch that the curves call the best; the one that the headline names where several are."""
    named = headline.get("best_epoch")
    # by what a detector's and a classifier's best epoch is chosen (`merit` of chorus.tasks)
    merits = [name for name in ("validation_auprc", "validation_macro_f1") if name in headline]
    if not merits or merits[0] not in curves or curves[merits[0]].isna().all():
        return named
    merit = curves[merits[0]]
    # epochs that differed in their seventh digit are equals in the file
    best = curves.loc[merit >= merit.max() - _TOLERANCE, "epoch"].tolist()
    return named if named in best else best[0]


def _split_contradictions(
    where: str, split: Mapping[str, Any], thresholds: Mapping[str, Any]
) -> Iterator[str]:
    positives, n = split["positives"], split["n"]
    counts = {"n": positives + split["negatives"], "prevalence": _share(positives, n)}
    yield from _unequal(where, split, counts)
    for name, judged in (split["at"] or {}).items():
        if judged is None:
            continue
        # whoever forges a rate would have to forge the four counts behind it, and these add up to the clips
        tp, fp, fn, tn = (judged["confusion"][key] for key in ("tp", "fp", "fn", "tn"))
        rates = {
            "precision": _share(tp, tp + fp),
            "recall": _share(tp, tp + fn),
            "f1": _share(2 * tp, 2 * tp + fp + fn),
            "threshold": thresholds.get(name, judged["threshold"]),
        }
        yield from _unequal(f"{where} at {name}", judged, rates)
        sums = {"positives": tp + fn, "negatives": fp + tn}
        yield from _unequal(f"{where}, the counts at {name}", sums, split)


def _unequal(where: str, said: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    for key in said.keys() & expected.keys():
        if not _same(said[key], expected[key]):
            yield f"{where}: {key} is {said[key]}, but {expected[key]} follows from what lies beside it"


def _flat(nested: Mapping[str, Any]) -> dict[str, Any]:
    """{"ood": {"f1": 1}, "threshold": 2} as {"ood.f1": 1, "threshold": 2}: the names that DVC shows."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if not isinstance(value, Mapping):
            flat[name] = value
            continue
        for key, leaf in value.items():
            flat[f"{name}.{key}"] = leaf
    return flat


def _same(one: Any, other: Any) -> bool:
    if not (_is_number(one) and _is_number(other)):
        return bool(one == other)
    return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
