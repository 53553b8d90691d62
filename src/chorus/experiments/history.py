"""The experiments that exist, read straight from git: their parameters, metrics, and the version of code and data.

A thousand experiments are a thousand commits; reading their files as git objects takes seconds, where a process or a
`dvc exp show` for each takes minutes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pygit2

from chorus.errors import DataError
from chorus.experiments import start
from chorus.experiments.pipeline import kept_by_git
from chorus.experiments.snapshot import Snapshot

# Other references there are for DVC's own use.
_EXPERIMENT = re.compile(r"refs/exps/[0-9a-f]{2}/[0-9a-f]{38}/[^/]+")


class History:
    """The commits of the repository around the folder of a study.

    Raises:
        DataError: there is no repository.
    """

    def __init__(self, root: Path) -> None:
        found = pygit2.discover_repository(str(root))
        if found is None:
            raise DataError(f"{root} is in no git repository: experiments are kept in git")
        self.git = pygit2.Repository(found)
        if self.git.workdir is None:
            raise DataError(
                f"the git repository of {root} is bare, without files to work on: git config core.bare false"
            )
        folder = root.resolve().relative_to(Path(self.git.workdir).resolve()).as_posix()
        self._folder = "" if folder == "." else folder
        self._known: dict[tuple[Any, ...], Snapshot] = {}

    def current(self, stages: Collection[str] = ()) -> Snapshot:
        """The current commit.

        Raises:
            DataError: there is no commit yet.
        """
        if self.git.head_is_unborn:
            raise DataError("this repository has no commit yet: experiments need one to start from")
        return self.at("HEAD", stages)

    def own_start(self, shared: Collection[str]) -> str | None:
        """The commit that stands in for the current one where the `shared` stages have other results here.

        None where they have the same; and where what they are made from is changed too, so that they are of nothing
        that is committed.
        """
        pipeline = self.current().pipeline["stages"]
        results: list[str] = []
        deps: list[str] = []
        for stage in shared:
            results += kept_by_git(pipeline[stage])
            deps += pipeline[stage].get("deps", ())
        made_from = ("params.yaml", "dvc.yaml", *(dep for dep in deps if dep not in results))
        inputs = tuple(self._own(path) for path in made_from)
        if any(path.startswith(inputs) for path in self.changed()):
            return None
        commit = start.own_start(self.git, self._folder, shared, results)
        return None if commit is None else str(commit.id)

    def keep(self, commit: str, sweep: str) -> str:
        """See `chorus.experiments.start.keep`."""
        return start.keep(self.git, self.git[commit].peel(pygit2.Commit), sweep)

    def at(self, revision: str, stages: Collection[str], name: str = "") -> Snapshot:
        """A commit, by its id or by a reference to it."""
        commit = self.git.revparse_single(revision).peel(pygit2.Commit)
        identity = (name or revision.rpartition("/")[2], commit.id, tuple(stages))
        if identity not in self._known:  # what a commit holds never changes: it is read once
            self._known[identity] = Snapshot(identity[0], commit, self._folder, identity[2])
        return self._known[identity]

    def experiments(self, stages: Collection[str]) -> list[Snapshot]:
        """All experiments, the oldest first."""
        found = [self.at(name, stages) for name in self.git.references if self._is_experiment(name)]
        # git's times are whole seconds: within one, the name decides, in every clone alike
        return sorted(found, key=lambda snapshot: (snapshot.commit.commit_time, snapshot.name))

    def named(self, name: str) -> Snapshot | None:
        """The newest experiment of this name, or else the commit that it names; None: there is neither."""
        runs = [found for found in self.experiments(()) if found.name == name]
        if runs:
            return runs[-1]
        try:
            return self.at(name, (), name)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def _is_experiment(self, name: str) -> bool:
        """Whether a reference is an experiment of this study: others may lie there too, by hand or from elsewhere."""
        if not _EXPERIMENT.fullmatch(name):
            return False
        try:
            commit = self.git.references[name].peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError):  # an object that is missing, or no commit
            return False
        return all(self._own(path) in commit.tree for path in ("params.yaml", "dvc.yaml"))

    def changed(self, beside: Collection[str] = ()) -> list[str]:
        """Tracked files that differ from the current commit, except where their path begins with one of `beside`."""
        untracked = pygit2.enums.FileStatus.WT_NEW | pygit2.enums.FileStatus.IGNORED
        own = tuple(self._own(path) for path in beside)
        found = []
        for path, flags in self.git.status(untracked_files="no").items():
            if not flags & untracked and not path.startswith(own):
                found.append(path)
        return found

    def put_back(self, beginnings: Collection[str]) -> list[str]:
        """Put tracked files whose path begins with one of `beginnings` back as the current commit has them."""
        own = tuple(self._own(path) for path in beginnings)
        paths = [path for path in self.changed() if path.startswith(own)]
        if not paths:  # git would take none for all
            return []
        head = self.git.head.peel(pygit2.Tree)
        # a path is a name here and no pattern: a file called `*.csv` would bring back all of them
        literally = pygit2.enums.CheckoutStrategy.DISABLE_PATHSPEC_MATCH
        force = pygit2.enums.CheckoutStrategy.FORCE | literally
        self.git.checkout_tree(head, paths=paths, strategy=force)  # type: ignore[no-untyped-call]
        return paths

    def _own(self, path: str) -> str:
        """A path of the study as git names it."""
        return f"{self._folder}/{path}" if self._folder else path
