"""Stage opro: a prompt for the base and for each adapter with MLP, searched on development clips; its gain held out."""

from pathlib import Path

import stage

from chorus.files import write_json
from chorus.options import parse
from chorus.paths import METRICS
from speech import opro, study
from speech.clips import DEVELOPMENT, HOLDOUT

FOLDER = Path("data/opro")


def main() -> None:
    options = parse(opro.OproOptions, stage.params("opro"), section="opro")
    given = study.read(stage.params)
    found = {}
    for name, seed, model in given.searched():
        searched, held = given.clean(model, DEVELOPMENT), given.clean(model, HOLDOUT)
        path = FOLDER / f"{name}_{seed}.json"
        key = opro.history_key(name, seed, options, given.question, given.weights(name, seed))
        history = opro.search(
            lambda prompt, model=model, on=searched: given.balanced_accuracy(model, on, prompt),
            lambda prompt, model=model: len(model.tokenizer(prompt)["input_ids"]),
            given.question.prompt,
            opro.proposers(given.question.kind, options, seed),
            options,
            opro.read_history(path, key),
            lambda history, path=path: opro.write_history(path, history),
        )
        gains = given.gains(model, history, held)
        found[f"{name}_{seed}"] = {"prompt": history.best.prompt, **gains}
        print(f"{name}, seed {seed}: {found[f'{name}_{seed}']}")
    write_json(METRICS / "opro.json", {**study.mean_gains(found), "searches": found})


if __name__ == "__main__":
    stage.run(main)
