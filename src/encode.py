"""Stage encode: an embedding and a fingerprint for every clip, computed once for that audio and kept."""

import time

import stage

from chorus import cluster, encoders, encoding, parallel, paths, prints, quarantine
from chorus.clips import name_clips
from chorus.files import read_csv, write_csv
from chorus.options import parse
from chorus.terminal import progress


def main() -> None:
    options = parse(encoders.EncodeOptions, stage.params("encode"), section="encode")
    allowed = stage.params("survey.max_quarantined_share")
    clips = read_csv(paths.CLIPS)
    if licence := encoders.spec(options).licence:
        print(licence)
    begin = time.perf_counter()
    with (
        cluster.of_environment() as (executor, workers),
        progress(f"encoding with {options.encoder}", len(clips)) as advance,
    ):
        result = encoding.update(
            paths.EMBEDDINGS, clips, paths.RAW, options, workers=workers, executor=executor, progress=advance
        )  # fmt: skip
    if result.damaged:
        print(
            f"{len(result.damaged)} files were damaged and encoded anew: {name_clips(result.damaged)}"
        )
    rate = result.computed / (time.perf_counter() - begin)
    print(
        f"{result.computed} clips encoded ({rate:.0f}/s), {result.reused} known, {len(result.failed)} failed"
    )
    with progress("fingerprints, by which near-copies are found", len(clips)) as advance:
        prints.update(paths.PRINTS, clips, paths.RAW, workers=parallel.cores(), progress=advance)
    earlier = read_csv(paths.RAW / "quarantine.csv")
    rejected = quarantine.add(earlier, clips, result.failed, stage="encode")
    quarantine.check_share(rejected, len(clips) + len(earlier), allowed)
    write_csv(paths.QUARANTINE, rejected)


if __name__ == "__main__":
    stage.run(main)
