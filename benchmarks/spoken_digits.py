"""The accents study's network on real voices: spoken digits (FSDD), beside a plain head on log-mel statistics.

    python benchmarks/spoken_digits.py SOUNDS

SOUNDS holds `fsdd/recordings/` (`{digit}_{speaker}_{index}.wav`). One of six speakers is left out, six times; then rows
are dealt once without asking who speaks, as many to each split. --epochs N trains for fewer.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "studies/accents/src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd

from accents import fitting, health, live
from accents.said import likely, predictions, task_of
from chorus import parallel
from chorus.clips import TEST_IID, TRAIN, VALIDATION
from chorus.encoders import EncodeOptions
from chorus.files import read_yaml
from chorus.health.options import HealthOptions
from chorus.options import parse
from chorus.seeds import generator
from chorus.statistics.intervals import student
from chorus.training import HeadOptions
from chorus.voices import corpora, packing, plain, sequences
from chorus.voices.augment import AugmentOptions
from chorus.voices.cutting import CutOptions
from chorus.voices.listening import embeddings_of, half_frames
from chorus.voices.networks import ModelOptions
from chorus.voices.training import TrainOptions

STUDY = Path(__file__).resolve().parents[1] / "studies/accents"
TAKES = 15  # of the fifty recordings of a digit by a speaker
HEAD = HeadOptions(hidden_units=128, epochs=40, validation="split", refit=False)


def options_of_the_study(epochs: int, **sections: Any) -> fitting.Run:
    """What params.yaml of the study asks for, for so many epochs."""
    values = read_yaml(STUDY / "params.yaml") | sections
    options = parse(TrainOptions, values["train"], section="train")
    return fitting.Run(
        parse(ModelOptions, values["model"], section="model"),
        parse(AugmentOptions, values["augment"], section="augment"),
        replace(options, epochs=epochs, early_stopping="none"),
        seed=values["seed"],
    )


def write_listing(recordings: Path, folder: Path) -> None:
    """A folder of one's own: the recordings, and clips.csv with path, speaker and label."""
    lines = ["path,speaker,label"]
    for file in sorted(recordings.glob("*.wav")):
        digit, speaker, take = file.stem.split("_")
        if int(take) < TAKES:
            shutil.copy(file, folder)
            lines.append(f"{file.name},{speaker},{digit}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_digits(recordings: Path, folder: Path) -> pd.DataFrame:
    """The table of samples of the digits, and their shards in `folder`/packed."""
    (folder / "corpora" / "fsdd").mkdir(parents=True)
    write_listing(recordings, folder / "corpora" / "fsdd")
    found = corpora.read(folder / "corpora")
    (folder / "packed").mkdir()
    options = CutOptions(min_seconds=0.1)
    packed = packing.pack(found.utterances, folder / "packed", options, workers=parallel.cores())
    print(f"{len(packed.table)} samples, {len(packed.quarantine)} in quarantine", file=sys.stderr)
    return packed.table


def digits(sounds: Path, epochs: int) -> None:
    """Leave each speaker out in turn; a speaker's test is judged by a model that heard four others."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = read_digits(sounds / "fsdd" / "recordings", folder)
        listening = {
            "frames": half_frames,
            "embeddings": embeddings_of(EncodeOptions(encoder="logmel")),
        }
        heard = {
            name: sequences.hear(table, folder / "packed", listen, workers=parallel.cores())
            for name, listen in listening.items()
        }
    splits = {name: left_out(table, name) for name in sorted(set(table["speaker_id"]))}
    rows = []
    for speaker, split in splits.items():
        found = compared(table.assign(split=split), heard, epochs)
        rows.append({"speaker": speaker.partition("/")[2], **found})
    print("| speaker left out | samples | network | plain head | health here | by the guide |")
    print("| --- | ---: | ---: | ---: | --- | --- |")
    for row in rows:
        accuracies = f"{row['samples']} | {row['network']:.3f} | {row['plain']:.3f}"
        print(f"| {row['speaker']} | {accuracies} | {row['calibrated']} | {row['guide']} |")
    network, head = (np.array([row[name] for row in rows]) for name in ("network", "plain"))
    for name, values in (
        ("network", network),
        ("plain head", head),
        ("difference", network - head),
    ):
        print(f"{name}: {_over_speakers(values)}")
    dealt = generator(1, "overlap").permutation(next(iter(splits.values())).to_numpy())
    found = compared(table.assign(split=dealt), heard, epochs)
    print(f"rows dealt at random: network {found['network']:.3f}, plain head {found['plain']:.3f}")


def left_out(table: pd.DataFrame, speaker: str) -> pd.Series:
    """The split of each sample where one speaker is the test. The next one in order is the validation, by which
    nothing is chosen."""
    names = sorted(set(table["speaker_id"]))
    beside = names[(names.index(speaker) + 1) % len(names)]
    return table["speaker_id"].map({speaker: TEST_IID, beside: VALIDATION}).fillna(TRAIN)


def compared(
    samples: pd.DataFrame, heard: Mapping[str, sequences.Sequences], epochs: int
) -> dict[str, Any]:
    """Accuracy of the network and of a plain head on the test, and what the rules of health say of the network."""
    task = task_of(samples)
    done = fitting.fit(samples, heard["frames"], options_of_the_study(epochs))
    by_split = samples.groupby("split")
    learn, judge, test = (by_split.get_group(name) for name in (TRAIN, VALIDATION, TEST_IID))
    trained = plain.fit(learn, judge, heard["embeddings"], task, HEAD, seed=1)
    shares = plain.probabilities(trained, test, heard["embeddings"])
    return {
        "samples": len(test),
        "network": accuracy(done.predictions[done.predictions["split"] == TEST_IID]),
        "plain": accuracy(predictions(test, shares, task)),
        **verdicts(done),
    }


def verdicts(done: fitting.Done) -> dict[str, str]:
    """What each profile says of a training; that one speaker is too few to judge by is passed over."""
    history = live.curves(done.history)
    found = {}
    for profile in health.PROFILES:
        options = HealthOptions(profile=profile, group="speaker", duration_edges=(0.4, 0.6))
        judged = health.judge(history, done.description, done.predictions, options)
        names = [one.name for one in judged.diagnosis.findings if one.severity != "unknown"]
        found[profile] = ", ".join(names) or "nothing"
    return found


def accuracy(said: pd.DataFrame) -> float:
    """Share of right predictions."""
    return float((likely(said) == said["label"]).mean())


def _over_speakers(values: np.ndarray) -> str:
    """Mean and Student's 95 % interval over speakers, in words."""
    variance = float(np.var(values, ddof=1)) / len(values)
    low, high, _ = student(float(values.mean()), (variance, len(values) - 1), level=0.95)
    return f"{values.mean():.3f} (95 % over {len(values)} speakers: {low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sounds", type=Path, metavar="SOUNDS")
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    digits(arguments.sounds, arguments.epochs)


if __name__ == "__main__":
    main()
