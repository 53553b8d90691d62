"""Check what can be checked without running anything.

python src/check.py              params.yaml, DVC's settings, and whether DVC can take your folder of recordings
python src/check.py --results    also metrics/, plots/ and reports/: those of dvc.lock, no number edited by hand
"""

import argparse
import sys
from pathlib import Path

import stage

from chorus.errors import DataError
from chorus.experiments.sections import SECTIONS, options_of
from chorus.options import parse
from chorus.sharing.folder import refuse_what_dvc_cannot_take
from chorus.sharing.settings import find_config, refuse_secrets, unverified


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", action="store_true", help="also the committed results")
    arguments = parser.parse_args()
    check_params()
    check_config()
    check_recordings()
    if arguments.results:
        check_results()


def check_params() -> None:
    stage.seed()
    for section in SECTIONS:
        parse(options_of(section), stage.params(section), section=section)
    stage.refuse_unknown(SECTIONS)


def check_config() -> None:
    if config := find_config(Path.cwd()):
        refuse_secrets(config.read_text(encoding="utf-8"))
        for remedy in unverified(config.parent):
            print(f"warning: DVC would take damaged data: {remedy}", file=sys.stderr)


def check_recordings() -> None:
    """A folder of recordings must be there only where the survey is made; with its results pulled, it need not."""
    source = stage.params("survey")["source"]
    if source != "demo" and Path(source).is_dir():
        refuse_what_dvc_cannot_take(Path(source), "survey.source")


def check_results() -> None:
    from chorus.experiments.consistency import problems  # DVC and the statistics take a second to import

    found = problems(Path()) + contradictions()
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        raise DataError("the results are not those of dvc.lock: git checkout -- FILE, or dvc repro, puts them right")
    print("the results are those of dvc.lock")


def contradictions() -> list[str]:
    """Headlines that do not follow from what lies beside them, of those that are here."""
    import pandas as pd

    from chorus.experiments.derived import evaluation_contradictions, health_contradictions, training_contradictions
    from chorus.files import read_json

    pairs = (
        (evaluation_contradictions, "evaluation.json", stage.METRICS / "evaluation_detail.json", read_json),
        (health_contradictions, "health.json", stage.HEALTH_DETAIL, read_json),
        (training_contradictions, "training.json", stage.TRAINING_CURVES, pd.read_csv),
    )
    found: list[str] = []
    for contradictions_of, headline, beside, read in pairs:
        path = stage.METRICS / headline
        if path.exists() and beside.exists():
            try:
                found += contradictions_of(read_json(path), read(beside))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                found.append(f"{path} or {beside} is not what a stage writes: {error!r}")
    return found


if __name__ == "__main__":
    stage.run(main)
