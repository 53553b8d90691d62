"""Stage diagnose: are the trainings of the adapters healthy? By both profiles of rules; and the page of the worst."""

from dataclasses import replace

import stage

import pandas as pd

from chorus import paths
from chorus.files import read_csv, write_csv, write_json, write_text
from chorus.health.options import HealthOptions
from chorus.health.words import verdict_in_words
from chorus.options import parse
from chorus.reports.health import page
from speech import health


def main() -> None:
    options = parse(HealthOptions, stage.params("health"), section="health")
    curves = pd.read_csv(paths.PLOTS / "training/adapters.csv")
    answers, table = pd.read_parquet("data/tuned/clean.parquet"), read_csv(paths.SPLITS)
    gradient_clip = stage.params("tune.steps.gradient_clip")
    found, by_profile = {}, {}
    for profile in health.PROFILES:
        rules = replace(options, profile=profile)
        found[profile] = health.judge(curves, answers, table, gradient_clip, rules)
        by_profile[profile] = found[profile].by_training
    chosen = found[options.profile]
    detail = chosen.found[chosen.worst].detail
    # The page, and the curves that `chorus diagnose` reads, are those of the worst training.
    adapter, _, seed = chosen.worst.rpartition("_")
    history = curves[(curves["configuration"] == adapter) & (curves["seed"] == int(seed))]
    title = f"{adapter}, seed {seed}: none of {len(chosen.found)} trainings was judged worse"
    write_json(paths.HEALTH, chosen.headline)
    write_json(paths.HEALTH_DETAIL, {"training": chosen.worst, **detail})
    write_json(paths.METRICS / "health_profiles.json", by_profile)
    write_csv(paths.TRAINING_CURVES, history)
    write_text("reports/health.html", page(title, detail, history))
    print(f"{title}\n{verdict_in_words(detail)}")


if __name__ == "__main__":
    stage.run(main)
