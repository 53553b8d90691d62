"""Where the files of a study lie, relative to its folder: for scripts and commands, which hand them to the library."""

from __future__ import annotations

from pathlib import Path

PARAMS = Path("params.yaml")
OPTIONS = Path("options.yaml")  # which options class stands behind which section of them
SWEEPS = Path("sweeps")

RAW = Path("data/raw")
CLIPS = RAW / "clips.csv"
PRINTS = Path("data/prints")
EMBEDDINGS = Path("data/embeddings")
MANIFESTS = Path("data/manifests")
QUARANTINE = MANIFESTS / "quarantine.csv"
SPLITS = MANIFESTS / "splits.csv"
COPIES = MANIFESTS / "near_copies.csv"
SET_ASIDE = MANIFESTS / "set_aside.csv"  # candidates that share something with a split
TRAINING_SET = MANIFESTS / "train.csv"
SUBSETS = Path("data/subsets")
PREDICTIONS = Path("data/predictions.parquet")
DETECTOR = Path("models/detector")
MINERS = Path("models/miners")

METRICS = Path("metrics")
COMPOSITION = METRICS / "composition.json"
EVALUATION_METRICS = METRICS / "evaluation.json"
EVALUATION_DETAIL = METRICS / "evaluation_detail.json"
HEALTH = METRICS / "health.json"
HEALTH_DETAIL = METRICS / "health_detail.json"
SPLITS_AUDIT = METRICS / "splits.json"
SUBSETS_METRICS = METRICS / "subsets.json"
SURVEY_METRICS = METRICS / "survey.json"
SUSPECTS = METRICS / "suspects.json"
TRAINING_METRICS = METRICS / "training.json"

PLOTS = Path("plots")
EVALUATION = PLOTS / "evaluation"
CURVES = EVALUATION / "curves"
TRAINING_CURVES = PLOTS / "training" / "curves.csv"
REPORTS = Path("reports")
CODE = Path("code")
RESULTS = (METRICS, PLOTS, REPORTS)  # folders that git keeps and that hold results only
# what lies in these, some stage has written
MADE_BY_STAGES = ("data", "models", "code", *map(str, RESULTS))


def sweep_tables(sweep: str) -> Path:
    """The folder of the tables of a sweep, by the name of its file."""
    return METRICS / sweep


def sweep_plots(sweep: str) -> Path:
    """The folder of its pictures."""
    return PLOTS / sweep


def sweep_report(sweep: str) -> Path:
    """Its report."""
    return REPORTS / f"{sweep}.html"
