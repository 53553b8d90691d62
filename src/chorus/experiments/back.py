"""Back to the parameters and results of the current commit, without losing what only this machine has.

`git checkout . && dvc checkout` does that where the cache holds all that the commit names. Where it does not (results
of another machine that nobody pushed), `dvc checkout` removes what is there and puts nothing in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo

from chorus.errors import DataError
from chorus.experiments.history import History
from chorus.experiments.start import kept
from chorus.files import write_text
from chorus.paths import CODE, RESULTS
from chorus.sharing.halves import remove_halves
from chorus.sharing.patience import limit_waiting

_RESULTS = tuple(f"{folder}/" for folder in (CODE, *RESULTS))


@dataclass(frozen=True)
class Back:
    """What has come back.

    commit: the current one.
    files: that git keeps and that were put back.
    kept: outputs that the commit has otherwise, but that are neither in the cache nor in a remote: as made here.
    gone: outputs that are not to be had at all.
    """

    commit: str
    files: Sequence[str]
    kept: Sequence[str]
    gone: Sequence[str]


def bring_back(root: Path) -> Back:
    """Put parameters, dvc.lock, results and data of the study in `root` back as the current commit has them.

    Code and other files stay as they are. Data that is neither in the cache nor in a remote stays as it was made here;
    where it is missing, it comes from the commits of their own that grids started from, see `start`.

    Raises:
        DataError: DVC would lose files that it does not know.
    """
    limit_waiting()
    history = History(root)
    commit = history.current().commit
    files = history.put_back(("params.yaml", "dvc.lock", *_RESULTS))
    try:
        with Repo(str(root)) as repo:
            with lock_repo(repo):
                remove_halves(repo)
            outputs = _outputs(repo)
            held = [path for path in outputs if _in_cache(repo, path)]
            # of the others, what lies here is all that there is: a checkout would remove it
            _check_out(repo, held)
        missing = [path for path in outputs if path not in held]
        gone = [path for path in missing if not (root / path).exists()]
        for tagged in kept(history.git, commit):
            gone = _from_lock(root, history.at(tagged, ()).bytes("dvc.lock"), gone)
    except DvcException as error:
        raise DataError(" ".join(str(error).split())) from error
    as_made = [path for path in missing if path not in gone]
    return Back(str(commit.id)[:8], files, as_made, gone)


def _from_lock(root: Path, lock: bytes | None, paths: Sequence[str]) -> list[str]:
    """Bring outputs from the cache as another dvc.lock has them; returns those that it cannot bring."""
    if not paths or lock is None:
        return list(paths)
    path = root / "dvc.lock"
    current = path.read_text(encoding="utf-8")
    # DVC checks out by the dvc.lock in the folder, so that the other one stands there for that long
    try:
        write_text(path, lock.decode("utf-8"))
        with Repo(str(root)) as repo:
            wanted = [out for out in _outputs(repo) if out in paths]
            found = [out for out in wanted if _in_cache(repo, out)]
            _check_out(repo, found)
    finally:
        write_text(path, current)
    return [out for out in paths if out not in found]


def _outputs(repo: Repo) -> list[str]:
    return list(_cached(repo))


def _cached(repo: Repo) -> dict[str, Any]:
    """The outputs that DVC's cache keeps and that dvc.lock knows, by their paths."""
    return {out.def_path: out for out in repo.index.outs if out.use_cache and out.hash_info}


def _in_cache(repo: Repo, path: str) -> bool:
    """Whether the cache holds an output, if need be after fetching it."""
    out = _cached(repo)[path]
    if out.changed_cache():
        try:
            repo.fetch(targets=[path])
        except DvcException:  # no remote, or not in it
            return False
    return not out.changed_cache()


def _check_out(repo: Repo, paths: Sequence[str]) -> None:
    if paths:
        repo.checkout(targets=list(paths))
