"""Stage baseline: a plain head on a frozen encoder's embeddings, and what speakers on both sides would make of it."""

from pathlib import Path

import stage

from accents import overlap
from accents.fitting import predictions, task_of
from chorus.files import read_csv, write_json, write_parquet
from chorus.options import parse
from chorus.paths import METRICS, PLOTS, SPLITS
from chorus.speech import plain, sequences
from chorus.training import HeadOptions


def main() -> None:
    options = parse(HeadOptions, stage.params("baseline.head"), section="baseline.head")
    wanted = parse(
        overlap.OverlapOptions, stage.params("baseline.overlap"), section="baseline.overlap"
    )
    samples, heard = read_csv(SPLITS), sequences.read(Path("data/embeddings"))
    task = task_of(samples)
    learn, judge = (samples[samples["split"] == split] for split in ("train", "validation"))
    head = plain.fit(learn, judge, heard, task, options, stage.seed("baseline.seed"))
    shares = plain.probabilities(head, samples, heard)
    write_parquet("data/baseline.parquet", predictions(samples, shares, task))
    found = overlap.measure(samples, heard, task, options, wanted)
    write_json(METRICS / "overlap.json", found)
    overlap.draw(found, PLOTS / "evaluation" / "overlap.svg")
    print(overlap.in_words(found))


if __name__ == "__main__":
    stage.run(main)
