"""A commit as a run of the pipeline: its parameters, its metrics, and the version of its code and data."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from posixpath import normpath
from typing import Any

import pygit2
import yaml

from chorus import paths
from chorus.errors import DataError
from chorus.experiments import start
from chorus.experiments.columns import IDENTITY, METRICS
from chorus.experiments.pipeline import first_around, is_cached, kept_by_git, path_of, written_by
from chorus.experiments.rows import detector_columns, metric_columns
from chorus.experiments.signature import run_key, short_hash, signature
from chorus.yaml12 import YamlLoader


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

    def columns(self, written: Collection[str], factors: Sequence[str]) -> dict[str, Any]:
        """What was measured: a detector's columns, or the figures that the stages of another study declare.

        Args:
            written: what the stages of a run write, by its paths: other files are what it started from.
            factors: columns that there are beside.
        """
        if detail := self._detection(written):
            beside = (paths.COMPOSITION, paths.HEALTH, paths.HEALTH_DETAIL)
            composition, health, health_detail = (self.json(str(path)) for path in beside)
            return detector_columns(detail, composition, health, health_detail)
        return metric_columns(self._figures(written), [*IDENTITY, *factors])

    def known_metrics(self, written: Collection[str]) -> list[str] | None:
        """The metrics by which a sweep that starts from here may rank; None: nothing was measured.

        Args:
            written: as for `columns`.
        """
        if self._detection(written):
            return list(METRICS)
        return list(metric_columns(self._figures(written), IDENTITY)) or None

    def _detection(self, written: Collection[str]) -> dict[str, Any] | None:
        """How a detector was judged; None where the runs judge no detector."""
        path = paths.EVALUATION_DETAIL.as_posix()
        if path not in written:
            return None
        detail = self.json(path)
        # another study may call a file so, and write other figures into it
        if isinstance(detail, dict) and "splits" in detail:
            return detail
        return None

    def _figures(self, written: Collection[str]) -> dict[str, Any]:
        """What the metrics files that a run writes hold, by their names without the ending."""
        files: list[str] = []
        for stage in self.pipeline["stages"].values():
            files += map(path_of, stage.get("metrics", ()))
        known = [path for path in files if path.endswith(".json") and path in written]
        return {Path(path).stem: self.json(path) for path in known}

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


def _get(params: Mapping[str, Any], key: str) -> Any:
    value: Any = params
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
