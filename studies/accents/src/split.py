"""Stage split: every speaker to one split, sentences that nobody in training says to a second test; audited."""

import stage

from chorus.files import read_csv, write_csv, write_json
from chorus.options import parse
from chorus.paths import SET_ASIDE, SPLITS, SPLITS_AUDIT
from chorus.quarantine import count_reasons
from chorus.voices import dealing


def main() -> None:
    options = parse(dealing.DealOptions, stage.params("split"), section="split")
    deal = dealing.deal(read_csv("data/corpus/samples.csv"), options)
    counts = dealing.count(deal.table)
    write_csv(SPLITS, deal.table)
    write_csv(SET_ASIDE, deal.set_aside)
    audited = {"leakage_audit": dealing.audit(deal.table), "set_aside": len(deal.set_aside)}
    write_json(SPLITS_AUDIT, {**audited, **counts})
    for split, part in counts.items():
        print(f"{split:<12} {part['samples']:>6} samples of {part['speakers']:>5} speakers")
    for reason, number in count_reasons(deal.set_aside).items():
        print(f"{number} samples set aside: {reason}")


if __name__ == "__main__":
    stage.run(main)
