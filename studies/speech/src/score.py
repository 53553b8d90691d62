"""Stage score: every configuration and seed asked about every variant of the test, and of the holdout."""

import stage

import pandas as pd

from chorus.files import read_json, write_parquet
from chorus.paths import PREDICTIONS
from speech import study


def main() -> None:
    given = study.read(stage.params)
    tables = []
    variants = None
    with stage.progress("asking", given.asked, "configuration") as advance:
        for name, seed, model, prompt in given.configurations(read_json):
            if variants is None:  # mel features do not depend on adapters
                variants = given.variants(model)
            margins = model.margins(variants.heard, prompt, given.question.answers)
            tables.append(variants.rows.assign(configuration=name, seed=seed, margin=margins))
            advance(1)
    write_parquet(PREDICTIONS, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    stage.run(main)
