"""Stage survey: the recordings as audio shards and a table of clips; what cannot be used goes to quarantine."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import stage

from chorus import demo, parallel, paths, quarantine, survey
from chorus.files import replacing_folder, write_csv, write_json
from chorus.options import parse
from chorus.terminal import progress

MEMORY = paths.RAW.parent / ".survey.json"  # beside the output, known to neither git nor DVC


def main() -> None:
    options = parse(survey.SurveyOptions, stage.params("survey"), section="survey")
    if options.source == "demo":
        print("the demo survey is synthetic: every sound in it is computed, nothing was recorded")
        sources: Sequence[survey.ClipSource] = demo.plan(options.demo)
        rejected, notes = quarantine.empty(), {"synthetic": True}
    else:
        folder = Path(options.source)
        stage.refuse_inside(folder, paths.RAW, "survey.source")
        sources, rejected, notes = survey.user_sources(folder, options)
        for sentence in survey.assumptions_in_words(notes, len(sources)):
            print(sentence)
        for sentence in survey.nights_to_come([source.meta for source in sources], date.today()):
            print(sentence)
        survey.check_nights(notes, len(sources), options.max_unknown_night_share)
    earlier = survey.Earlier(paths.RAW, MEMORY)
    with (
        replacing_folder(paths.RAW) as raw,
        progress("reading clips", len(sources)) as advance,
    ):
        built = survey.build(
            sources,
            raw,
            workers=parallel.cores(),
            padding=options.padding,
            min_seconds=options.min_seconds,
            earlier=earlier,
            progress=advance,
        )
        rejected = quarantine.join(rejected, built.quarantine)
        write_csv(raw / paths.CLIPS.name, built.clips)
        write_csv(raw / "quarantine.csv", rejected)
        write_csv(raw / "remarks.csv", built.remarks)
    # Only now do the shards lie where the next survey will look for them.
    survey.remember(earlier, built)
    write_json(paths.SURVEY_METRICS, survey.summarise(built.clips, rejected, built.remarks, notes))
    for sentence in survey.tally(built.remarks, "remark"):
        print(f"in the survey, but {sentence}")
    for sentence in survey.tally(rejected, "reason"):
        print(f"in quarantine, {sentence}")
    print(
        f"{len(built.clips)} clips in the survey, {len(rejected)} rows in quarantine; {built.read} files read"
    )
    # Last of all, so that the reasons lie on the disk, and are told, when too much is bad.
    quarantine.check_share(
        rejected, len(built.clips) + len(rejected), options.max_quarantined_share
    )


if __name__ == "__main__":
    stage.run(main)
