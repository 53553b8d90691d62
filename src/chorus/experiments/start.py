"""The commit that a grid starts from: the current one, or one of its own where shared results differ from it.

Experiments of DVC hang on a commit. Where the stages that all runs share have other results here than in the current
commit (another CPU, other versions), a commit is made that holds those, beside all branches: neither they nor the
working tree nor the index change. It follows from the current commit and the results alone, so that the same state
gives the same commit, today and after a kill.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pygit2
import yaml

from chorus.errors import DataError
from chorus.yaml12 import YamlLoader

TAGS = "refs/tags/sweep/"
_LOCK = "dvc.lock"
# where a stage begins in a dvc.lock as DVC writes it
STAGE = re.compile(rb"^(?=  [^\s#])", flags=re.MULTILINE)


def own_start(
    git: pygit2.Repository, folder: str, stages: Collection[str], results: Iterable[str]
) -> pygit2.Commit | None:
    """The commit with the results of `stages` as they are in the working tree; None: the current one has the same.

    Args:
        git: the repository of the study.
        folder: of the study inside it, "" for its root.
        stages: all that the runs of a grid share.
        results: those outputs of theirs that git keeps.

    Raises:
        DataError: the dvc.lock of the working tree cannot be read.
    """
    head = git.head.peel(pygit2.Commit)
    root = Path(git.workdir) / folder
    here, there = _read(root / _LOCK), _blob(head, _inside(folder, _LOCK))
    lock = merged_lock(there, here, stages)
    if lock == there or _results(lock, stages) == _results(there, stages):
        return None
    # a tree of its own, made beside the index and the working tree: neither of them changes
    index = pygit2.Index()
    index.read_tree(head.tree)
    _add(index, _inside(folder, _LOCK), git.create_blob(lock))
    for path in _files(Path(git.workdir), [_inside(folder, path) for path in results]):
        _add(index, path, git.create_blob_fromworkdir(path))
    # nobody's name and the parent's time: who makes it, and when, must not make another commit of it
    author = pygit2.Signature("chorus", "chorus@localhost", head.commit_time, 0)
    message = f"Shared results of another machine than those of {str(head.id)[:8]}\n"
    made = git.create_commit(None, author, author, message, index.write_tree(git), [head.id])
    return git[made].peel(pygit2.Commit)


def keep(git: pygit2.Repository, commit: pygit2.Commit, sweep: str) -> str:
    """Give an own start a name that keeps it: the tag sweep/<name of the sweep>-<commit>.

    Raises:
        DataError: there is such a tag already, of something else.
    """
    name = f"sweep/{sweep}-{str(commit.id)[:8]}"
    reference = f"refs/tags/{name}"
    found = git.references.get(reference)
    if found is None:
        git.references.create(reference, commit.id)
    elif found.peel(pygit2.Commit).id != commit.id:
        raise DataError(f"the tag {name} is of another commit: git tag -d {name}")
    return name


def kept(git: pygit2.Repository, commit: pygit2.Commit) -> list[str]:
    """The references of the own starts that stand in for a commit, as far as `keep` has named them."""
    found = []
    for reference in git.references.iterator():
        if not reference.name.startswith(TAGS):
            continue
        if commit.id in reference.peel(pygit2.Commit).parent_ids:
            found.append(reference.name)
    return found


def started_from(tag: str) -> str:
    """What to say of runs that hang on an own start which the workspace does not have, and how to get there."""
    return (
        f"started from the results of shared stages in {tag}, and here are others:"
        f" git checkout {tag} -- . brings them; chorus back goes back"
    )


def merged_lock(there: bytes, here: bytes, stages: Collection[str]) -> bytes:
    """A dvc.lock with what `here` says of `stages`, and what `there` says of all others."""
    theirs, ours = _parts(there), _parts(here)
    # a commit may have no dvc.lock: then what stands above the stages comes from here
    merged = theirs if there else {"": ours[""]}
    for name, text in ours.items():
        if name in stages:
            merged[name] = text
    return b"".join(merged.values())


def _parts(lock: bytes) -> dict[str, bytes]:
    """A dvc.lock in pieces: its head under "", then one a stage."""
    head, *stages = STAGE.split(lock)
    parts = {"": head}
    for text in stages:
        name = text.split(b":", 1)[0].decode().strip()
        # the last one of a file may lack its end of line, and be followed by another when merged
        parts[name] = text if text.endswith(b"\n") else text + b"\n"
    return parts


def _results(lock: bytes, stages: Collection[str]) -> dict[str, Any]:
    """Stage -> what a lock says of its outputs."""
    try:
        content = yaml.load(lock, Loader=YamlLoader) or {}
    except yaml.YAMLError as error:
        raise DataError(f"dvc.lock is not valid YAML: {' '.join(str(error).split())}") from None
    locked = content.get("stages", {})
    return {name: locked[name].get("outs") for name in sorted(stages) if name in locked}


def _add(index: pygit2.Index, path: str, blob: pygit2.Oid) -> None:
    index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))


def _files(root: Path, paths: Iterable[str]) -> Iterator[str]:
    """The files of `root` that `paths`, of files and of folders, name."""
    for path in paths:
        place = root / path
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in found:
            if file.is_file():
                yield file.relative_to(root).as_posix()


def _inside(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path


def _blob(commit: pygit2.Commit, path: str) -> bytes:
    try:
        found = commit.tree[path]
    except KeyError:
        return b""
    return found.data if isinstance(found, pygit2.Blob) else b""


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
