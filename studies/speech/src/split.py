"""Stage split: every source to one split, audited."""

import stage

from chorus.files import read_csv, write_csv, write_json
from chorus.options import parse
from chorus.paths import SPLITS, SPLITS_AUDIT
from speech import clips


def main() -> None:
    options = parse(clips.SplitOptions, stage.params("split"), section="split")
    table = clips.split(read_csv("data/clips/clips.csv"), options)
    counts = clips.counts(table)
    write_csv(SPLITS, table)
    write_json(SPLITS_AUDIT, counts)
    for name, part in counts.items():
        print(f"{name:<12} {part}")


if __name__ == "__main__":
    stage.run(main)
