"""Stage clips: base clips of one second, each with its source; what cannot be used."""

from pathlib import Path

import stage

import pandas as pd

from chorus.errors import DataError
from chorus.files import replacing_folder, write_csv, write_json
from chorus.options import parse
from chorus.paths import METRICS
from speech import clips, demo, trees

CLIPS = Path("data/clips")


def main() -> None:
    options = parse(clips.ClipOptions, stage.params("clips"), section="clips")
    if options.folder == "demo":
        print("the demo is synthetic: its voices are computed, nobody was recorded")
        found = demo.base_clips(options.demo)
        rejected = pd.DataFrame(columns=["file", "reason"])
    else:
        stage.refuse_inside(Path(options.folder), CLIPS, "clips.folder")
        own_table = Path(options.folder, "clips.csv").is_file()
        found, rejected = (clips.read_folder if own_table else trees.read)(Path(options.folder))
        # What the toy is pretrained on, whoever it is asked about.
        found += [each for each in demo.base_clips(options.demo) if each.part == "pretraining"]
    with replacing_folder(CLIPS) as out:
        table = clips.write_clips(out, found)
        write_csv(out / "clips.csv", table)
        write_csv(out / "quarantine.csv", rejected)
    # Of what was given: what the toy is pretrained on is computed, and never bad.
    given = len(rejected) + int((table["part"] == "study").sum())
    share = len(rejected) / max(1, given)
    of_label = table["label"].value_counts().sort_index().to_dict()
    write_json(METRICS / "clips.json", {"clips": of_label, "quarantined": len(rejected)})
    print(f"{len(table)} clips of {table['source'].nunique()} sources, {len(rejected)} rejected")
    if share > options.max_quarantined_share:
        raise DataError(f"{share:.0%} of the files cannot be used, see data/clips/quarantine.csv")


if __name__ == "__main__":
    stage.run(main)
