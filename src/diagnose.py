"""Is the training of the run in the workspace healthy, and if not, what to do? `chorus diagnose` shows it again."""

import stage

import pandas as pd

from chorus.files import read_csv, read_json, write_csv, write_json
from chorus.health.judge import judge
from chorus.health.options import HealthOptions
from chorus.health.words import verdict_in_words
from chorus.options import parse


def main() -> None:
    options = parse(HealthOptions, stage.params("health"), section="health")
    history, model = pd.read_csv(stage.TRAINING_CURVES), read_json(f"{stage.DETECTOR}.json")
    predictions, training = pd.read_parquet(stage.PREDICTIONS), read_csv(stage.TRAINING_SET)
    evaluation = read_json(stage.METRICS / "evaluation_detail.json")
    health = judge(history, model, predictions, training, read_csv(stage.SPLITS), options, evaluation)
    write_json(stage.METRICS / "health.json", health.headline)
    write_json(stage.HEALTH_DETAIL, health.detail)
    write_csv(stage.PLOTS / "health" / "sources.csv", health.sources)
    write_csv(stage.PLOTS / "health" / "durations.csv", health.durations)
    write_csv(stage.PLOTS / "health" / "confusions.csv", health.facts.predicted)
    print(verdict_in_words(health.detail))


if __name__ == "__main__":
    stage.run(main)
