"""Stage fingerprint: what the code of each stage is, so that an edit runs the stages that use what it changed."""

from pathlib import Path

import stage

from chorus.files import read_yaml, write_text
from chorus.fingerprints import FOLDER, fingerprints


def main() -> None:
    texts = fingerprints(Path(), read_yaml(Path("dvc.yaml"))["stages"])
    # Of stages that are gone: they would stay in git, and look like code that something still depends on.
    for path in set(FOLDER.glob("*.txt")) - {FOLDER / f"{name}.txt" for name in texts}:
        path.unlink()
    for name, text in texts.items():
        write_text(FOLDER / f"{name}.txt", text)
    print(f"code of {len(texts)} stages")


if __name__ == "__main__":
    stage.run(main)
