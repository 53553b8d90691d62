"""What a change did, as one Markdown comment for a pull request.

python src/review.py                       the workspace, compared with main
python src/review.py main my-branch        two revisions; experiments count too
python src/review.py origin/main HEAD --out review.md --images review/
"""

import argparse
import os
from pathlib import Path

import stage

from chorus.experiments.review import WORKSPACE, comment, draw, read
from chorus.files import write_text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", nargs="?", default="main", help="what it is compared with (default: main)")
    parser.add_argument("head", nargs="?", default=WORKSPACE, help="what is reviewed (default: the workspace)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the comment (default: standard output)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="draw plots before and after into this folder")
    parser.add_argument(
        "--image-base", metavar="URL", help="where the folder will be found (default: beside the comment)"
    )
    arguments = parser.parse_args()
    facts = read(Path(), arguments.base, arguments.head)
    pictures = draw(facts, arguments.images) if arguments.images else None
    beside = arguments.out.parent if arguments.out else Path()
    base = arguments.image_base or (Path(os.path.relpath(arguments.images, beside)).as_posix() if pictures else "")
    text = comment(facts, pictures, place=lambda path: f"{base.rstrip('/')}/{path}")
    if arguments.out:
        write_text(arguments.out, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    stage.run(main)
