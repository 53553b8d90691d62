"""Stage suspects: which training samples are probably mislabelled, and a page to hear the first of them."""

from pathlib import Path

import stage

import pandas as pd

from accents import suspecting
from chorus.files import read_csv, write_csv, write_text
from chorus.paths import METRICS, PREDICTIONS

CORPUS = Path("data/corpus")


def main() -> None:
    ranked = suspecting.suspects(pd.read_parquet(PREDICTIONS))
    write_csv(METRICS / "suspects.csv", ranked)
    shown = ranked.head(suspecting.SHOWN)
    samples = read_csv(CORPUS / "samples.csv").set_index("sample_id", drop=False)
    about = samples.loc[shown["clip_id"]]
    sounds = suspecting.sounds(CORPUS, about)
    write_text("data/suspects.html", suspecting.page(shown, about, sounds, len(ranked)))
    print(f"listen: data/suspects.html has the first {len(shown)} of {len(ranked)}")


if __name__ == "__main__":
    stage.run(main)
