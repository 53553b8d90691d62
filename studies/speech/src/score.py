"""Stage score: every configuration and seed asked about every variant of the test, and of the holdout."""

import stage

import numpy as np
import pandas as pd

from chorus.files import read_json, write_parquet
from chorus.paths import PREDICTIONS
from chorus.terminal import progress
from speech import study


def main() -> None:
    given = study.read(stage.params)
    tables = []
    variants = asked = None
    known: dict[str, np.ndarray] = {}
    with progress("asking", given.asked, "configuration") as advance:
        for name, seed, model, prompt in given.configurations(read_json):
            if variants is None:  # mel features do not depend on adapters
                variants = given.variants(model)
            if model is not asked:
                asked, known = model, {}
            if prompt not in known:  # several searches may end with one prompt
                known[prompt] = model.margins(variants.heard, prompt, given.question.answers)
            tables.append(variants.rows.assign(configuration=name, seed=seed, margin=known[prompt]))
            advance(1)
    write_parquet(PREDICTIONS, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    stage.run(main)
