"""Stage evaluate: how good the network is, where, how sure we are, and what plain methods reach."""

import stage

import pandas as pd

from accents import drawing
from accents.health import of_these_classes
from accents.said import task_of_predictions
from chorus.files import write_json
from chorus.options import parse
from chorus.paths import EVALUATION, EVALUATION_DETAIL, EVALUATION_METRICS, PREDICTIONS
from chorus.voices import evaluation


def main() -> None:
    options = parse(evaluation.EvaluateOptions, stage.params("evaluate"), section="evaluate")
    predictions = pd.read_parquet(PREDICTIONS)
    task = task_of_predictions(predictions)
    pairs = of_these_classes(stage.params("health.expected_confusions"), task.classes)
    heads = pd.read_parquet("data/baseline.parquet").groupby("encoder", sort=False)
    beside = {f"{name}_head": said.reset_index(drop=True) for name, said in heads}
    headline, detail = evaluation.evaluate(predictions, beside, task, options, pairs)
    write_json(EVALUATION_METRICS, headline)
    write_json(EVALUATION_DETAIL, detail)
    drawing.draw(detail, predictions, EVALUATION / "accuracy.png")
    print(evaluation.in_words(detail))


if __name__ == "__main__":
    stage.run(main)
