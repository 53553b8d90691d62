"""What must hold before experiments can be made here: each check ends in a sentence that says what to do."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pandas as pd
import pygit2
from dvc.config import Config
from dvc.dirs import site_cache_dir
from dvc.repo import Repo

from chorus.errors import DataError
from chorus.experiments.columns import JUDGED_BY
from chorus.experiments.history import History
from chorus.experiments.snapshot import Snapshot, lacking


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold this checkout for one sweep: two would take each other's runs out of DVC's queue.

    Raises:
        DataError: another one is at work.
    """
    git = Path(History(root).git.path)  # of a worktree its own
    with (git / "sweep.lock").open("a+", encoding="utf-8") as file:
        try:
            # ends with this process, however that ends: flock would live on in the workers that it forks
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.seek(0)
            raise DataError(
                f"another sweep is at work in this checkout: process {file.read().strip()}"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def refuse_unfit(root: Path, start: Snapshot) -> None:
    """Refuse a repository in which DVC cannot make experiments.

    Args:
        root: the folder of the study.
        start: the commit that they would start from.

    Raises:
        DataError: says what is in the way, and what to do.
    """
    git = History(root).git
    _refuse_nobody(git)
    _refuse_half(git, start)
    _refuse_sparse(git)
    _refuse_references(git)
    _refuse_path(Path(git.workdir))
    _refuse_site_cache(root)
    with Repo(str(root)) as repo:
        if repo.config["core"].get("no_scm"):
            raise DataError(
                "experiments are kept in git, and DVC is told to use none: dvc config core.no_scm false"
            )
        _refuse_cache(Path(repo.cache.local_cache_dir))


def refuse_unranked(rank_by: str, splits: pd.DataFrame) -> None:
    """Refuse a ranking by a split without clips of both labels: no run could be ranked.

    Args:
        rank_by: such as "ood.f1".
        splits: split and label of every clip.

    Raises:
        DataError: names the split.
    """
    split = JUDGED_BY.get(rank_by.partition(".")[0])
    if split is None:  # of another study than a detector's
        return
    labels = set(splits.loc[splits["split"] == split, "label"])
    if len(labels) < 2:
        found = f"only {labels.pop()} clips" if labels else "no clips"
        raise DataError(
            f"sweep.rank_by: {rank_by} ranks no run: {split} has {found}; "
            "name a site in split.ood_sites, or rank by ood or iid, whichever has both labels"
        )


def _refuse_nobody(git: pygit2.Repository) -> None:
    """Experiments are commits, and git makes none for nobody."""
    try:
        known = bool(git.default_signature.email)
    except (KeyError, ValueError, pygit2.GitError):
        known = False
    if not known:
        raise DataError(
            "experiments are commits: git config user.name NAME; git config user.email ADDRESS"
        )


def _refuse_half(git: pygit2.Repository, start: Snapshot) -> None:
    """DVC copies the start and all before it into a repository for each run: all of it must be here."""
    if git.is_shallow:
        raise DataError("DVC makes no experiments in a shallow clone: git fetch --unshallow")
    if any(entry.name.endswith(".promisor") for entry in git.config):
        raise DataError(
            "DVC makes no experiments in a clone made with --filter: clone it again, whole"
        )
    refuse_lacking(git, str(start.commit.id))


def _refuse_sparse(git: pygit2.Repository) -> None:
    """What a sparse checkout leaves out would count as deleted: as changes that nobody has made."""
    settings: list[pygit2.Config] = [git.config]
    own = Path(git.path) / "config.worktree"  # where git notes it, and libgit2 does not look
    if own.is_file():
        settings.insert(0, pygit2.Config(str(own)))
    for config in settings:
        if "core.sparseCheckout" not in config:
            continue
        if config.get_bool("core.sparseCheckout"):
            raise DataError(
                "experiments need all files, and this checkout is sparse: git sparse-checkout disable"
            )
        return


def refuse_lacking(git: pygit2.Repository, commit: str) -> None:
    """Refuse a commit of which git lacks folders or files, as in a clone made with --filter, or a damaged one.

    Raises:
        DataError: names the first file, or the object where its name is unknown.
    """
    try:
        tree = git[commit].peel(pygit2.Tree)
        missing = next((path for path, oid in _files(tree) if oid not in git.odb), None)
    except (KeyError, pygit2.GitError) as error:  # of a folder's list, or of the commit itself
        missing = " ".join(str(error).split()).strip("'")
    if missing:
        raise lacking(missing, commit)


def _refuse_references(git: pygit2.Repository) -> None:
    """A reference to no commit stops DVC from bringing experiments back from where they ran, without a word."""
    for name in git.references:
        # one to nothing at all DVC passes over
        with suppress(KeyError, ValueError, pygit2.GitError):
            if not isinstance(git.references[name].peel(), pygit2.Commit):
                raise DataError(
                    f"{name} is no commit, so that DVC keeps no experiment: git update-ref -d {name}"
                )


def _files(tree: pygit2.Tree, folder: str = "") -> Iterator[tuple[str, pygit2.Oid]]:
    """The path and object of everything in a tree; what submodules hold is not in it."""
    for entry in tree:
        path = f"{folder}{entry.name}"
        if entry.type_str == "tree" and isinstance(entry, pygit2.Tree):
            yield from _files(entry, f"{path}/")
        elif entry.type_str == "blob":
            yield path, entry.id


def _refuse_path(folder: Path) -> None:
    """DVC hands the path to git as the address file://PATH, without marking what means something else there."""
    path = str(folder)
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(
            f"{path!a} is not in UTF-8 (or LC_ALL is not): DVC makes no experiments in such a path"
        ) from None
    if url2pathname(urlsplit(f"file://{path}").path) != path:
        raise DataError(
            f"DVC makes no experiments in the folder {path!r}: no #, ?, % or line end may be in its path"
        )


def _refuse_site_cache(root: Path) -> None:
    """Apart from its cache, DVC keeps what it knows about a repository in a folder of the machine or the user."""
    settings = Config(Repo.find_dvc_dir(str(root)))
    folder = Path(site_cache_dir(settings["core"].get("site_cache_dir")))
    # tried: the rights of a folder tell nothing of a disk that is full or mounted for reading
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataError(
            f"DVC cannot write into {folder}, its site cache ({error.strerror}): "
            "name another folder in DVC_SITE_CACHE_DIR"
        ) from None


def _refuse_cache(cache: Path) -> None:
    """DVC writes the path of its cache into a file for each run, in ASCII."""
    if not str(cache).isascii():
        raise DataError(
            f"DVC makes no experiments with its cache in {cache}, whose path is not plain ASCII: "
            "move the folder, or dvc cache dir --local /another/path"
        )
