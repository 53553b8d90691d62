"""Stage explore: what the records are like, in pictures and on one page."""

from pathlib import Path

import stage

import pandas as pd

from chorus.encoders import texts
from chorus.files import replacing, write_json, write_text
from chorus.paths import METRICS, PLOTS
from fitness import exploring
from fitness.vectors import pairs

RECORDS = Path("data/records")


def main() -> None:
    train, test = (pd.read_parquet(RECORDS / f"{name}.parquet") for name in ("train", "test"))
    vectors = [texts.read(Path("data/embeddings") / name) for name in ("texts", "metrics", "names")]
    cosine = pairs(train, *vectors).cosine
    found = exploring.facts(train, test, cosine)
    words = pd.read_parquet(RECORDS / "texts.parquet")
    with replacing(PLOTS / "explore/records.png") as beside:
        figure = exploring.picture(train, words[words["text_id"].isin(train["text_id"])], cosine)
        # By itself, matplotlib writes its version into the file.
        figure.savefig(beside, dpi=80, metadata={"Software": None})
    write_json(METRICS / "explore.json", found)
    write_text(
        "reports/explore.md", exploring.page(found, pd.read_csv(RECORDS / "train_quarantine.csv"))
    )
    print(f"mean {found['mean']:.2f}; {found['below_6']['records']} records below 6")


if __name__ == "__main__":
    stage.run(main)
