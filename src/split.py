"""Stage split: deal every clip to a split by its site-night, and prove that nothing leaks."""

import stage

from chorus import paths, prints, quarantine, splits
from chorus.copies import copies
from chorus.files import read_csv, write_csv, write_json
from chorus.leakage import audit, moved_recorders
from chorus.options import parse


def main() -> None:
    options = parse(splits.SplitOptions, stage.params("split"), section="split")
    surveyed = read_csv(paths.CLIPS)
    # What the encoder could not use has no embedding, and so no place in a split.
    clips = surveyed[~surveyed["clip_id"].isin(read_csv(paths.QUARANTINE)["clip_id"])]
    pairs = copies(prints.read(paths.PRINTS).of(clips["clip_id"]))
    deal = splits.assign(clips, options, pairs)
    counts, about = splits.count(deal.table), splits.describe(deal.table, options, pairs)
    moved = moved_recorders(deal.table)
    write_csv(paths.SPLITS, deal.table)
    # Two digits for the eye; the deal above was made by all of them.
    write_csv(paths.COPIES, pairs.round({"similarity": 2}))
    write_csv(
        paths.SET_ASIDE, quarantine.add(quarantine.empty(), clips, deal.set_aside, stage="split")
    )
    audited = {"leakage_audit": audit(deal.table), "candidates_set_aside": len(deal.set_aside)}
    write_json(paths.SPLITS_AUDIT, {**audited, **counts, **about, "moved_recorders": moved})
    for split, of_split in counts.items():
        print(f"{split:<14} {of_split['positive']:>6} positive {of_split['negative']:>6} negative")
    for sentence in splits.remarks(deal, about, moved):
        print(sentence)


if __name__ == "__main__":
    stage.run(main)
