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


def contradictions(root: Path) -> list[str]:
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
    kept = curves[curves["epoch"] == headline.get("kept_epoch")]
    if kept.empty:
        return (
            []
            if curves.empty
            else [f"training.json: there is no epoch {headline.get('kept_epoch')} in curves.csv"]
        )
    expected = {
        "epochs": len(curves),
        "best_epoch": _best_epoch(headline, curves),
        **kept.iloc[0].to_dict(),
    }
    return list(_unequal("training.json", headline, expected))


def _best_epoch(headline: Mapping[str, Any], curves: pd.DataFrame) -> Any:
    """The epoch that the curves call the best; the one that the headline names where several are."""
    merit = next(
        (name for name in ("validation_auprc", "validation_macro_f1") if name in headline), None
    )
    if merit is None or merit not in curves or not len(curves[merit].dropna()):
        return headline.get("best_epoch")
    best = curves.loc[curves[merit] >= curves[merit].max() - _TOLERANCE, "epoch"].tolist()
    return headline.get("best_epoch") if headline.get("best_epoch") in best else best[0]


def _split_contradictions(
    where: str, split: Mapping[str, Any], thresholds: Mapping[str, Any]
) -> Iterator[str]:
    counts = {
        "n": split["positives"] + split["negatives"],
        "prevalence": split["positives"] / split["n"],
    }
    yield from _unequal(where, split, counts)
    for name, judged in (split["at"] or {}).items():
        if judged is None:
            continue
        tp, fp, fn, tn = (judged["confusion"][key] for key in ("tp", "fp", "fn", "tn"))
        rates = {
            "precision": _share(tp, tp + fp),
            "recall": _share(tp, tp + fn),
            "f1": _share(2 * tp, 2 * tp + fp + fn),
        }
        yield from _unequal(
            f"{where} at {name}",
            judged,
            rates | {"threshold": thresholds.get(name, judged["threshold"])},
        )
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
        inside = value.items() if isinstance(value, Mapping) else [("", value)]
        flat |= {".".join(filter(None, (name, key))): leaf for key, leaf in inside}
    return flat


def _same(one: Any, other: Any) -> bool:
    numbers = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in (one, other)
    )
    return (
        math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
        if numbers
        else bool(one == other)
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
