"""A grid in its study: the planned runs, matched with the experiments that exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from chorus import paths
from chorus.errors import DataError
from chorus.experiments import start
from chorus.experiments.differences import Difference, differences
from chorus.experiments.grid import load_plan
from chorus.experiments.history import History
from chorus.experiments.pipeline import (
    inputs,
    inputs_of,
    kept_by_git,
    last_stage,
    upstream,
    varying_stages,
    written_by,
)
from chorus.experiments.plan import PlannedRun
from chorus.experiments.rows import check_metrics, run_row
from chorus.experiments.sections import changed, read_sections, value_of
from chorus.experiments.signature import run_key, signature
from chorus.experiments.snapshot import Snapshot


class Grid:
    """The runs of a sweep, as changes to the current commit of a study.

    head: the current commit.
    start: what the runs start from: the current commit, or one of its own that holds the results which the shared
        stages have in the workspace, where they are others than in the current commit.

    Args:
        root: the folder of the study.
        sweep: what the sweep file holds.
        target: the last stage of a run, in place of the sweep's.
        subsets: see `load_plan`; the values of the other parameters are checked as the study's options.yaml says.

    Raises:
        ParameterError: the sweep is not allowed, see `load_plan`.
        DataError: there is no commit to start from.
    """

    def __init__(
        self,
        root: Path,
        sweep: Mapping[str, Any],
        *,
        target: str = "",
        subsets: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.root = root
        self._history = History(root)
        commit = self._history.current()
        sections = read_sections(root)
        self.plan = load_plan(sweep, commit.params, subsets=subsets, sections=sections)
        self.runs = self.plan.runs
        self.target = target or self.plan.target or last_stage(commit.pipeline)
        self.stages = varying_stages(commit.pipeline, self.plan.axes, self.target)
        self.shared = inputs_of(commit.pipeline, self.stages)
        self.inputs = inputs(commit.pipeline, self.stages)
        self.before = upstream(commit.pipeline, self.stages)
        # only now that the plan says which stages are shared can be asked whether these have other results here
        self.head = self._history.current(self.stages)
        self._own = self._history.own_start(self.before)
        self.start = self.head if self._own is None else self._history.at(self._own, self.stages)
        self._keys: dict[str, str] = {}
        known = self.start.known_metrics(self.outputs_made)
        check_metrics(self.plan, known)

    @cached_property
    def planned(self) -> dict[str, PlannedRun]:
        """The runs by their keys: parameters, code and data."""
        return {run_key(self.params(run), self.start.version): run for run in self.runs}

    @property
    def repository(self) -> str:
        """The folder of the study's git repository."""
        return str(Path(self._history.git.workdir).resolve())

    @property
    def judges(self) -> list[str]:
        """Who judges the runs, such as sites never heard in training, unless they are an axis; nobody may be known."""
        if not self.plan.judged_at:
            return []
        named = value_of(self.start.params, self.plan.judged_at)
        if not isinstance(named, list):
            named = [named]
        return [str(name) for name in named]

    def params(self, run: PlannedRun) -> dict[str, Any]:
        """All parameters of a run."""
        return changed(self.start.params, run.changes)

    def at(self, revision: str) -> Snapshot:
        """A commit as a run of this grid."""
        return self._history.at(revision, self.stages)

    def key_of(self, commit: str) -> str:
        """The key of the run that a commit stands for."""
        if commit not in self._keys:
            self._keys[commit] = self.at(commit).key
        return self._keys[commit]

    def name_of(self, name: str) -> str:
        """What the grid calls a run, whose experiment may have another name: that of the grid counts first.

        Raises:
            DataError: it is neither a run of this grid nor an experiment that is one.
        """
        runs = [run.name for run in self.runs]
        if name in runs:
            return name
        # several experiments may bear one name: of other code, or other data
        experiments = self._history.experiments(self.stages)
        called = [experiment for experiment in experiments if experiment.name == name]
        for experiment in called:
            if experiment.complete and experiment.key in self.planned:
                return self.planned[experiment.key].name
        if called:
            raise DataError(
                f"the experiment {name} is no run of this grid with the current code and data"
            )
        raise DataError(
            f"{name} is neither a run of this grid ({runs[0]} to {runs[-1]}) nor an experiment"
        )

    def finished(self) -> dict[str, Snapshot]:
        """The runs that are done with the current code and data: name -> experiment.

        An experiment counts by what it is and not by its name: one queued by hand is as good.
        """
        found = {}
        # the oldest first: of two that are the same run the newer one stays
        for experiment in self._complete():
            if experiment.key in self.planned:
                found[self.planned[experiment.key].name] = experiment
        return found

    def _complete(self) -> list[Snapshot]:
        """The experiments that are done, of this grid or not, the oldest first."""
        experiments = self._history.experiments(self.stages)
        return [experiment for experiment in experiments if experiment.complete]

    @cached_property
    def tags(self) -> dict[str, str]:
        """Version of code and data -> tag of the current commit's own start that has it, but for `start`'s.

        Results of this machine that were put back, see `chorus.experiments.back`, are under such a tag.
        """
        found = {}
        for reference in start.kept(self._history.git, self.head.commit):
            version = self.at(reference).version
            if version != self.start.version:
                found[version] = reference.removeprefix("refs/tags/")
        return found

    def elsewhere(self, name: str) -> str | None:
        """The tag of the current commit's own start from which a run is done; None: there is no such tag."""
        done = {experiment.key for experiment in self._complete()}
        (params,) = (self.params(run) for run in self.runs if run.name == name)
        for version, tag in self.tags.items():
            if run_key(params, version) in done:
                return tag
        return None

    def remarks(self, versions: Collection[str]) -> list[str]:
        """Where the runs are that started from other results of the shared stages than those here; a sentence a tag.

        Args:
            versions: of the runs in a table.
        """
        if not self.tags:
            return []
        done = {experiment.version for experiment in self._complete()}
        found = []
        for version, tag in self.tags.items():
            if version in versions:
                found.append(f"runs of this table {start.started_from(tag)}")
            elif version in done:
                found.append(f"not in this table: runs that {start.started_from(tag)}")
        return found

    def latest(self) -> dict[str, Snapshot]:
        """As `finished`; a run that is not done with the current code and data stands with its latest experiment."""
        names = {}
        for run in self.runs:
            params = self.params(run)
            names[signature(params), params.get("seed")] = run.name
        found = {}
        for experiment in self._complete():  # the oldest first, so that the latest one stays
            name = names.get((experiment.signature, experiment.seed))
            if name is not None:
                found[name] = experiment
        return found | self.finished()

    def behind(self, runs: pd.DataFrame) -> dict[str, Snapshot]:
        """The very experiments that the rows of a table of runs came from: name -> experiment.

        Args:
            runs: run, seed, signature and version.

        Raises:
            DataError: one of them is not in this repository.
        """
        known = {}
        for experiment in self._complete():
            # a table is text: its seed is, too
            identity = (experiment.signature, str(experiment.seed), experiment.version)
            known[identity] = experiment
        found, missing = {}, []
        for run in runs.to_dict("records"):
            identity = (run["signature"], str(run["seed"]), run.get("version"))
            if identity in known:
                found[run["run"]] = known[identity]
            else:
                missing.append(run["run"])
        if missing:
            raise DataError(
                f"{len(missing)} of {len(runs)} experiments are not in this repository, {missing[0]} for one:"
                " git fetch origin 'refs/exps/*:refs/exps/*'"
            )
        return found

    def row(self, name: str, experiment: Snapshot) -> dict[str, Any]:
        """A finished run as a row of the table of runs, with its signature and the version of code and data."""
        columns = experiment.columns(self.outputs_made, self.plan.names)
        row = run_row(name, experiment.params, self.plan.factors, columns)
        splits = experiment.output_hash(str(paths.SPLITS)) or ""
        row["signature"] = experiment.signature
        row["splits"] = splits[:8]  # of which clips, and which of them are judged
        row["version"] = experiment.version
        return row

    def table(self, experiments: Mapping[str, Snapshot]) -> pd.DataFrame:
        """Finished runs as a table, in the order of the grid."""
        done = [run.name for run in self.runs if run.name in experiments]
        return pd.DataFrame([self.row(name, experiments[name]) for name in done])

    def keep_start(self, sweep: str) -> str | None:
        """The tag that keeps the commit of its own that the runs start from; None: they start from the current one.

        Args:
            sweep: the name of the sweep, which becomes part of the tag's.
        """
        return None if self._own is None else self._history.keep(self._own, sweep)

    def at_hand(self) -> bool:
        """Whether the cache holds what the runs read, as dvc.lock in the workspace has it: they take it from there."""
        from dvc.repo import Repo

        with Repo(str(self.root)) as repo:
            outs = [out for out in repo.index.outs if out.use_cache and self._is_read(out.def_path)]
            return all(out.hash_info and not out.changed_cache() for out in outs)

    def data_read(self) -> list[str]:
        """The outputs in DVC's cache that the runs read."""
        return [out["path"] for out in self.shared_data() if self._is_read(out["path"])]

    @cached_property
    def outputs_made(self) -> list[str]:
        """What the stages of a run write, by their paths in dvc.yaml."""
        stages = self.start.pipeline["stages"]
        return [path for stage in self.stages for path in written_by(stages[stage])]

    def _is_read(self, output: str) -> bool:
        return any(path == output or path.startswith(f"{output}/") for path in self.inputs)

    def differences(self) -> list[Difference]:
        """The outputs of shared stages in which the start of the runs differs from the current commit."""
        from dvc.repo import Repo  # takes half a second to import

        with Repo(str(self.root)) as repo:
            cache = Path(repo.cache.local_cache_dir)
        return differences(self.head, self.start, self.before, cache)

    def not_over(self, done: int, *results: Path) -> str | None:
        """Why results of so many runs must not replace those in the current commit; None: they may.

        Args:
            results: files and folders of the study that would be written.
        """
        kept = [path.as_posix() for path in results if self.head.has(path.as_posix())]
        if done >= len(self.runs) or not kept:
            return None
        missing = f"{len(self.runs) - done} of {len(self.runs)} runs are not done"
        return f"{', '.join(kept)} stay as in the commit: {missing}"

    def changed_files(self, results: Collection[str]) -> list[str]:
        """Tracked files that differ from the current commit, but for what stages make.

        Args:
            results: beginnings of paths that are left out too.
        """
        stages = self.start.pipeline["stages"].values()
        made = {path for stage in stages for path in kept_by_git(stage)} | {"dvc.lock"}
        return self._history.changed(beside=[*results, *made])

    def shared_data(self) -> list[dict[str, Any]]:
        """The cached outputs that all runs share: stage, path, md5, size in bytes and nfiles of each."""
        found = []
        for stage in self.shared:
            for out in self.start.locked_outputs(stage):
                told = {key: out[key] for key in ("path", "md5", "size", "nfiles") if key in out}
                # DVC counts the files of folders alone
                found.append({"stage": stage, "nfiles": 1} | told)
        return found
