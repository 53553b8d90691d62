"""Stage encode: what the network hears of each sample, and what a frozen encoder does; each computed once."""

from pathlib import Path

import stage

from chorus import parallel
from chorus.encoders import EncodeOptions
from chorus.files import read_csv
from chorus.options import parse
from chorus.paths import SPLITS
from chorus.speech import plain, sequences
from chorus.speech.augment import AugmentOptions
from chorus.speech.networks import ModelOptions, kind_of
from chorus.terminal import progress

CORPUS = Path("data/corpus")


def main() -> None:
    options = parse(EncodeOptions, stage.params("encode"), section="encode")
    samples = read_csv(SPLITS)
    model = parse(ModelOptions, stage.params("model"), section="model")
    network = kind_of(model, AugmentOptions()).listen
    listening = {"frames": network, "embeddings": plain.listening(options)}
    for name, listen in listening.items():
        with progress(f"hearing {name}", len(samples), "sample") as advance:
            heard = sequences.hear(
                samples, CORPUS, listen, workers=parallel.cores(), progress=advance
            )
        sequences.write(Path("data") / name, heard)
        print(f"{name}: {len(heard.values)} steps of {len(samples)} samples")


if __name__ == "__main__":
    stage.run(main)
