"""Stage records: what can be used of the records, each text once, and why the rest cannot."""

from pathlib import Path

import stage

import pandas as pd

from chorus.files import read_json, write_csv, write_json, write_parquet
from chorus.options import parse
from chorus.paths import METRICS
from fitness import demo, records

FOLDER = Path("data/records")


def main() -> None:
    options = parse(records.RecordOptions, stage.params("records"), section="records")
    folder = Path(options.folder)
    metrics = records.metric_names(read_json(folder / "metric_names.json"))
    limits = {"max_characters": options.max_characters}
    if options.folder == "demo":
        drawn, hidden = demo.make(metrics, options.seed)
        training, test = drawn.records, hidden.records
        write_csv(
            FOLDER / "hidden.csv",
            pd.DataFrame({"id": range(1, len(test) + 1), "score": hidden.scores}),
        )
    else:
        training, test = (
            records.load((folder / f"{name}_data.json").read_bytes()) for name in ("train", "test")
        )
        # Empty, as nobody here knows them: `evaluate` looks for the file.
        write_csv(FOLDER / "hidden.csv", pd.DataFrame(columns=["id", "score"]))
    parts = {
        "train": records.read(training, scored=True, metrics=metrics, **limits),
        "test": records.read(test, scored=False, metrics=metrics, **limits),
    }
    records.refuse_too_many(parts["train"], options.max_quarantined_share)
    for name, part in parts.items():
        write_parquet(FOLDER / f"{name}.parquet", part.kept)
        write_csv(FOLDER / f"{name}_quarantine.csv", part.rejected)
        print(f"{name}: {len(part.kept)} records kept, {len(part.rejected)} rejected")
    texts = (
        pd.concat([part.texts for part in parts.values()])
        .drop_duplicates("text_id")
        .sort_values("text_id")
    )
    write_parquet(FOLDER / "texts.parquet", texts)
    write_json(METRICS / "records.json", records.summary(parts))


if __name__ == "__main__":
    stage.run(main)
