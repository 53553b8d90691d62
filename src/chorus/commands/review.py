"""What a change did, as one Markdown comment for a pull request.

chorus review                       the workspace, compared with main
chorus review main my-branch        two revisions; experiments count too
chorus review origin/main HEAD --out review.md --images review/
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from chorus.commands.here import STUDY
from chorus.experiments.review import WORKSPACE, comment, draw, read
from chorus.files import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is compared, and where to."""
    parser.add_argument(
        "base", nargs="?", default="main", help="what it is compared with (default: main)"
    )
    parser.add_argument(
        "head", nargs="?", default=WORKSPACE, help="what is reviewed (default: the workspace)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the comment (default: standard output)"
    )
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="draw plots before and after into this folder"
    )
    parser.add_argument(
        "--image-base",
        metavar="URL",
        help="where the folder will be found (default: beside the comment)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the comment, and the pictures that it shows."""
    facts = read(STUDY, arguments.base, arguments.head)
    pictures = None
    if arguments.images:
        pictures = draw(facts, arguments.images)
    base = arguments.image_base or _images_from_comment(arguments)
    text = comment(facts, pictures, place=lambda path: f"{base.rstrip('/')}/{path}")
    if arguments.out:
        write_text(arguments.out, text)
    else:
        print(text, end="")


def _images_from_comment(arguments: argparse.Namespace) -> str:
    """The folder of pictures as the comment links it; "" without pictures."""
    if not arguments.images:
        return ""
    beside = Path()
    if arguments.out:
        beside = arguments.out.parent
    return Path(os.path.relpath(arguments.images, beside)).as_posix()
