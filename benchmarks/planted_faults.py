"""Plants one fault at a time into a training on the demo's embeddings: is it named?

    python benchmarks/planted_faults.py                  # the tables of docs/health.md
    python benchmarks/planted_faults.py --calibration    # the runs on which the calibrated rules were chosen
    python benchmarks/planted_faults.py --sounds         # eight kinds of sound instead of two classes

All need data/embeddings, data/manifests and data/subsets of the demo (make run), in the folder where they are started.
What they print is Markdown for docs/health.md. No run of the first is a run of the second: other seeds for the faults,
other compositions and seeds for the healthy runs.

--runs FOLDER keeps the trainings: those that are there are not repeated, and are judged by the rules as they are now.
So rules are chosen in seconds, on the runs of --calibration, and a report that was cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from chorus import detector, embeddings, parallel
from chorus.clips import BINARY, POSITIVE, TEST_IID, TEST_OOD, TRAIN, VALIDATION
from chorus.composition import ComposeOptions, compose
from chorus.evaluation import EvaluateOptions, evaluate, logistic_regression_scores
from chorus.evaluation.suspects import suspects
from chorus.files import read_csv, read_json, write_json
from chorus.health.diagnosis import Details, Diagnosis, diagnose
from chorus.health.judge import judge
from chorus.health.measures import measure
from chorus.health.options import HealthOptions
from chorus.health.rules import load_rules
from chorus.metrics import auprc
from chorus.seeds import generator
from chorus.tasks import task_of
from chorus.training import HeadOptions

PROFILES = ("guide", "calibrated")
VERDICTS = ("healthy", "watch", "trouble", "unknown")
FAULT_SEEDS = {True: range(1, 16), False: range(4001, 4016)}  # of calibration, of the report
HEALTHY_SEEDS = {True: range(21, 61), False: range(4101, 4161)}
SOUNDS = (  # the commonest among clips of a single sound
    "Pacific chorus frog", "RADR both", "RADR growl", "RADR grunt", "aircraft", "dog", "insects", "toad",
)  # fmt: skip
ALIKE = (("RADR both", "RADR grunt"), ("RADR both", "RADR growl"))


@dataclass(frozen=True)
class Training:
    """What a run is made of. manifest: clip_id, label of the training set. clips: of the whole survey."""

    manifest: pd.DataFrame
    clips: pd.DataFrame
    embeddings: embeddings.Embeddings
    options: HeadOptions
    classes: tuple[str, ...] = BINARY

    def rows(self, clip_ids: pd.Series) -> np.ndarray:
        return np.isin(self.embeddings.clip_ids, clip_ids.to_numpy(dtype=str))

    def with_features(self, features: np.ndarray) -> Training:
        known = embeddings.Embeddings(
            self.embeddings.encoder_id, features, self.embeddings.clip_ids
        )
        return replace(self, embeddings=known)


def flip(
    labels: pd.Series, classes: Sequence[str], share: float, random: np.random.Generator
) -> np.ndarray:
    """The labels, of which so large a share is now another one, each of the others as often."""
    wrong = random.permutation(len(labels)) < round(share * len(labels))
    label = pd.Index(classes).get_indexer(labels)
    other = (label + random.integers(1, len(classes), len(label))) % len(classes)
    return np.array(classes)[np.where(wrong, other, label)]


def flipped_labels(share: float) -> Callable[[Training, np.random.Generator], Training]:
    def plant(run: Training, random: np.random.Generator) -> Training:
        labels = flip(run.manifest["label"], run.classes, share, random)
        return replace(run, manifest=run.manifest.assign(label=labels))

    return plant


def corrupted_source(run: Training, random: np.random.Generator) -> Training:
    """One recorder among the larger ones is broken: all its embeddings are noise of the usual mean and spread."""
    judged = run.clips[run.clips["split"] == VALIDATION]["recorder"].value_counts()
    recorder = random.choice(judged.index[:6])
    broken = run.rows(run.clips.loc[run.clips["recorder"] == recorder, "clip_id"])
    features = run.embeddings.features.copy()
    noise = random.standard_normal((broken.sum(), features.shape[1]))
    features[broken] = features.mean(axis=0) + noise * features.std(axis=0)
    return run.with_features(features)


def learning_rate(factor: float) -> Callable[[Training, np.random.Generator], Training]:
    def plant(run: Training, random: np.random.Generator) -> Training:  # noqa: ARG001
        return replace(
            run, options=replace(run.options, learning_rate=run.options.learning_rate * factor)
        )

    return plant


def two_hidden_units(run: Training, random: np.random.Generator) -> Training:  # noqa: ARG001
    """All that a head learns has to pass two units, which are silent four times of five: worse than a plain method."""
    return replace(run, options=replace(run.options, hidden_units=2, dropout=0.8))


def few_validation_clips(run: Training, random: np.random.Generator) -> Training:
    """The validation split has two nights with positives, and two without."""
    judged = run.clips[run.clips["split"] == VALIDATION]
    has_positives = (judged["label"] == POSITIVE).groupby(judged["group"]).any()
    kept = [
        random.choice(has_positives.index[has_positives == heard], 2, replace=False)
        for heard in (True, False)
    ]
    dropped = (run.clips["split"] == VALIDATION) & ~run.clips["group"].isin(np.concatenate(kept))
    return replace(run, clips=run.clips[~dropped])


def one_recorder_a_class(run: Training, random: np.random.Generator) -> Training:
    """All clips of a class from one recorder of its own: who knows the recorder knows the label."""
    train = run.clips[run.clips["split"] == TRAIN]
    counts = pd.crosstab(train["recorder"], train["label"])
    if len(run.classes) == 2:
        recorders = random.choice(
            counts.sort_values(BINARY[1], ascending=False).index[:6], size=2, replace=False
        )
        own = dict(zip(BINARY, recorders[::-1], strict=True))
    else:  # the recorders that lose the fewest clips; a draw among them would leave classes without any
        matched = linear_sum_assignment(counts[list(run.classes)], maximize=True)
        own = {run.classes[column]: counts.index[row] for row, column in zip(*matched, strict=True)}
        train = train.sample(frac=0.9, random_state=random)
    return replace(
        run, manifest=train.loc[train["recorder"] == train["label"].map(own), ["clip_id", "label"]]
    )


def poor_features(run: Training, random: np.random.Generator) -> Training:
    """Only four of the 1,024 dimensions are left."""
    kept = random.choice(run.embeddings.features.shape[1], size=4, replace=False)
    return run.with_features(run.embeddings.features[:, kept])


def exploded_samples(run: Training, random: np.random.Generator) -> Training:
    """One training clip in a hundred has an embedding a hundred times too large."""
    bad = run.manifest["clip_id"].sample(max(4, len(run.manifest) // 100), random_state=random)
    features = run.embeddings.features.copy()
    features[run.rows(bad)] *= 100
    return run.with_features(features)


def leakage(run: Training, random: np.random.Generator) -> Training:
    """The validation clips are in the training set too, as copies under other names with a touch of noise."""
    judged = run.clips[run.clips["split"] == VALIDATION]
    copies = judged.assign(
        clip_id="copy_" + judged["clip_id"], group="copy_" + judged["group"], split=TRAIN
    )
    rows = run.embeddings.of(judged["clip_id"])
    spread = run.embeddings.features.std(axis=0)
    noisy = rows.features + 0.05 * spread * random.standard_normal(rows.features.shape)
    known = embeddings.Embeddings(
        run.embeddings.encoder_id,
        np.concatenate([run.embeddings.features, noisy.astype(np.float32)]),
        np.concatenate([run.embeddings.clip_ids, np.char.add("copy_", rows.clip_ids.astype(str))]),
    )
    manifest = pd.concat([run.manifest, copies[["clip_id", "label"]]], ignore_index=True)
    return replace(
        run,
        manifest=manifest,
        clips=pd.concat([run.clips, copies], ignore_index=True),
        embeddings=known,
    )


@dataclass(frozen=True)
class Fault:
    """plant: into a training. named: the findings that name it, one of them is enough.

    worse: a regression does better on the same rows, as it lacks what was spoiled: hidden units, a learning rate.
    unjudgeable: there is too little to judge the head by.
    """

    plant: Callable[[Training, np.random.Generator], Training]
    named: frozenset[str]
    worse: bool = False
    unjudgeable: bool = False


FAULTS = {
    "20 % of labels flipped": Fault(flipped_labels(0.2), frozenset({"mislabelled"})),
    "40 % of labels flipped": Fault(flipped_labels(0.4), frozenset({"mislabelled"})),
    "a recorder gives noise": Fault(
        corrupted_source, frozenset({"weak_source", "corrupted_samples"})
    ),
    "learning rate x 100": Fault(
        learning_rate(100), frozenset({"learning_rate_too_high"}), worse=True
    ),
    "learning rate / 100": Fault(
        learning_rate(0.01), frozenset({"learning_rate_too_low", "saturated"}), worse=True
    ),
    "one recorder a class": Fault(
        one_recorder_a_class, frozenset({"memorising_groups", "confounded_sources"})
    ),
    "4 of 1,024 dimensions": Fault(poor_features, frozenset({"too_little_capacity"})),
    "exploded samples": Fault(
        exploded_samples,
        frozenset(
            {"exploding_gradients", "unstable_gradients", "loss_spikes", "corrupted_samples"}
        ),
    ),
    "validation leaked": Fault(leakage, frozenset({"suspiciously_good"})),
    "two hidden units": Fault(
        two_hidden_units, frozenset({"baseline_better", "too_little_capacity"}), worse=True
    ),
    "few validation clips": Fault(
        few_validation_clips, frozenset({"too_little_validation"}), unjudgeable=True
    ),
}


TWO_CLASSES = (
    "two hidden units",
    "few validation clips",
)  # faults that are planted into detectors alone


def compositions() -> list[ComposeOptions]:
    """The thirty of the grid."""
    found = []
    for balance in (True, False):
        for negative in ((), ("hardneg_conf_min_50",), ("hardneg_conf_min_99",)):
            for quality, positive in (
                (("high", "medium"), ()),
                (("high", "medium"), ("small",)),
                (("high", "medium"), ("top50",)),
                (("high",), ()),
                (("high", "medium", "low"), ()),
            ):
                found.append(
                    ComposeOptions(
                        quality=quality,
                        balance=balance,
                        positive_subsets=positive,
                        negative_subsets=negative,
                    )
                )
    return found


def subsets(kind: str) -> dict[str, list[str]]:
    return {
        path.stem: list(read_csv(path)["clip_id"])
        for path in sorted(Path(f"data/subsets/{kind}").glob("*.csv"))
    }


@dataclass(frozen=True, eq=False)
class Run:
    """One training, and all that rules are told of it. history: its curves.

    lead: AUPRC of a regression above the head's, on the IID test; precision: of the first 50 suspects, the share of
    wrong labels. None: not measured.
    """

    fault: str
    seed: int
    history: pd.DataFrame
    details: Details
    lead: float | None
    precision: float | None = None

    @classmethod
    def read(cls, path: Path) -> Run:
        kept = read_json(path)
        history, details = (
            pd.DataFrame(kept.pop("history"), dtype=float),
            Details(**kept.pop("details")),
        )
        return cls(history=history, details=details, **kept)

    def write(self, path: Path) -> None:
        kept = {
            "fault": self.fault,
            "seed": self.seed,
            "lead": self.lead,
            "precision": self.precision,
        }
        write_json(
            path,
            kept | {"history": self.history.to_dict("records"), "details": asdict(self.details)},
        )

    def diagnosis(self, profile: str) -> Diagnosis:
        return diagnose(self.history, self.details, load_rules(profile))

    def as_if_enough(self) -> Run:
        """The same, if its validation split had more clips of the rarest class than any rule asks for."""
        plenty = {"validation.rarest": 1000, "validation.rarest_nights": 1000}
        return replace(
            self, details=replace(self.details, signals={**self.details.signals, **plenty})
        )

    @property
    def signals(self) -> dict[str, Any]:
        measured = measure(self.history, load_rules("calibrated").phases, self.details.best_epoch)
        return {**measured, **self.details.signals, "truth.lead": self.lead}


def run(name: str, training: Training, seed: int, health: HealthOptions) -> Run:
    """Train a head, and gather what rules are told of it."""
    trained = detector.fit(
        training.manifest,
        training.clips,
        training.embeddings,
        training.options,
        seed,
        task=task_of(training.classes),
    )
    judged = training.clips[training.clips["split"].isin([TRAIN, VALIDATION, TEST_IID, TEST_OOD])]
    scores = detector.predictions(trained.head, training.embeddings, judged["clip_id"])
    binary = training.classes == BINARY
    scores = (
        scores[[BINARY[1]]].set_axis(["score"], axis=1) if binary else scores.add_prefix("score_")
    )
    judged = judged.merge(scores, left_on="clip_id", right_index=True)
    model = {
        **trained.head.task.description(),
        "options": asdict(training.options),
        "training": trained.summary,
    }
    evaluation, lead = (
        beside_a_regression(training, judged, trained.threshold) if binary else (None, None)
    )
    result = judge(
        trained.curves, model, judged, training.manifest, training.clips, health, evaluation
    )
    details = Details(
        classes=len(training.classes),
        gradient_clip=training.options.gradient_clip,
        consistency_chance=result.facts.consistency_chance,
        best_epoch=trained.best_epoch,
        signals=result.signals,
    )
    return Run(name, seed, trained.curves, details, lead)


def beside_a_regression(
    training: Training, judged: pd.DataFrame, threshold: float
) -> tuple[dict[str, Any], float]:
    """What `evaluate` writes; and by how much a logistic regression is better on the IID test, which no rule about
    the regression looks at."""
    rows = detector.examples(training.manifest, training.clips, training.embeddings)
    regression = partial(logistic_regression_scores, rows.features, rows.labels == 1)
    judged = judged[judged["split"] != TRAIN]
    plain = detector.score(regression, training.embeddings, judged["clip_id"])
    detail = evaluate(
        judged,
        threshold=threshold,
        baseline_scores={"logistic_regression": plain},
        options=EvaluateOptions(),
    ).detail
    unseen = judged[judged["split"] == TEST_IID]
    labels = (unseen["label"] == POSITIVE).to_numpy()
    lead = auprc(labels, plain.loc[unseen["clip_id"]].to_numpy()) - auprc(
        labels, unseen["score"].to_numpy()
    )
    return detail, lead


def detectors(
    *, calibration: bool
) -> tuple[Iterator[tuple[int, Training]], Iterator[tuple[int, Training]]]:
    """Seeds and trainings of the demo's detector: for faults, and healthy ones of the grid's compositions."""
    clips, known = read_csv("data/manifests/splits.csv"), embeddings.read(Path("data/embeddings"))
    pools, grid = (subsets("positive"), subsets("negative")), compositions()

    def training(options: ComposeOptions, seed: int) -> tuple[int, Training]:
        manifest = compose(clips, *pools, options, seed).manifest[["clip_id", "label"]]
        return seed, Training(manifest, clips, known, HeadOptions())

    # of the thirty compositions every second for calibration, the others for the report
    healthy = [
        grid[(2 * number + (not calibration)) % len(grid)]
        for number in range(len(HEALTHY_SEEDS[calibration]))
    ]
    return (
        (training(ComposeOptions(), seed) for seed in FAULT_SEEDS[calibration]),
        map(training, healthy, HEALTHY_SEEDS[calibration]),
    )


def sounds() -> tuple[Iterator[tuple[int, Training]], Iterator[tuple[int, Training]]]:
    """The same of heads that tell apart eight kinds of sound, each on nine tenths of the nights."""
    clips, known = read_csv("data/manifests/splits.csv"), embeddings.read(Path("data/embeddings"))
    heard = (
        clips["source"].str.removeprefix("synthetic: ").str.split("; ")
    )  # "toad, 12 dB; pond background"
    clips = clips.assign(label=heard.str[0].str.rpartition(", ")[0])[heard.str.len() == 2]
    clips = clips[clips["label"].isin(SOUNDS)]
    train = clips[clips["split"] == TRAIN]

    def training(seed: int) -> tuple[int, Training]:
        nights = np.sort(train["group"].unique())
        kept = generator(seed, "nights").choice(nights, int(0.9 * len(nights)), replace=False)
        manifest = train.loc[train["group"].isin(kept), ["clip_id", "label"]]
        return seed, Training(manifest, clips, known, HeadOptions(gradient_clip=0.5), SOUNDS)

    return map(training, FAULT_SEEDS[False]), map(training, HEALTHY_SEEDS[False])


_CASES: dict[
    str, Any
] = {}  # of a worker: the trainings to break, the healthy ones, and the options of the diagnosis


def load(which: str, folder: Path) -> None:
    """The initializer of each worker."""
    to_break, healthy = (
        sounds() if which == "sounds" else detectors(calibration=which == "calibration")
    )
    options = HealthOptions(expected_confusions=ALIKE if which == "sounds" else ())
    _CASES.update({"to break": list(to_break), "healthy": list(healthy), "options": options})
    _CASES["path of"] = partial(path_of, folder, which)


def path_of(folder: Path, which: str, case: tuple[str, int]) -> Path:
    """Where a training is kept."""
    return folder / f"{which}_{re.sub(r'[^a-z0-9]+', '_', case[0])}_{case[1]}.json"


def train(case: tuple[str, int]) -> None:
    """Train and keep: a fault and the number of a training to break, or "healthy" and the number of such a one."""
    name, number = case
    if name == "healthy":
        seed, training = _CASES["healthy"][number]
        trained = run(name, training, seed, _CASES["options"])
    else:
        seed, base = _CASES["to break"][number]
        planted = FAULTS[name].plant(base, generator(seed, "fault", name))
        trained = run(name, planted, seed, _CASES["options"])
        if "flipped" in name:
            trained = replace(trained, precision=precision_of_suspects(base, planted))
    trained.write(_CASES["path of"](case))


def precision_of_suspects(base: Training, planted: Training) -> float:
    """The share of wrong labels among the first 50 suspects."""
    right = base.manifest.set_index("clip_id")["label"]
    learned = detector.examples(
        planted.manifest, base.clips, base.embeddings, task_of(base.classes)
    )
    ranked = suspects(learned).head(50)
    return float((ranked["label"].to_numpy() != right.loc[ranked["clip_id"]].to_numpy()).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--calibration", action="store_true", help="the runs on which rules were chosen"
    )
    which.add_argument(
        "--sounds", action="store_true", help="eight kinds of sound instead of two classes"
    )
    parser.add_argument(
        "--runs", type=Path, metavar="FOLDER", help="where trainings are kept, and not repeated"
    )
    parser.add_argument(
        "--signals", type=Path, help="a CSV file to write all signals of all runs to"
    )
    parser.add_argument(
        "--enough", action="store_true", help="judge as if there were validation clips enough"
    )
    parser.add_argument(
        "--only", metavar="TEXT", default="", help="only the runs whose fault has this in its name"
    )
    arguments = parser.parse_args()
    kind = "sounds" if arguments.sounds else "calibration" if arguments.calibration else "report"
    with TemporaryDirectory() as folder:
        runs = trainings(kind, arguments.only, arguments.runs or Path(folder))
    if arguments.enough:
        runs = [one.as_if_enough() for one in runs]
    if arguments.signals:
        table = [{"fault": one.fault, "seed": one.seed, **one.signals} for one in runs]
        pd.DataFrame(table).to_csv(arguments.signals, index=False)
    judged = pd.DataFrame([row for one in runs for row in rows_of(one)], columns=COLUMNS)
    report(judged)
    report_truths(judged, runs)
    report_suspects(runs)


def trainings(kind: str, only: str, folder: Path) -> list[Run]:
    """All of a kind, as far as they are not in the folder made on all cores."""
    calibration = kind == "calibration"
    faults = [name for name in FAULTS if not (kind == "sounds" and name in TWO_CLASSES)]
    cases = [("healthy", number) for number in range(len(HEALTHY_SEEDS[calibration]))]
    cases += [(name, number) for number in range(len(FAULT_SEEDS[calibration])) for name in faults]
    cases = [case for case in cases if only in case[0]]
    parallel.each(
        train,
        [case for case in cases if not path_of(folder, kind, case).exists()],
        workers=parallel.cores(),
        initializer=load,
        initargs=(kind, folder),
        progress=lambda _: print(".", end="", file=sys.stderr, flush=True),
    )
    print(file=sys.stderr)
    return [Run.read(path_of(folder, kind, case)) for case in cases]


COLUMNS = ["fault", "seed", "profile", "verdict", "named", "findings"]


def rows_of(one: Run) -> Iterator[tuple[Any, ...]]:
    """A row for each profile, in `COLUMNS`."""
    return rows(one, {profile: one.diagnosis(profile) for profile in PROFILES}, FAULTS)


def rows(
    one: Run, diagnoses: Mapping[str, Diagnosis], faults: Mapping[str, Any]
) -> Iterator[tuple[Any, ...]]:
    """A row for each diagnosis, in `COLUMNS`. faults: name -> what has `named`, the findings that name it."""
    for profile, diagnosis in diagnoses.items():
        names = [finding.name for finding in diagnosis.findings]
        named = bool(faults[one.fault].named & set(names)) if one.fault in faults else None
        yield one.fault, one.seed, profile, diagnosis.verdict, named, "+".join(names) or "none"


def report_truths(judged: pd.DataFrame, runs: Sequence[Run]) -> None:
    """What is said of runs that were made worse than a regression, or impossible to judge.

    How they were made is the truth. That it worked is seen on the IID test, which no rule about the regression reads.
    """
    judged = judged[judged["profile"] == "calibrated"]
    print(
        "\n| of runs that were made | runs | AUPRC of a regression above theirs on the IID test: median, lowest "
        f"| {' | '.join(VERDICTS)} |\n| --- | ---: | ---: |" + " ---: |" * len(VERDICTS)
    )
    for what, faults in (
        ("worse than a regression", {name for name, fault in FAULTS.items() if fault.worse}),
        ("impossible to judge", {name for name, fault in FAULTS.items() if fault.unjudgeable}),
        ("well", {"healthy"}),
    ):
        leads = [one.lead for one in runs if one.fault in faults and one.lead is not None]
        told = f"{np.median(leads):.3f}, {min(leads):.3f}" if leads else "-"
        counts = (
            judged.loc[judged["fault"].isin(faults), "verdict"]
            .value_counts()
            .reindex(VERDICTS, fill_value=0)
        )
        print(f"| {what} | {counts.sum()} | {told} | {' | '.join(map(str, counts))} |")


def report_suspects(done: Sequence[Run]) -> None:
    """How many of the first suspects bear a wrong label."""
    print(
        "\n| planted | precision of the first 50 suspects, mean | lowest | highest |\n| --- | ---: | ---: | ---: |"
    )
    for fault in dict.fromkeys(one.fault for one in done):
        values = np.array(
            [one.precision for one in done if one.fault == fault and one.precision is not None]
        )
        if len(values):
            print(f"| {fault} | {values.mean():.2f} | {values.min():.2f} | {values.max():.2f} |")


def report(runs: pd.DataFrame) -> None:
    """Markdown tables: fault by seed, false alarms, and the totals."""
    for profile in runs["profile"].unique():
        of_profile = runs[runs["profile"] == profile]
        planted, healthy = (
            of_profile[of_profile["fault"] != "healthy"],
            of_profile[of_profile["fault"] == "healthy"],
        )
        seeds = sorted(planted["seed"].unique()) or [0]
        print(
            f"\n**{profile}**\n\n| fault | seeds {seeds[0]} to {seeds[-1]} | named | said instead |\n"
            "| --- | --- | ---: | --- |"
        )
        for fault in planted["fault"].unique():
            part = planted[planted["fault"] == fault].sort_values("seed")
            marks = "".join("✓" if named else "·" for named in part["named"])
            missed = part.loc[~part["named"].astype(bool), "findings"].value_counts()
            instead = ", ".join(f"{names} ({count})" for names, count in missed.items())
            print(f"| {fault} | {marks} | {marks.count('✓')}/{len(marks)} | {instead} |")
        troubled, silent = (
            (healthy["verdict"] == "trouble").sum(),
            (healthy["findings"] == "none").sum(),
        )
        said = healthy.loc[healthy["findings"] != "none", "findings"].value_counts()
        print(
            f"\nNamed: {planted['named'].sum()} of {len(planted)}. Healthy runs: {len(healthy)}; silent on {silent}, "
            f"trouble on {troubled}. Said: {', '.join(f'{names} ({count})' for names, count in said.items()) or '-'}."
        )


if __name__ == "__main__":
    main()
