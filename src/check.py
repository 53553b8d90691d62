"""Check what can be checked without running anything.

python src/check.py              params.yaml and DVC's settings: a typing error need not cost an hour
python src/check.py --results    also metrics/, plots/ and reports/: those of dvc.lock, no number edited by hand
"""

import argparse
import sys
from pathlib import Path

import stage

from chorus.errors import DataError
from chorus.experiments.sections import SECTIONS, options_of
from chorus.options import parse
from chorus.sharing.settings import find_config, refuse_secrets, unverified


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", action="store_true", help="also the committed results")
    arguments = parser.parse_args()
    check_params()
    check_config()
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


def check_results() -> None:
    from chorus.experiments.consistency import problems  # DVC and the statistics take a second to import

    found = problems(Path())
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        raise DataError("the results are not those of dvc.lock: git checkout -- FILE, or dvc repro, puts them right")
    print("the results are those of dvc.lock")


if __name__ == "__main__":
    stage.run(main)
