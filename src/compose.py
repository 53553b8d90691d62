"""Stage compose: the training set of this run, and what really got into it."""

import stage

from chorus import paths
from chorus.composition import ComposeOptions, compose, read_subsets, remarks
from chorus.files import read_csv, write_csv, write_json
from chorus.options import parse


def main() -> None:
    options = parse(ComposeOptions, stage.params("compose"), section="compose")
    clips = read_csv(paths.SPLITS)
    composition = compose(
        clips,
        read_subsets(paths.SUBSETS / "positive"),
        read_subsets(paths.SUBSETS / "negative"),
        options,
        stage.seed(),
    )
    write_csv(paths.TRAINING_SET, composition.manifest)
    write_json(paths.COMPOSITION, composition.summary)
    print(
        f"{composition.summary['positives']} positives, {composition.summary['negatives']} negatives"
    )
    stage.note(remarks(composition.summary))


if __name__ == "__main__":
    stage.run(main)
