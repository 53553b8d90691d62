"""Stage opro: a prompt for the base and for adapters, searched on development clips; its gain held out; its answers."""

from functools import partial
from pathlib import Path

import stage

import pandas as pd

from chorus.files import write_json, write_parquet
from chorus.options import parse
from chorus.paths import METRICS
from speech import opro, searching, study
from speech.clips import DEVELOPMENT, HOLDOUT


def main() -> None:
    options = parse(opro.OproOptions, stage.params("opro"), section="opro")
    given, (heard, of_base) = study.read(stage.params), study.read_heard()
    found, quizzes, variants = {}, {}, [of_base.iloc[:0]]
    known = searching.Known(given, heard)
    for name, seed, model in searching.models(given, options.of):
        if not quizzes:  # what is heard does not depend on adapters
            quizzes = {split: given.quiz(model, split) for split in (DEVELOPMENT, HOLDOUT)}
        path = study.OPRO / f"{name}_{seed}.json"
        weights = searching.weights(given, name, seed)
        key = opro.history_key(name, seed, options, given.question, given.conditions, weights)
        history = opro.search(
            partial(given.balanced_accuracy, model, quizzes[DEVELOPMENT]),
            model.tokens_of,
            given.question.prompt,
            opro.proposers(given.question.kind, options, seed),
            options,
            opro.read_history(path, key),
            partial(opro.write_history, path),
        )
        gains = searching.gains(given, model, history, quizzes[HOLDOUT])
        found[f"{name}_{seed}"] = {"prompt": history.best.prompt, **gains}
        about = {"configuration": f"{name}_opro", "seed": seed}
        margins = known.margins(name, seed, model, history.best.prompt)
        variants.append(of_base.assign(**about, margin=margins))
        print(f"{name}, seed {seed}: {found[f'{name}_{seed}']}")
    # DVC wants every output to be there, also where nothing was searched.
    study.OPRO.mkdir(parents=True, exist_ok=True)
    write_parquet(Path("data/searched.parquet"), pd.concat(variants, ignore_index=True))
    write_json(METRICS / "opro.json", {**searching.mean_gains(found), "searches": found})


if __name__ == "__main__":
    stage.run(main)
