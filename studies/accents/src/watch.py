"""Watch a training: python ../../src/run.py watch, in studies/accents, while `dvc repro` trains in another terminal

Writes reports/live.html after each epoch, with the guide's six panels and the verdict so far, until the training ends.
The page reloads itself in a browser.
"""

import time
from pathlib import Path

import stage

from accents import live, watching
from chorus.errors import DataError
from chorus.files import write_text
from chorus.health.options import HealthOptions
from chorus.options import parse

PAGE = Path("reports/live.html")
_LOOK_EVERY = 1.0  # s


def main() -> None:
    options = parse(HealthOptions, stage.params("health"), section="health")
    if not live.SAID.exists():
        raise DataError(
            "no training is under way here, or its first epoch is not done: dvc repro train"
        )
    shown = 0
    while live.SAID.exists():
        epochs, text = watching.page(options, stage.params("train.gradient_clip"))
        # Another number, not a higher one: the next training begins with 1 again.
        if text and epochs != shown:
            write_text(PAGE, text)
            print(f"epoch {epochs}: {PAGE}", flush=True)
        shown = epochs
        time.sleep(_LOOK_EVERY)


if __name__ == "__main__":
    stage.run(main)
