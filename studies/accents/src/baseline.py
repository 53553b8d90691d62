"""Stage baseline: a plain head on a frozen encoder's embeddings, beside which the network is judged."""

from pathlib import Path

import stage

from accents.fitting import predictions, task_of
from chorus.files import read_csv, write_parquet
from chorus.options import parse
from chorus.paths import SPLITS
from chorus.speech import plain, sequences
from chorus.training import HeadOptions


def main() -> None:
    options = parse(HeadOptions, stage.params("baseline"), section="baseline")
    samples, heard = read_csv(SPLITS), sequences.read(Path("data/embeddings"))
    task = task_of(samples)
    learn, judge = (samples[samples["split"] == split] for split in ("train", "validation"))
    head = plain.fit(learn, judge, heard, task, options, stage.seed("evaluate.seed"))
    shares = plain.probabilities(head, samples, heard)
    write_parquet("data/baseline.parquet", predictions(samples, shares, task))
    print(f"a head of {options.hidden_units} hidden units on {len(heard.values)} windows")


if __name__ == "__main__":
    stage.run(main)
