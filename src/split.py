"""Stage split: deal every clip to a split by the night it was recorded, and prove that nothing leaks."""

import stage

from chorus import splits
from chorus.files import read_csv, write_csv, write_json
from chorus.options import parse


def main() -> None:
    options = parse(splits.SplitOptions, stage.params("split"), section="split")
    clips = read_csv(stage.CLIPS)
    quarantined = read_csv(stage.QUARANTINE)["clip_id"]
    table = splits.assign(clips[~clips["clip_id"].isin(quarantined)], options)
    counts = splits.count(table)
    write_csv(stage.SPLITS, table)
    write_json(stage.METRICS / "splits.json", {"leakage_audit": splits.audit(table), **counts})
    for split, of_split in counts.items():
        print(f"{split:<12} {of_split['positive']:>6} positive {of_split['negative']:>6} negative")


if __name__ == "__main__":
    stage.run(main)
