"""Stage diagnose: is the training healthy, and if not, what to do? By both profiles of rules; and the page."""

from dataclasses import replace

import stage

import pandas as pd

from accents import health
from chorus import paths
from chorus.files import read_json, write_csv, write_json, write_text
from chorus.health.options import HealthOptions
from chorus.health.words import verdict_in_words
from chorus.options import parse
from chorus.reports.health import page


def main() -> None:
    options = parse(HealthOptions, stage.params("health"), section="health")
    history, model = pd.read_csv(paths.TRAINING_CURVES), read_json("models/accents.json")
    predictions = pd.read_parquet(paths.PREDICTIONS)
    found = {
        profile: health.judge(history, model, predictions, replace(options, profile=profile))
        for profile in health.PROFILES
    }
    chosen = found[options.profile]
    write_json(paths.HEALTH, chosen.headline)
    write_json(paths.HEALTH_DETAIL, chosen.detail)
    by_profile = {profile: one.diagnosis.as_json() for profile, one in found.items()}
    write_json(paths.METRICS / "health_profiles.json", by_profile)
    write_csv(paths.PLOTS / "health" / "datasets.csv", chosen.sources)
    write_csv(paths.PLOTS / "health" / "durations.csv", chosen.durations)
    write_csv(paths.PLOTS / "health" / "confusions.csv", chosen.facts.predicted)
    write_text("reports/health.html", page("the run in the workspace", chosen.detail, history))
    for one in found.values():
        print(verdict_in_words(one.detail), end="\n\n")


if __name__ == "__main__":
    stage.run(main)
