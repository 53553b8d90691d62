"""Is the head worth its training? It against three lines of scikit-learn, on the same rows of real sounds and the demo.

    python benchmarks/heads.py --sounds ../shared/data --demo .

Few positives (5, 10, 20, 32, and three times as many negatives) of each class against the rest; and many, of five
classes against the others. Test recordings are of other sources: other freesound clips (ESC-10), another speaker
(FSDD), another pond (the demo: its compositions, on the OOD test). The head's settings were chosen on the even classes
and digits (--tuning shows these) and on the demo's validation split and IID test; what is shown by default is the rest.

A line is a kind of set: how many, AUROC and AUPRC of the regression, what the head has more, mean over seeds and sets
with the 95 % interval of a bootstrap over what was drawn (class and test sources), and the head's SD over seeds.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd
import real_sounds

from chorus import detector, embeddings
from chorus.clips import TEST_OOD, VALIDATION
from chorus.composition import ComposeOptions, compose
from chorus.evaluation import logistic_regression_scores
from chorus.files import read_csv
from chorus.metrics import auprc, auroc
from chorus.seeds import generator
from chorus.training import Examples, HeadOptions, train_head

METRICS = {"auroc": auroc, "auprc": auprc}
FEW = (5, 10, 20, 32)  # positives
NEGATIVES_EACH = 3
FOLDS = 4  # of the sources of ESC-10; each speaker of FSDD is a fold
UNIONS = 4  # draws of five classes against the other five
DEMO = [
    (quality, positives, negatives, balance)
    for quality, positives in (
        (("high", "medium"), ()),
        (("high", "medium"), ("top50",)),
        (("high",), ()),
        (("high", "medium", "low"), ()),
    )
    for negatives in ((), ("hardneg_conf_min_99",))
    for balance in (True, False)
]


@dataclass(frozen=True, eq=False)
class Task:
    """Rows to learn from and to be tested on; validation rows, which the head only chooses its threshold by.

    kind: what the task is an example of. drawn: what else is tested on the same recordings of the same class.
    """

    kind: str
    drawn: str
    training: Examples
    validation: Examples
    test: Examples


def few_positives(
    name: str, noise: str, sounds: real_sounds.Sounds, classes: list[str], folds: int
) -> Iterator[Task]:
    """A class against the rest, learned from few recordings."""
    fold_of = _folds(name, sounds.sources)
    for label in classes:
        rows = _examples(sounds, sounds.labels == label)
        for fold in range(folds):
            rest, test = np.flatnonzero(fold_of != fold), rows.take(fold_of == fold)
            for count in FEW:
                random = generator(1, "benchmark rows", name, noise, label, fold, count)
                mixed = random.permutation(rest)
                positives, negatives = (
                    mixed[rows.labels[mixed] == 1],
                    mixed[rows.labels[mixed] == 0],
                )
                count = min(count, len(positives) - 2)
                learned = np.concatenate([positives[:count], negatives[: NEGATIVES_EACH * count]])
                other = np.setdiff1d(rest, learned)
                yield Task(
                    f"{name} {noise}",
                    f"{name} {label} {fold}",
                    rows.take(learned),
                    rows.take(other),
                    test,
                )


def many_positives(name: str, noise: str, sounds: real_sounds.Sounds, folds: int) -> Iterator[Task]:
    """Five classes against the others, learned from all recordings; the validation rows are the tested ones."""
    fold_of, classes = _folds(name, sounds.sources), np.unique(sounds.labels)
    for union in range(UNIONS):
        chosen = generator(1, "benchmark union", union).permutation(classes)[: len(classes) // 2]
        rows = _examples(sounds, np.isin(sounds.labels, chosen))
        for fold in range(folds):
            learned, test = rows.take(fold_of != fold), rows.take(fold_of == fold)
            yield Task(
                f"{name} {noise}, five classes", f"{name} {union} {fold}", learned, test, test
            )


def demo(root: Path) -> Iterator[Task]:
    """The compositions of the grid, tested on the pond that no split but the OOD test has."""
    clips, known = (
        read_csv(root / "data/manifests/splits.csv"),
        embeddings.read(root / "data/embeddings"),
    )
    subsets = {
        kind: {
            path.stem: list(read_csv(path)["clip_id"])
            for path in (root / "data/subsets" / kind).glob("*.csv")
        }
        for kind in ("positive", "negative")
    }
    validation, test = (
        detector.examples(clips[clips["split"] == split], clips, known)
        for split in (VALIDATION, TEST_OOD)
    )
    for quality, positives, negatives, balance in DEMO:
        options = ComposeOptions(
            quality=quality, balance=balance, positive_subsets=positives, negative_subsets=negatives
        )
        manifest = compose(clips, subsets["positive"], subsets["negative"], options, 123).manifest
        training = detector.examples(manifest, clips, known)
        many = "over 200" if training.labels.sum() > 200 else "24"
        balanced = "balanced" if balance else "all negatives"
        yield Task(
            f"demo, {many} positives, {balanced}",
            str((quality, positives, negatives)),
            training,
            validation,
            test,
        )


def compare(task: Task, options: HeadOptions, seeds: range) -> list[dict[str, object]]:
    """One row a seed: the metrics of the head and of the regression."""
    training, test = task.training.ordered(), task.test
    plain = logistic_regression_scores(training.features, training.labels == 1, test.features)
    rows = []
    for seed in seeds:
        head = train_head(training, task.validation, options, seed).head
        scores = {"head": head.logits(test.features)[:, 0], "regression": plain}
        figures = {
            f"{method}_{name}": metric(test.labels == 1, scores[method])
            for method in scores
            for name, metric in METRICS.items()
        }
        rows.append(
            {"kind": task.kind, "drawn": task.drawn, "rows": len(training), "seed": seed, **figures}
        )
    return rows


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """One line a kind of set."""
    lines = {}
    for kind, part in results.groupby("kind", sort=False):
        sets = part.groupby(["drawn", "rows"], sort=False)
        line: dict[str, object] = {"sets": sets.ngroups}
        for name in METRICS:
            more = sets[f"head_{name}"].mean() - sets[f"regression_{name}"].mean()
            low, high = interval(more)
            line[name] = f"{part[f'regression_{name}'].mean():.3f}"
            line[f"{name}: head has more"] = f"{more.mean():+.4f} [{low:+.4f}, {high:+.4f}]"
            line[f"{name}: SD"] = f"{np.sqrt(sets[f'head_{name}'].var().mean()):.4f}"
        lines[kind] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def interval(differences: pd.Series, resamples: int = 2000) -> tuple[float, float]:
    """95 % percentile interval of the mean over sets, drawing what they have in common (`drawn`) together."""
    clusters = differences.groupby("drawn").agg(["sum", "size"]).to_numpy()
    picks = generator(1, "benchmark bootstrap").integers(
        len(clusters), size=(resamples, len(clusters))
    )
    sums = clusters[picks].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    return float(low), float(high)


def _folds(name: str, sources: np.ndarray) -> np.ndarray:
    """The fold of each recording: that of its speaker or, drawn at random, of its source clip."""
    names, source_of = np.unique(sources, return_inverse=True)
    if name == "fsdd":
        return source_of
    return generator(1, "benchmark folds", name).integers(FOLDS, size=len(names))[source_of]


def _examples(sounds: real_sounds.Sounds, positive: np.ndarray) -> Examples:
    ids = np.array([f"{number:05d}" for number in range(len(positive))])
    return Examples(sounds.features, positive.astype(np.int64), sounds.sources, ids)


def tasks(arguments: argparse.Namespace) -> Iterator[Task]:
    """Those of the sounds, if there are any, and of the demo, if it was run."""
    if (arguments.sounds / "esc10").is_dir():
        for (name, noise), sounds in real_sounds.read(arguments.sounds, arguments.cache).items():
            classes = np.unique(sounds.labels).tolist()
            yield from few_positives(
                name, noise, sounds, classes[0 if arguments.tuning else 1 :: 2], arguments.folds
            )
            if name == "fsdd" and not arguments.tuning:
                yield from many_positives(name, noise, sounds, arguments.folds)
    else:
        print(f"skipped: no real sounds in {arguments.sounds} (--sounds)", file=sys.stderr)
    if (arguments.demo / "data" / "embeddings").is_dir() and not arguments.tuning:
        yield from demo(arguments.demo)
    else:
        print(f"skipped: no demo in {arguments.demo} (--demo; make run)", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sounds", type=Path, default=Path("../shared/data"), help="folder of esc10/ and fsdd/"
    )
    parser.add_argument(
        "--demo", type=Path, default=Path(), help="a checkout in which the demo was run"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path(".dvc/tmp/heads"), help="embeddings of the sounds"
    )
    parser.add_argument("--folds", type=int, default=2, help=f"of each collection, at most {FOLDS}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--tuning", action="store_true", help="the sets on which settings were chosen"
    )
    parser.add_argument("--csv", type=Path, help="one row a set and seed, to be written")
    arguments = parser.parse_args()
    # Curves on the validation rows: the head is the same, byte by byte, and the rehearsal's time is saved.
    options = HeadOptions(validation="split")
    rows = [
        row
        for task in tasks(arguments)
        for row in compare(task, options, range(1, arguments.seeds + 1))
    ]
    results = pd.DataFrame(rows)
    if arguments.csv:
        results.to_csv(arguments.csv, index=False)
    if len(results):
        print(summary(results).to_string())


if __name__ == "__main__":
    main()
