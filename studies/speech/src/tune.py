"""Stage tune: LoRA on the language model, from clean training clips, with every seed."""

from pathlib import Path

import stage

import pandas as pd

from chorus.files import replacing_folder, write_csv, write_json
from chorus.options import parse
from chorus.paths import METRICS, TRAINING_CURVES
from speech import study, tuning
from speech.clips import DEVELOPMENT, TRAIN
from speech.learning import Lesson

ADAPTERS = Path("models/adapters")


def main() -> None:
    options = parse(tuning.TuneOptions, stage.params("tune"), section="tune")
    given = study.read(stage.params)
    base, question = given.base(), given.question
    learn, stop = given.clean(base, TRAIN), given.clean(base, DEVELOPMENT)
    answers = [question.answers[0] if speech else question.answers[1] for speech in learn.speech]
    lesson = Lesson(learn.heard, [question.prompt] * len(answers), answers)
    curves, summary = [], {}
    with replacing_folder(ADAPTERS) as out:
        for adapter in options.adapters:
            for seed in (stage.seed(), *options.repeats):
                watched = (stop.heard, stop.speech, question.prompt, question.answers)
                tuned = tuning.tune(base, lesson, watched, adapter, options, seed)
                tuning.save_adapter(tuned.model, out / f"{adapter}_{seed}")
                base = tuning.without_adapters(tuned.model)
                curves += [{"adapter": adapter, "seed": seed, **row} for row in tuned.history]
                summary[f"{adapter}_{seed}"] = study.summary(tuned)
                print(f"{adapter}, seed {seed}: {study.summary(tuned)}")
    write_csv(TRAINING_CURVES, pd.DataFrame(curves))
    write_json(METRICS / "training.json", summary)


if __name__ == "__main__":
    stage.run(main)
