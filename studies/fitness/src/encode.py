"""Stage encode: a vector for every text and every metric, each computed once and kept."""

from pathlib import Path

import stage

import numpy as np
import pandas as pd

from chorus import parallel
from chorus.encoders import texts
from chorus.files import read_json
from chorus.options import parse
from chorus.terminal import progress
from fitness.records import metric_names
from fitness.vectors import EncodeOptions, metric_texts, supplied

STORE = Path("data/embeddings")


def main() -> None:
    options = parse(EncodeOptions, stage.params("encode"), section="encode")
    folder = Path(stage.params("records.folder"))
    metrics = metric_names(read_json(folder / "metric_names.json"))
    table = pd.read_parquet("data/records/texts.parquet")
    wanted = dict(zip(table["text_id"], table["text"], strict=True))
    tuned = read_json("models/encoder/encoder.json")["model"]
    with texts.model_folder(tuned) as model:
        with progress("encoding texts", len(wanted), "text") as advance:
            found, computed = texts.update(
                STORE / "texts", model, wanted, workers=parallel.cores(), progress=advance
            )
        texts.update(STORE / "names", model, metric_texts(metrics), workers=1)
    if options.metrics == "file":
        texts.write(
            STORE / "metrics",
            supplied(metrics, np.load(folder / "metric_name_embeddings.npy", allow_pickle=False)),
        )
    else:
        texts.write(STORE / "metrics", texts.read(STORE / "names"))
    print(f"{computed} texts encoded, {len(found.ids) - computed} known; {len(metrics)} metrics")


if __name__ == "__main__":
    stage.run(main)
