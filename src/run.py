"""Run a stage of a study, in the study's folder: python ../../src/run.py STAGE

The stage is `src/STAGE.py` there. It and the study's own package come from that folder, all else from the folder of
this script: a stage runs the `chorus` of its own checkout, whatever is installed.
"""

import runpy
import sys
from pathlib import Path

import stage  # noqa: F401  chooses the kernels before the stage loads anything


def main() -> None:
    own = Path.cwd() / "src"
    stages = sorted(path.stem for path in own.glob("*.py"))
    if len(sys.argv) != 2 or sys.argv[1] not in stages:
        sys.exit(
            f"error: python ../../src/run.py STAGE, in a study's folder; stages here: {', '.join(stages) or 'none'}"
        )
    script = own / f"{sys.argv[1]}.py"
    # The study's own package is found from here on; `stage` and `chorus` are loaded, and stay those of this checkout.
    sys.path.insert(0, str(own))
    # By this name the stage's code is looked up when it is compared with its fingerprint (record.py).
    sys.argv = [str(script)]
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main()
