"""A run of a grid on another machine: made in a clone there, and pushed to where the clone is from.

What a worker does is what the local one does (`chorus.experiments.worker`), in a repository of its own. That clone is
made once for each process of a cluster. It pulls the files that the runs read (embeddings, no audio), and each run
brings its model and predictions to the remote of DVC, and its experiment to the repository of git.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chorus.errors import ChorusError
from chorus.experiments.calls import call, last_words

# what runs start from, in the repository: there may be no branch that has it
STARTS = "refs/sweeps/"
_CODE = "import sys; sys.path.insert(0, {!r}); from chorus.experiments.errand import main; main()"


@dataclass(frozen=True)
class Errand:
    """All that a machine must know to make a run.

    repository: path or address, for git, that all machines see.
    start: the commit that the run starts from, kept there under STARTS.
    folder: of the study in the repository.
    inputs, outputs: files and folders in DVC's cache that the runs of the grid read and write.
    author: name and mail of who commits the experiment.
    name, changes, stages: see `chorus.experiments.queue.Queue.put`.
    """

    repository: str
    start: str
    folder: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    author: tuple[str, str]
    name: str
    changes: Mapping[str, Any]
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Ran:
    """What became of an errand: the reference of its experiment; or None and the end of its log, if it failed."""

    reference: str | None
    log: str


def run_errand(errand: Errand) -> Ran:
    """Make a run on this machine.

    Raises:
        ChorusError: the repository or the data cannot be had, or not be written.
    """
    clone = _clone(errand)
    source = str(Path(__file__).resolve().parents[2])
    # by itself: DVC takes the folder in which a process works for the study, and a process has only one
    made = subprocess.run(
        [sys.executable, "-c", _CODE.format(source)],
        cwd=clone / errand.folder, input=json.dumps(asdict(errand)), capture_output=True, text=True,
    )  # fmt: skip
    # the last line: programs that the run has started write into the same stream
    try:
        ran = Ran(**json.loads(made.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        raise ChorusError(f"{errand.name} could not be run: {last_words(made.stderr)}") from None
    # in place of what is there: a run whose worker died before it could say so is made again
    if ran.reference:
        call(clone, "git", "push", "-q", errand.repository, f"+{ran.reference}:{ran.reference}")
    return ran


def main() -> None:
    """Make the run that standard input describes in the study in the current folder; print what became of it."""
    from chorus.experiments.queue import Queue
    from chorus.sharing.integrity import Store

    given = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr  # of whatever else says something
    queue = Queue(given["start"])
    reference, log = queue.run_here(given["name"], given["changes"], given["stages"])
    queue.close()
    if reference:
        with Store() as store:
            store.push(store.objects(reference, given["outputs"]))
    print(json.dumps(asdict(Ran(reference, log))), file=out)


def _clone(errand: Errand) -> Path:
    """This process's own clone, at the start of the run and with the data for it."""
    name = hashlib.sha256(errand.repository.encode()).hexdigest()[:12]
    clone = _own_folder() / f"chorus-{name}"
    ready = clone / ".git" / "ready"
    # another sweep may start from the same commit, in another folder or with more that it reads
    wanted = json.dumps([errand.start, errand.folder, errand.inputs])
    if ready.is_file() and ready.read_text() == wanted:
        return clone
    clone.mkdir(parents=True, exist_ok=True)
    call(clone, "git", "init", "-q")
    for key, value in zip(("user.name", "user.email"), errand.author, strict=True):
        call(clone, "git", "config", key, value)
    start = STARTS + errand.start
    call(clone, "git", "fetch", "-q", "--no-tags", errand.repository, f"+{start}:{start}")
    call(clone, "git", "checkout", "-q", "--force", "--detach", errand.start)
    if errand.inputs:
        # not quietly: DVC would keep back why it failed, too
        call(clone / errand.folder, sys.executable, "-m", "dvc", "pull", *errand.inputs)
    # last: what was interrupted before is done again
    ready.write_text(wanted)
    return clone


def _own_folder() -> Path:
    """Of this process alone: that of a worker of Dask, which removes it when it ends."""
    try:
        from distributed import get_worker

        return Path(get_worker().local_directory)
    except (ImportError, ValueError):  # this is no worker of Dask
        return Path(tempfile.gettempdir()) / f"chorus-{os.getpid()}"
