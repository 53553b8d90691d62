"""The toy of studies/speech on real recordings: spoken digits (FSDD) against ESC-10, split by speaker and source clip.

    python benchmarks/speech_sounds.py DATA [--clips 60]

DATA holds fsdd/recordings and esc10; studies/speech has to have been run. The base, the adapter
that learned from the demo, and one that learns from two of the six speakers here. A toy model on easy sounds, and two
speakers judge: no more than that the folder path works.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "studies/speech/src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd

from chorus.files import read_yaml, write_csv
from chorus.metrics import ece
from chorus.metrics.temperature import fit_temperature, probability
from chorus.options import parse
from chorus.seeds import stable_fraction
from chorus.statistics.clusters import compare_clusters
from speech import clips, tuning
from speech.conditions import CLEAN, ConditionOptions, render
from speech.model import AudioModel, ModelOptions, load
from speech.signals import Quiz
from speech.wording import PAIRS

STUDY = Path(__file__).resolve().parents[1] / "studies/speech"
SEED = 42


def listed(data: Path, most: int) -> pd.DataFrame:
    """file, label, source: at most so many clips of a speaker, one take of each source clip of ESC-10."""
    rows = []
    for path in sorted((data / "fsdd/recordings").glob("*.wav")):
        rows.append([str(path.resolve()), "SPEECH", path.stem.split("_")[1]])
    for path in sorted((data / "esc10").rglob("*.ogg")):
        rows.append([str(path.resolve()), "NONSPEECH", path.stem.rsplit("-", 1)[0]])
    table = pd.DataFrame(rows, columns=["file", "label", "source"])
    order = table["file"].map(lambda file: stable_fraction(1, Path(file).name))
    return table.assign(order=order).sort_values("order").groupby("source").head(most)


class Trial:
    """The clips of these sounds as the base hears them, and what each model made of the test."""

    def __init__(self, table: pd.DataFrame, sound_of: dict[str, np.ndarray]) -> None:
        params = read_yaml(STUDY / "params.yaml")
        self.options = parse(tuning.TuneOptions, params["tune"], section="tune")
        self.prompt, self.answers = params["ask"]["prompt"], PAIRS[params["ask"]["answers"]]
        conditions = parse(ConditionOptions, params["conditions"], section="conditions")
        self.base = load(STUDY / "models/base", ModelOptions())
        self.rows = {name: clips.of_split(table, [name]) for name in clips.SPLITS}
        self.heard, self.speech = {}, {}
        for name, rows in self.rows.items():
            sounds = [render(sound_of[clip], CLEAN, clip, conditions) for clip in rows["clip_id"]]
            self.heard[name], self.speech[name] = self.base.hear(sounds), clips.speech(rows)
        self.right: dict[str, np.ndarray] = {}

    def ask(self, model: AudioModel, what: str) -> None:
        """Judge by the test, calibrated on the holdout."""
        margins = {
            name: model.margins(heard, self.prompt, self.answers)
            for name, heard in self.heard.items()
        }
        temperature = fit_temperature(self.speech[clips.HOLDOUT], margins[clips.HOLDOUT])
        speech, test = self.speech[clips.TEST], margins[clips.TEST]
        right = (test >= 0) == speech
        balanced = (right[speech].mean() + right[~speech].mean()) / 2
        before, after = (ece(speech, probability(test, t)) for t in (1.0, temperature))
        print(
            f"{what}: {balanced:.3f}; ECE {before:.3f}, at temperature {temperature:.2f} {after:.3f}"
        )
        self.right[what] = right

    def learn(self) -> AudioModel:
        """An adapter of these sounds."""
        learn, watched = self._quiz(clips.TRAIN), self._quiz(clips.DEVELOPMENT)
        return tuning.tune(self.base, learn, watched, "lora_mlp", self.options, SEED).model

    def _quiz(self, split: str) -> Quiz:
        sources = self.rows[split]["source"].to_numpy(dtype=str)
        return Quiz(self.heard[split], self.speech[split], sources, self.prompt, self.answers)

    def compare(self) -> None:
        """Each with the base, by whole sources."""
        rows = self.rows[clips.TEST]
        for name in list(self.right)[1:]:
            one = compare_clusters(
                rows["label"], self.right[name], self.right["base"], rows["source"]
            )
            ends = f"{one.difference.low:+.3f} to {one.difference.high:+.3f}"
            print(f"{name} - base: {one.difference.value:+.3f} ({ends}), p {one.p:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--clips", type=int, default=60, help="of a speaker, at most")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_csv(Path(folder) / "clips.csv", listed(given.data, given.clips))
        found, rejected = clips.read_folder(Path(folder))
    columns = [[getattr(clip, name) for name in clips.COLUMNS] for clip in found]
    table = clips.split(
        pd.DataFrame(columns, columns=clips.COLUMNS),
        clips.SplitOptions(train=0.34, development=0.17, holdout=0.17),
    )
    print(f"{len(table)} clips, {len(rejected)} rejected: {clips.counts(table)}")
    trial = Trial(table, {clip.clip_id: clip.sound for clip in found})
    trial.ask(trial.base, "base")
    adapted = tuning.with_adapter(trial.base, STUDY / f"models/adapters/lora_mlp_{SEED}")
    trial.ask(adapted, "adapter of the demo")
    trial.base = tuning.without_adapters(adapted)
    trial.ask(trial.learn(), "adapter of these sounds")
    trial.compare()


if __name__ == "__main__":
    main()
