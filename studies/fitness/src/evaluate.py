"""Stage evaluate: how good, where, how sure, and what to expect of a test set with another distribution of scores."""

from pathlib import Path

import stage

from chorus.files import write_csv, write_json
from chorus.options import parse
from chorus.paths import EVALUATION, METRICS
from fitness import predictions
from fitness.evaluation import EvaluateOptions, evaluate


def main() -> None:
    options = parse(EvaluateOptions, stage.params("evaluate"), section="evaluate")
    given = predictions.read(Path("data"))
    headline, detail = evaluate(given, options)
    write_json(METRICS / "evaluation.json", headline)
    write_json(METRICS / "evaluation_detail.json", detail)
    write_csv(EVALUATION / "by_score.csv", predictions.by_score(detail))
    print(predictions.in_words(detail))


if __name__ == "__main__":
    stage.run(main)
