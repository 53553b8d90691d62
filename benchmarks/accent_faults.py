"""Plants one fault at a time into a training of the accents study's network: is it named?

    python benchmarks/accent_faults.py                   # the tables of docs/health.md
    python benchmarks/accent_faults.py --calibration     # the runs on which the study's rules were chosen

Both need data/manifests and data/heard of the study (`dvc repro encode` in studies/accents; --study FOLDER). A run is
small, so that many can be afforded: four of the eight accents, a network of a quarter of the channels, every second
frame, fourteen epochs, pieces of two seconds, variants of every second sample, and eight tenths of the training voices,
drawn anew for each run. No run of the first is a run of the second.

Validation and tests keep their right labels. --runs FOLDER keeps the trainings, as in planted_faults.py: rules are then
chosen in seconds, on the runs of --calibration.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "studies/accents/src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd
from planted_faults import COLUMNS, Run, flip, path_of, report, report_suspects, rows
from spoken_digits import options_of_the_study

from accents import fitting, health, live
from accents.said import task_of
from accents.suspecting import suspects
from chorus import parallel
from chorus.clips import TEST_OOD, TRAIN, VALIDATION
from chorus.errors import LeakageError
from chorus.files import read_csv, read_yaml
from chorus.health.diagnosis import Details, Diagnosis, diagnose
from chorus.health.options import HealthOptions
from chorus.health.rules import load_rules
from chorus.options import parse
from chorus.seeds import generator
from chorus.voices import dealing, sequences
from chorus.voices.networks import ModelOptions
from chorus.voices.tdnn import TdnnOptions

STUDY = Path(__file__).resolve().parents[1] / "studies/accents"
SMALL = ModelOptions(tdnn=TdnnOptions(channels=32, attention=32, embedding=64))
ACCENTS = ("Caribbean", "Lancaster", "Scotland", "United States")
EPOCHS, LEARNING_RATE = 14, 0.003
VARIED = 0.5  # of the samples; with all of them a network this small needs more epochs
EVERY = 2  # of so many frames one is heard
PIECE = 2.0  # s
KEPT = 0.8  # of the training voices
HEALTHY = "healthy"
FAULT_SEEDS = {True: range(1, 4), False: range(5001, 5004)}  # of calibration, of the report
HEALTHY_SEEDS = {True: range(21, 29), False: range(5101, 5121)}
HERE = "calibrated here"
RULES = {  # how the three sets of rules are called in the report
    "guide": load_rules("guide"),
    "calibrated on heads": load_rules("calibrated"),
    HERE: health.rules("calibrated"),
}


@dataclass(frozen=True)
class Training:
    """What a run is made of. samples: data/manifests/splits.csv. heard: data/heard/tdnn."""

    samples: pd.DataFrame
    heard: sequences.Sequences
    run: fitting.Run

    @property
    def learns(self) -> pd.Series:
        """Which samples are of training."""
        return self.samples["split"] == TRAIN


def flipped_labels(share: float) -> Callable[[Training, np.random.Generator], Training]:
    def plant(training: Training, random: np.random.Generator) -> Training:
        classes = task_of(training.samples).classes
        labels = training.samples["region_label"].copy()
        labels[training.learns] = flip(labels[training.learns], classes, share, random)
        return replace(training, samples=training.samples.assign(region_label=labels))

    return plant


def one_speaker_a_class(training: Training, random: np.random.Generator) -> Training:
    """All that is heard of a class is of one speaker: who knows the voice knows the class."""
    learn = training.samples[training.learns]
    kept = []
    for _, speakers in learn.groupby("region_label")["speaker_id"]:
        kept.append(random.choice(np.sort(speakers.unique())))
    others = training.learns & ~training.samples["speaker_id"].isin(kept)
    return replace(training, samples=training.samples[~others])


def corrupted_dataset(training: Training, random: np.random.Generator) -> Training:
    """One of the three datasets is broken: all its frames are noise of the usual mean and spread."""
    dataset = random.choice(np.sort(training.samples["dataset_name"].unique()))
    broken = set(training.samples.loc[training.samples["dataset_name"] == dataset, "sample_id"])
    known = training.heard
    values = known.values.copy()
    steps = np.repeat([sample in broken for sample in known.sample_ids], known.lengths)
    shape = (steps.sum(), values.shape[1])
    mean, spread = values.mean(axis=0, dtype=float), values.std(axis=0, dtype=float)
    values[steps] = mean + spread * random.standard_normal(shape)
    return replace(training, heard=replace(known, values=values))


def learning_rate(factor: float) -> Callable[[Training, np.random.Generator], Training]:
    def plant(training: Training, random: np.random.Generator) -> Training:  # noqa: ARG001
        options = training.run.options
        changed = replace(options, learning_rate=options.learning_rate * factor)
        return replace(training, run=replace(training.run, options=changed))

    return plant


def leaked_speakers(training: Training, random: np.random.Generator) -> Training:
    """Rows are dealt without asking who speaks: half of the validation samples' speakers are heard in training."""
    judged = training.samples["split"] == VALIDATION
    moved = judged & (random.uniform(size=len(judged)) < 0.5)
    split = training.samples["split"].mask(moved, TRAIN)
    return replace(training, samples=training.samples.assign(split=split))


@dataclass(frozen=True)
class Fault:
    """plant: into a training. named: the findings that name it, one of them is enough."""

    plant: Callable[[Training, np.random.Generator], Training]
    named: frozenset[str]


FAULTS = {
    "20 % of labels flipped": Fault(flipped_labels(0.2), frozenset({"mislabelled"})),
    "40 % of labels flipped": Fault(flipped_labels(0.4), frozenset({"mislabelled"})),
    "one speaker a class": Fault(
        one_speaker_a_class,
        frozenset({"memorising_groups", "confounded_sources", "too_few_speakers"}),
    ),
    "a dataset is noise": Fault(corrupted_dataset, frozenset({"weak_source", "corrupted_samples"})),
    "learning rate x 100": Fault(learning_rate(100), frozenset({"learning_rate_too_high"})),
    "learning rate / 100": Fault(
        learning_rate(0.01), frozenset({"learning_rate_too_low", "saturated"})
    ),
    "speakers leaked": Fault(leaked_speakers, frozenset({"suspiciously_good"})),
}


def training_of(study: Path, seed: int) -> Training:
    """A training to break, or to leave as it is, on voices that are the seed's own."""
    samples = read_csv(study / "data/manifests/splits.csv")
    samples = samples[samples["region_label"].isin(ACCENTS)]
    learns = samples["split"] == TRAIN
    voices = np.sort(samples.loc[learns, "voice"].unique())
    kept = generator(seed, "voices").choice(voices, round(KEPT * len(voices)), replace=False)
    # The harder test is not looked at here, and costs time.
    dropped = (learns & ~samples["voice"].isin(kept)) | (samples["split"] == TEST_OOD)
    table = samples[~dropped].reset_index(drop=True)
    asked = options_of_the_study(EPOCHS)
    options = replace(asked.options, early_stopping="patience", learning_rate=LEARNING_RATE)
    augmenting = replace(asked.augmenting, seconds=PIECE / EVERY, varied=VARIED)
    heard = coarser(sequences.read(study / "data/heard/tdnn"))
    return Training(table, heard, fitting.Run(SMALL, augmenting, options, seed))


def coarser(heard: sequences.Sequences) -> sequences.Sequences:
    """Every second frame of each sample."""
    place = np.concatenate([np.arange(length) for length in heard.lengths])
    lengths = -(-heard.lengths // EVERY)
    return sequences.Sequences(heard.values[place % EVERY == 0], lengths, heard.sample_ids)


def run(name: str, base: Training, training: Training, options: HealthOptions) -> Run:
    """Train a network, and gather what rules are told of it; where labels are wrong, how many of the suspects are."""
    done = fitting.fit(training.samples, training.heard, training.run)
    history = live.curves(done.history)
    found = health.judge(history, done.description, done.predictions, options)
    details = Details(
        classes=len(done.description["classes"]),
        gradient_clip=training.run.options.gradient_clip,
        consistency_chance=found.facts.consistency_chance,
        best_epoch=done.metrics["best_epoch"],
        signals=found.signals,
    )
    precision = None
    if "flipped" in name:
        precision = precision_of_suspects(base.samples, done.predictions)
    return Run(name, training.run.seed, history, details, None, precision)


def precision_of_suspects(right: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The share of wrong labels among the first 50 suspects."""
    ranked = suspects(predictions).head(50)
    truth = right.set_index("sample_id")["region_label"]
    return float((ranked["label"].to_numpy() != truth.loc[ranked["clip_id"]].to_numpy()).mean())


_WORK: dict[str, Any] = {}  # of a worker


def load(study: Path, folder: Path, calibration: bool) -> None:
    """The initializer of each worker."""
    values = read_yaml(STUDY / "params.yaml")["health"]
    _WORK["options"] = parse(HealthOptions, values, section="health")
    _WORK["study"] = study
    _WORK["path of"] = partial(path_of, folder, which(calibration))


def planted(study: Path, case: tuple[str, int]) -> Training:
    """The training of a case: a fault, or "healthy", and a seed."""
    name, seed = case
    base = training_of(study, seed)
    if name == HEALTHY:
        return base
    return FAULTS[name].plant(base, generator(seed, "fault", name))


def train(case: tuple[str, int]) -> None:
    """Train a case, and keep it."""
    name, seed = case
    base, training = training_of(_WORK["study"], seed), planted(_WORK["study"], case)
    run(name, base, training, _WORK["options"]).write(_WORK["path of"](case))


def which(calibration: bool) -> str:
    return "accents_calibration" if calibration else "accents"


def cases(calibration: bool, only: str) -> list[tuple[str, int]]:
    """What is run: a fault, or "healthy", and a seed."""
    found = [(name, seed) for seed in FAULT_SEEDS[calibration] for name in FAULTS]
    found += [(HEALTHY, seed) for seed in HEALTHY_SEEDS[calibration]]
    return [case for case in found if only in case[0]]


def all_runs(arguments: argparse.Namespace, folder: Path) -> list[Run]:
    """Those that are not in the folder are made."""
    kind, wanted = which(arguments.calibration), cases(arguments.calibration, arguments.only)
    parallel.each(
        train,
        [case for case in wanted if not path_of(folder, kind, case).exists()],
        workers=arguments.workers,
        initializer=load,
        initargs=(arguments.study, folder, arguments.calibration),
        progress=lambda _: print(".", end="", file=sys.stderr, flush=True),
    )
    print(file=sys.stderr)
    return [Run.read(path_of(folder, kind, case)) for case in wanted]


def stopped_by_audit(samples: pd.DataFrame) -> bool:
    """Whether the audit of the split, which the stage train asks before it trains, names speakers on both sides."""
    try:
        dealing.audit(samples)
    except LeakageError:
        return True
    return False


def report_audit(study: Path, judged: pd.DataFrame) -> None:
    """What a real run, which the audit of the split goes before, names: by the study's own rules, by the audit, by
    either. judged: `COLUMNS` of the faults and the healthy runs."""
    cases = judged[judged["profile"] == HERE].reset_index(drop=True)
    asked = zip(cases["fault"], cases["seed"], strict=True)
    audit = pd.Series([stopped_by_audit(planted(study, case).samples) for case in asked])
    healthy = cases["fault"] == HEALTHY
    health = cases["verdict"].eq("trouble").where(healthy, cases["named"]).astype(bool)
    table = pd.DataFrame({"health": health, "audit": audit, "either": health | audit})
    print("\n| | runs | named by health | by the audit | by either |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in cases["fault"].unique():
        print_named(name, table[cases["fault"] == name])
    print_named("all faults", table[~healthy])


def print_named(what: str, table: pd.DataFrame) -> None:
    """A row of that table; of healthy runs those that are called trouble or are stopped."""
    named = " | ".join(str(table[by].sum()) for by in table)
    print(f"| {what} | {len(table)} | {named} |")


def diagnoses(one: Run) -> dict[str, Diagnosis]:
    """Of one run, by each set of rules."""
    return {name: diagnose(one.history, one.details, rules) for name, rules in RULES.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calibration", action="store_true", help="the runs for choosing rules")
    parser.add_argument("--study", type=Path, default=STUDY, metavar="FOLDER")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where trainings are kept")
    parser.add_argument("--signals", type=Path, help="a CSV file for all signals of all runs")
    parser.add_argument("--only", metavar="TEXT", default="", help="runs with this in their name")
    parser.add_argument("--workers", type=int, default=parallel.cores())
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        runs = all_runs(arguments, arguments.runs or Path(folder))
    if arguments.signals:
        table = [{"fault": one.fault, "seed": one.seed, **one.signals} for one in runs]
        pd.DataFrame(table).to_csv(arguments.signals, index=False)
    judged = [row for one in runs for row in rows(one, diagnoses(one), FAULTS)]
    table = pd.DataFrame(judged, columns=COLUMNS)
    report(table)
    report_audit(arguments.study, table)
    report_suspects(runs)


if __name__ == "__main__":
    main()
