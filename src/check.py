"""Check all of params.yaml, and .dvc/config, before any work is done: a typing error need not cost an hour."""

import sys
from pathlib import Path

import stage
from chorus.experiments.sections import SECTIONS, options_of
from chorus.options import parse
from chorus.sharing.settings import find_config, refuse_secrets, unverified


def main() -> None:
    stage.seed()
    for section in SECTIONS:
        parse(options_of(section), stage.params(section), section=section)
    stage.refuse_unknown(SECTIONS)
    if config := find_config(Path.cwd()):
        text = config.read_text(encoding="utf-8")
        refuse_secrets(text)
        for name in unverified(text):
            print(f"warning: DVC would take damaged data: dvc remote modify {name} verify true", file=sys.stderr)


if __name__ == "__main__":
    stage.run(main)
