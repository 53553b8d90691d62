"""Stage prints: a fingerprint of every clip's audio, computed once and kept."""

import stage

from chorus import parallel, prints
from chorus.files import read_csv


def main() -> None:
    clips = read_csv(stage.CLIPS)
    with stage.progress("fingerprints", len(clips)) as advance:
        computed = prints.update(stage.PRINTS, clips, stage.RAW, workers=parallel.cores(), progress=advance)
    print(f"{computed} clips fingerprinted, {len(clips) - computed} known")


if __name__ == "__main__":
    stage.run(main)
