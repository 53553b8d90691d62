"""Check all of params.yaml before any work is done: a typing error in the last section need not cost an hour."""

import stage
from chorus.experiments.sections import SECTIONS, options_of
from chorus.options import parse


def main() -> None:
    stage.seed()
    for section in SECTIONS:
        parse(options_of(section), stage.params(section), section=section)
    stage.refuse_unknown(SECTIONS)


if __name__ == "__main__":
    stage.run(main)
