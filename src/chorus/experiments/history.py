"""The experiments that exist, read straight from git: their parameters, metrics, and the version of code and data.

A thousand experiments are a thousand commits; reading their files as git objects takes seconds, where a process or a
`dvc exp show` for each takes minutes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from posixpath import normpath
from typing import Any

import pygit2
import yaml

from chorus.errors import DataError
from chorus.experiments import start
from chorus.experiments.pipeline import first_around, is_cached, kept_by_git, path_of, written_by
from chorus.experiments.signature import run_key, short_hash, signature
from chorus.yaml12 import YamlLoader

# Other references there are for DVC's own use.
_EXPERIMENT = re.compile(r"refs/exps/[0-9a-f]{2}/[0-9a-f]{38}/[^/]+")


@dataclass(frozen=True)
class Snapshot:
    """A commit as a run of the pipeline: an experiment, or the start of the next ones.

    folder: of the study inside the repository, "" for its root.
    stages: that differ between the runs of a grid; the others count as data.
    """

    name: str
    commit: pygit2.Commit
    folder: str
    stages: tuple[str, ...]

    @property
    def pipeline(self) -> dict[str, Any]:
        """dvc.yaml of this commit."""
        return dict(self._yaml("dvc.yaml"))

    @cached_property
    def params(self) -> dict[str, Any]:
        """params.yaml of this commit."""
        return dict(self._yaml("params.yaml"))

    @cached_property
    def signature(self) -> str:
        return signature(self.params)

    @property
    def seed(self) -> Any:
        return self.params.get("seed")

    @cached_property
    def version(self) -> str:
        """Names code and data: commands, code and inputs of the stages, from git and dvc.lock, as eight hex digits."""
        pipeline = self.pipeline["stages"]
        made: dict[str, str] = {}
        for stage in pipeline:
            made |= dict.fromkeys(written_by(pipeline[stage]), stage)
        inputs: dict[str, Any] = {}
        for name in self.stages:
            # a run that waits in the queue may be of a commit from before there was such a stage
            declared = pipeline.get(name, {})
            known = {}
            for dep in declared.get("deps", ()):
                if content := self._content(dep, made):
                    known[dep] = content
            inputs[name] = [declared.get("cmd"), known]
        return short_hash(inputs)

    @cached_property
    def key(self) -> str:
        return run_key(self.params, self.version)

    @cached_property
    def complete(self) -> bool:
        """Whether its outputs are those of its parameters: dvc.lock fits params.yaml and fits together."""
        pipeline, lock = self.pipeline["stages"], self._lock
        for stage in self.stages:
            # DVC leaves a stage in dvc.lock that dvc.yaml has no more
            if stage not in lock or stage not in pipeline:
                return False
            if not self._fits_params(pipeline[stage].get("params", ()), lock[stage]):
                return False
            for dep in lock[stage].get("deps", ()):
                # what no stage makes has no other hash in dvc.lock to differ from
                if dep.get("md5") != self._outputs.get(dep["path"], dep.get("md5")):
                    return False
        return True

    def _fits_params(self, keys: Collection[str], locked: Mapping[str, Any]) -> bool:
        """Whether a stage ran with the parameters of this commit. 1 and 1.0 are the same, as for signatures."""
        used = locked.get("params", {}).get("params.yaml", {})
        for key in keys:
            if key not in used:
                return False
            if signature({"_": used[key]}) != signature({"_": _get(self.params, key)}):
                return False
        return True

    @property
    def metrics_files(self) -> list[str]:
        """The JSON files of metrics that the stages declare, in the order of the pipeline."""
        paths: list[str] = []
        for stage in self.pipeline["stages"].values():
            paths += map(path_of, stage.get("metrics", ()))
        return [path for path in paths if path.endswith(".json")]

    def json(self, path: str) -> Any:
        """A JSON file of this commit; None if it has no such file."""
        blob = self._find(path)
        return None if blob is None else json.loads(blob.data)

    def output_hash(self, path: str) -> str | None:
        """The hash by which DVC's cache knows an output of this commit; None if its dvc.lock has no such output."""
        return self._outputs.get(path) or None

    def locked_outputs(self, stage: str) -> list[dict[str, Any]]:
        """What dvc.lock says about those outputs of a stage that DVC's cache keeps."""
        entries = self.pipeline["stages"][stage].get("outs", ())
        cached = {path_of(entry) for entry in entries if is_cached(entry)}
        return [out for out in self._lock.get(stage, {}).get("outs", ()) if out["path"] in cached]

    def outputs(self, stages: Collection[str]) -> list[dict[str, Any]]:
        """What dvc.lock says about all outputs of `stages`: path, md5, size ..."""
        return [out for stage in stages for out in self._lock.get(stage, {}).get("outs", ())]

    def has(self, path: str) -> bool:
        """Whether this commit has a file or folder of this path."""
        return self._find(path) is not None

    def bytes(self, path: str) -> bytes | None:
        """A file of this commit; None if it has no such file."""
        blob = self._find(path)
        return None if blob is None else bytes(blob.data)

    @property
    def _lock(self) -> dict[str, Any]:
        blob = self._find("dvc.lock")
        return {} if blob is None else locked_stages(blob.data)

    @cached_property
    def _outputs(self) -> dict[str, str]:
        """Path -> hash of all outputs in dvc.lock; kept, while the lock itself would fill the memory."""
        return hashes(self._lock, "outs")

    def _content(self, dep: str, made: Mapping[str, str]) -> str | None:
        """A hash of a dependency; None when another of `stages` makes it: its inputs are counted there."""
        output = first_around(dep, made)
        if output is not None:
            if made[output] in self.stages:
                return None
            if output not in kept_by_git(self.pipeline["stages"][made[output]]):
                return self._outputs.get(output, "missing")
        # of a folder the file alone: the fingerprint of another stage is not this one's
        found = self._find(dep)
        return "missing" if found is None else str(found.id)

    def _find(self, path: str) -> Any:
        try:
            return self.commit.tree[normpath(f"{self.folder}/{path}" if self.folder else path)]
        except KeyError:
            return None
        except pygit2.GitError:  # there is such a file, but not its content
            raise lacking(path, str(self.commit.id)) from None

    def _yaml(self, path: str) -> Any:
        blob = self._find(path)
        if blob is None:
            raise DataError(f"{path} is not in commit {str(self.commit.id)[:8]}: commit it first")
        try:
            return _parse(blob.data)
        except yaml.YAMLError as error:
            where = f"{path} of commit {str(self.commit.id)[:8]}"
            raise DataError(f"{where} is not valid YAML: {' '.join(str(error).split())}") from None


def lacking(path: str, commit: str) -> DataError:
    """What to say of a file or folder of a commit whose content git does not have."""
    return DataError(f"git lacks the content of {path} in commit {commit[:8]}: clone it again")


@lru_cache(maxsize=1024)  # most experiments share most of these files
def _parse(text: bytes) -> Any:
    return yaml.load(text, Loader=YamlLoader) or {}


def locked_stages(lock: bytes) -> dict[str, Any]:
    """The stages of a dvc.lock. Each is parsed by itself: those that all experiments share are then parsed once."""
    head, *stages = start.STAGE.split(lock)
    if not head.endswith(b"stages:\n"):  # not as DVC writes it
        return dict(_parse(lock).get("stages", {}))
    locked: dict[str, Any] = {}
    for stage in stages:
        locked |= _parse(stage)
    return locked


def hashes(lock: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Path -> hash of what a dvc.lock says of all stages.

    Args:
        lock: of `locked_stages`.
        kind: "outs" or "deps".
    """
    found = {}
    for stage in lock.values():
        for item in stage.get(kind, ()):
            found[item["path"]] = item.get("md5", "")
    return found


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


def _get(params: Mapping[str, Any], key: str) -> Any:
    value: Any = params
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
