"""Stage encode: what networks and frozen encoders hear of every sample, each computed once."""

from pathlib import Path

import stage

from chorus import parallel
from chorus.files import read_csv
from chorus.options import parse
from chorus.terminal import progress
from chorus.voices import sequences
from chorus.voices.listening import ListenOptions, listening

CORPUS = Path("data/corpus")


def main() -> None:
    options = parse(ListenOptions, stage.params("encode"), section="encode")
    samples = read_csv(CORPUS / "samples.csv")
    for name in options.encoders:
        listen = listening(name, options, stage.params("model.wav2vec2.path"))
        with progress(f"hearing {name}", len(samples), "sample") as advance:
            heard = sequences.hear(
                samples, CORPUS, listen, workers=parallel.cores(), progress=advance
            )
        sequences.write(Path("data/heard") / name, heard)
        print(f"{name}: {len(heard.values)} steps of {len(samples)} samples")


if __name__ == "__main__":
    stage.run(main)
