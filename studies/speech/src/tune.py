"""Stage tune: LoRA on the language model, from clean training clips, with every seed; and what each adapter says."""

from pathlib import Path

import stage

import pandas as pd

from chorus.files import read_csv, replacing_folder, write_csv, write_json, write_parquet
from chorus.options import parse
from chorus.paths import METRICS, PLOTS, SPLITS
from speech import answers, study, tuning
from speech.clips import DEVELOPMENT, TEST, TRAIN


def main() -> None:
    options = parse(tuning.TuneOptions, stage.params("tune"), section="tune")
    given, table = study.read(stage.params), read_csv(SPLITS)
    base, (heard, of_base) = given.base(), study.read_heard()
    quizzes = {split: given.quiz(base, split) for split in (TRAIN, DEVELOPMENT, TEST)}
    curves, clean, variants, summary = [], [], [], {}
    with replacing_folder(study.ADAPTERS) as out:
        for adapter in options.adapters:
            for seed in given.seeds:
                learn, watched = quizzes[TRAIN], quizzes[DEVELOPMENT]
                tuned = tuning.tune(base, learn, watched, adapter, options, seed)
                tuning.save_adapter(tuned.model, out / f"{adapter}_{seed}")
                about = {"configuration": adapter, "seed": seed}
                curves.append(pd.DataFrame(tuned.history).assign(**about))
                clean.append(study.clean_answers(tuned.model, quizzes, table).assign(**about))
                margins = given.margins(tuned.model, heard)
                variants.append(of_base.assign(**about, margin=margins))
                # The next one starts from the base as it was: adapters change it in place.
                base = tuning.without_adapters(tuned.model)
                summary[f"{adapter}_{seed}"] = study.summary(tuned)
                print(f"{adapter}, seed {seed}: {study.summary(tuned)}")
    said = pd.concat(variants, ignore_index=True)
    write_csv(PLOTS / "training/adapters.csv", pd.concat(curves, ignore_index=True))
    write_parquet(Path("data/tuned/clean.parquet"), pd.concat(clean, ignore_index=True))
    write_parquet(Path("data/tuned/variants.parquet"), said)
    write_json(METRICS / "training.json", summary)
    write_json(METRICS / "tuned.json", {"tuned": answers.summary(answers.read_answers(said))})


if __name__ == "__main__":
    stage.run(main)
