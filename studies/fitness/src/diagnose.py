"""Stage diagnose: is the training healthy, and if not, what to do?"""

import stage

import pandas as pd

from chorus.files import read_json, write_json
from chorus.paths import HEALTH_DETAIL, METRICS, TRAINING_CURVES
from fitness.health import judge


def main() -> None:
    curves = pd.read_csv(TRAINING_CURVES)
    detail = read_json(METRICS / "evaluation_detail.json")
    found = judge(curves, read_json(METRICS / "training.json"), detail)
    write_json(METRICS / "health.json", found.headline)
    write_json(HEALTH_DETAIL, found.as_json())
    print(found.sentence)


if __name__ == "__main__":
    stage.run(main)
