"""The `dvc` of a sweep's runs: DVC's own, which looks at what a run touches and not at all that is there.

Two steps of DVC's grow with the repository and not with the run. It checks out the outputs of *every* stage before
those that run (1,047 files of the RADR study, of which its runs read a third), and before it commits the experiment it
reads, compresses and writes *every* file that git tracks, to find the few that have changed (`BaseExecutor.reproduce`
and `.commit` of DVC 3.67.1). And it parses the same few YAML files 75 times. All else is DVC's.

Started by its path and never imported, so that nothing of ours is loaded with it.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import wraps
from pathlib import Path
from typing import Any

import pygit2
from dvc.cli import main
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import OutputNotFoundError
from dvc.repo import Repo, checkout
from dvc.utils import strictyaml
from pygit2.enums import FileStatus
from scmrepo.git.backend.dulwich import DulwichBackend

CHANGED = FileStatus.WT_MODIFIED | FileStatus.WT_DELETED | FileStatus.WT_TYPECHANGE


def of_what_is_read(check_out: Callable[..., Any]) -> Callable[..., Any]:
    """A checkout of stages that takes what they read in place of all that was made before them."""

    @wraps(check_out)
    def check_out_read(
        repo: Repo, targets: Sequence[str] | None = None, with_deps: bool = False, **options: Any
    ) -> Any:
        if targets and with_deps:
            with_deps = False
            # apart from the stages: given paths and stages at once, DVC leaves some of them out
            if paths := read_by(repo, targets):
                check_out(repo, targets=paths, **options)
        return check_out(repo, targets=targets, with_deps=with_deps, **options)

    return check_out_read


def read_by(repo: Repo, stages: Iterable[str]) -> list[str]:
    """The outputs of other stages, or files in them, that stages depend on."""
    found = []
    for name in stages:
        for stage in repo.stage.collect(name):
            for dependency in stage.deps:
                if not isinstance(dependency, ParamsDependency) and is_made(repo, dependency):
                    found.append(dependency.fs_path)
    return found


def is_made(repo: Repo, dependency: Any) -> bool:
    """Whether a dependency is an output, lies in one, or has some in it."""
    try:
        return bool(repo.find_outs_by_path(dependency.fs_path, recursive=True, strict=False))
    except OutputNotFoundError:
        return False


def of_what_has_changed(add: Callable[..., None]) -> Callable[..., None]:
    """`git add --update` that reads what has changed since it was checked out, by its time and size."""

    @wraps(add)
    def add_changed(
        self: DulwichBackend, paths: Any, update: bool = False, force: bool = False
    ) -> None:
        if update and not paths:
            paths = changed(str(self.root_dir))
            if not paths:
                return
        add(self, paths, update=update, force=force or update)

    return add_changed


def changed(root: str) -> list[str]:
    """The files that git tracks and that are others than in its index, or gone."""
    found = []
    for path, state in pygit2.Repository(root).status(untracked_files="no").items():
        if state & CHANGED:
            found.append(str(Path(root, path)))
    return found


def once_a_text(parse: Callable[..., Any]) -> Callable[..., Any]:
    """A parser of YAML that parses a text once, and gives everybody a copy of what it says."""
    known: dict[str, Any] = {}

    @wraps(parse)
    def parse_once(text: str, path: str, typ: str = "safe") -> Any:
        if typ != "safe":  # with its comments, for writing
            return parse(text, path, typ)
        if text not in known:
            known[text] = parse(text, path)
        return deepcopy(known[text])

    return parse_once


if __name__ == "__main__":
    checkout.checkout = of_what_is_read(checkout.checkout)
    DulwichBackend.add = of_what_has_changed(DulwichBackend.add)  # type: ignore[method-assign]
    strictyaml.parse_yaml = once_a_text(strictyaml.parse_yaml)
    sys.exit(main())
