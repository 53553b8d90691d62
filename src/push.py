"""Share the data: python src/push.py [--remote NAME] [--rev REV ...]

Brings to the remote all that a commit needs and the remote lacks, and looks whether it arrived. `dvc push` does not:
once interrupted, it may take the half for the whole ever after (docs/sharing.md).
"""

import argparse

import stage

from chorus.sharing.integrity import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--remote", default="", metavar="NAME", help="its name (default: the default remote)")
    parser.add_argument(
        "--rev", nargs="+", default=[""], help="experiments or commits (default: the files as they are now)"
    )
    arguments = parser.parse_args()
    with Store(arguments.remote) as store:
        objects = list(dict.fromkeys(item for revision in arguments.rev for item in store.objects(revision)))
        with stage.progress("pushing", len(objects), "object") as advance:
            uploaded = store.push(objects, advance)
    print(f"uploaded: {len(uploaded)}; on the remote: all {len(objects)} objects")


if __name__ == "__main__":
    stage.run(main)
