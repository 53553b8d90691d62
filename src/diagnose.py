"""Is the training of the run in the workspace healthy, and if not, what to do? `chorus diagnose` shows it again."""

import stage

import pandas as pd

from chorus import paths
from chorus.files import read_csv, read_json, write_csv, write_json
from chorus.health.judge import judge
from chorus.health.options import HealthOptions
from chorus.health.words import verdict_in_words
from chorus.options import parse


def main() -> None:
    options = parse(HealthOptions, stage.params("health"), section="health")
    # Curves are numbers, which our own `read_csv` would leave as text.
    history, model = pd.read_csv(paths.TRAINING_CURVES), read_json(f"{paths.DETECTOR}.json")
    predictions, training = pd.read_parquet(paths.PREDICTIONS), read_csv(paths.TRAINING_SET)
    evaluation = read_json(paths.EVALUATION_DETAIL)
    health = judge(
        history, model, predictions, training, read_csv(paths.SPLITS), options, evaluation
    )
    write_json(paths.HEALTH, health.headline)
    write_json(paths.HEALTH_DETAIL, health.detail)
    write_csv(paths.PLOTS / "health" / "sources.csv", health.sources)
    write_csv(paths.PLOTS / "health" / "durations.csv", health.durations)
    write_csv(paths.PLOTS / "health" / "confusions.csv", health.facts.predicted)
    print(verdict_in_words(health.detail))


if __name__ == "__main__":
    stage.run(main)
