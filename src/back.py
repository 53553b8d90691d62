"""Back to the commit: its parameters and results, and its data as far as it is on this machine or in a remote.

python src/back.py      as `git checkout . && dvc checkout`, but what cannot be had in the commit's version stays
"""

import argparse
from pathlib import Path

import stage

from chorus.experiments.back import bring_back


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    back = bring_back(Path())
    print(f"parameters and results are those of commit {back.commit}: {len(back.files)} files put back")
    if back.kept:
        print(f"as made here, for the commit's are neither on this machine nor in a remote: {', '.join(back.kept)}")
    if back.gone:
        print(f"missing, here and in the remotes: {', '.join(back.gone)}")
    if back.kept or back.gone:
        print("dvc repro makes the rest from what is here; what is known is not computed again")


if __name__ == "__main__":
    stage.run(main)
