"""Stage pretrain: the toy model; or nothing, where model.path names a model of one's own."""

from pathlib import Path

import stage

import pandas as pd

from chorus.files import read_csv, replacing_folder, write_csv
from chorus.options import parse
from chorus.paths import PLOTS
from speech import clips, toy
from speech.conditions import ConditionOptions
from speech.pretraining import PretrainOptions, pretrain

BASE = Path("models/base")
COLUMNS = ["part", "hearing_loss", "train_loss", "grad_norm"]


def main() -> None:
    options = parse(PretrainOptions, stage.params("pretrain"), section="pretrain")
    conditions = parse(ConditionOptions, stage.params("conditions"), section="conditions")
    history = pd.DataFrame(columns=COLUMNS)
    # In both cases: DVC wants the folder to be there.
    with replacing_folder(BASE) as out:
        if stage.params("model.path") == "toy":
            table = read_csv("data/clips/clips.csv").query("part == 'pretraining'")
            sounds = clips.read_clips(Path("data/clips"), table)
            model, rows = pretrain(sounds, list(table["label"]), options, conditions)
            toy.save(model.network, model.processor, out)
            history = pd.DataFrame([{"part": part, **row} for part, row in enumerate(rows, 1)])
            print(f"a toy of {model.network.num_parameters():,} parameters, and of no more worth")
        else:
            print("model.path is your own model: nothing to pretrain")
    write_csv(PLOTS / "training/pretraining.csv", history[COLUMNS])


if __name__ == "__main__":
    stage.run(main)
