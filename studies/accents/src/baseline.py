"""Stage baseline: a plain head on each frozen encoder's embeddings, beside which the network is judged."""

from pathlib import Path

import stage

import pandas as pd

from accents.heads import BaselineOptions
from accents.said import predictions, task_of
from chorus.files import read_csv, write_parquet
from chorus.options import parse
from chorus.paths import SPLITS
from chorus.voices import plain, sequences


def main() -> None:
    options = parse(BaselineOptions, stage.params("baseline"), section="baseline")
    samples = read_csv(SPLITS)
    task = task_of(samples)
    learn, judge = (samples[samples["split"] == split] for split in ("train", "validation"))
    said = []
    for name in options.encoders:
        heard = sequences.read(Path("data/heard") / name)
        # Not the run's seed: all runs of a grid are judged beside one and the same head.
        head = plain.fit(learn, judge, heard, task, options.head, stage.seed("evaluate.seed"))
        shares = plain.probabilities(head, samples, heard)
        said.append(predictions(samples, shares, task).assign(encoder=name))
        print(f"a head of {options.head.hidden_units} hidden units on {name}")
    write_parquet("data/baseline.parquet", pd.concat(said, ignore_index=True))


if __name__ == "__main__":
    stage.run(main)
