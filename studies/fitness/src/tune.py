"""Stage tune: the encoder, adapted to the training texts by SimCSE; with no steps, the model as it is."""

import stage

import pandas as pd

from chorus.encoders import texts
from chorus.files import write_json
from chorus.options import parse
from chorus.paths import METRICS
from fitness.tuning import FOLDER, TuneOptions, simcse, tuning_texts
from fitness.vectors import EncodeOptions


def main() -> None:
    options = parse(TuneOptions, stage.params("tune"), section="tune")
    given = parse(EncodeOptions, stage.params("encode"), section="encode")
    parts = {name: pd.read_parquet(f"data/records/{name}.parquet") for name in ("train", "test")}
    used = tuning_texts(parts, pd.read_parquet("data/records/texts.parquet"), options)
    report = {
        "steps": options.steps,
        "texts": len(used),
        # Without steps no text was seen, whatever is allowed.
        "include_test": options.include_test and options.steps > 0,
    }
    if options.steps:
        with texts.model_folder(given.model) as model:
            report |= simcse(model, used, options)
    write_json(
        FOLDER / "encoder.json", {"model": str(FOLDER / "model") if options.steps else given.model}
    )
    write_json(METRICS / "tuning.json", report)
    print(
        f"{options.steps} steps on {len(used)} texts"
        if options.steps
        else "the encoder is used as it is"
    )


if __name__ == "__main__":
    stage.run(main)
