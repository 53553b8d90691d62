"""Fetch shared data: python src/pull.py [TARGET ...] is dvc pull [TARGET ...], also after an interrupted pull.

DVC takes the half of a list that an interrupted pull has collected for the whole; this has it collect anew.
"""

import argparse
import sys

import stage

from chorus.sharing.integrity import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="stages or paths (default: all of this commit)")
    arguments = parser.parse_args()
    with Store() as store:
        store.forget()
        store.refuse_silent_remote()
    from dvc.cli import main as dvc

    sys.exit(dvc(["pull", *arguments.targets]))


if __name__ == "__main__":
    stage.run(main)
