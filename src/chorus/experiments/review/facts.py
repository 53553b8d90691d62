"""What differs between two revisions, gathered with DVC: metrics, parameters, data, stages, plots, and tables of clips.

Code is compared by git, as DVC has no word for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygit2
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.scm import RevError, resolve_rev
from dvc.utils.diff import diff, format_dict

from chorus.errors import DataError
from chorus.experiments.lock_check import edited_results, place_of, stale_stages
from chorus.experiments.preflight import refuse_lacking
from chorus.experiments.review.gain import Gain, paired_gains
from chorus.experiments.review.membership import Change, clip_sets, compare_sets
from chorus.experiments.review.noise import Noise, noise_among
from chorus.experiments.review.revision import SPLITS, SUBSETS, TRAINING, Revision, Tables
from chorus.paths import RESULTS, SPLITS_AUDIT
from chorus.sharing.patience import limit_waiting

WORKSPACE = "workspace"
AUDIT = str(SPLITS_AUDIT)
_SHORT = 9  # digits of a commit's id
Pair = tuple[Any, Any]  # before, after


@dataclass(frozen=True)
class Facts:
    """Two revisions side by side; every pair is (before, after).

    base, head: what to call them. commits: which they are, in short; "" for the workspace.
    base_moved: the base branch has gone on since the head left it.
    params: key -> pair, of those that differ. metrics: file -> name -> pair, all.
    data: outputs kept by DVC whose hash in dvc.lock differs.
    code: files kept by git that differ, results and parameters aside.
    stages: that ran with other inputs, in the order of the pipeline.
    changes: sets of clips; missing: path -> why it could not be read, so that its sets are not in `changes`.
    audit: the leakage audit. noise: of the seeds; None: unknown.
    gains: of the test splits, on the same clips.
    edited, stale: see `chorus.experiments.lock_check`.
    plots: what `dvc plots diff` gives, by revision.
    """

    base: str
    head: str
    commits: tuple[str, str]
    base_moved: bool
    params: dict[str, Pair]
    metrics: dict[str, dict[str, Pair]]
    data: list[str]
    code: list[str]
    stages: list[str]
    changes: list[Change]
    missing: dict[str, str]
    audit: Pair
    noise: Noise | None
    edited: tuple[list[str], list[str]]
    stale: tuple[list[str], list[str]]
    plots: tuple[dict[str, Any], dict[str, Any]] = field(repr=False)
    templates: str = ""
    gains: list[Gain] = field(default_factory=list)

    def metric(self, name: str) -> Pair:
        """A metric by its name, from whichever file has it."""
        for values in self.metrics.values():
            if name in values:
                return values[name]
        return None, None


def read(root: Path, base: str, head: str) -> Facts:
    """Compare two revisions of the repository in `root`.

    Args:
        base: a branch, tag, commit or experiment. What counts is where the head left it, as in a pull request: what
            has happened on the base since is no part of the change.
        head: the same, or WORKSPACE.

    Raises:
        DataError: there is no such revision, or DVC cannot read one of them.
    """
    limit_waiting()
    try:
        with Repo(str(root)) as repo:
            return _read(repo, _Places.of(repo, root), base, head)
    except RevError as error:
        raise DataError(
            f"{error}: give a branch, a tag, a commit or an experiment; or fetch it first"
        ) from error
    except DvcException as error:
        raise DataError(" ".join(str(error).split())) from error


@dataclass(frozen=True)
class _Places:
    """Where things lie: git, DVC and a study may each begin at another folder.

    study_in_git, dvc_in_git, study_in_dvc: the one's folder from the other's.
    """

    study_in_git: Path
    dvc_in_git: Path
    study_in_dvc: Path

    @classmethod
    def of(cls, repo: Repo, study: Path) -> _Places:
        here, dvc, git = (
            Path(path).resolve() for path in (study, repo.root_dir, repo.scm.root_dir)
        )
        return cls(here.relative_to(git), dvc.relative_to(git), here.relative_to(dvc))

    def told(self, results: set[str]) -> set[str]:
        """What the review tells of in other places, and results, tables of grids too, by their paths in git.

        Args:
            results: by their paths in DVC's repository.
        """
        own = {self.study_in_git / path for path in ("params.yaml", "dvc.lock", *RESULTS)}
        return {path.as_posix() for path in own | {self.dvc_in_git / path for path in results}}


def _read(repo: Repo, places: _Places, base: str, head: str) -> Facts:
    git = pygit2.Repository(repo.scm.root_dir)
    tip = resolve_rev(repo.scm, base)
    own = resolve_rev(repo.scm, "HEAD" if head == WORKSPACE else head)
    for revision in (tip, own):
        refuse_lacking(git, revision)
    # compared is with where the head left the base, as in a pull request; histories without a common commit as they are
    fork = git.merge_base(tip, own)
    start = tip if fork is None else str(fork)
    refuse_lacking(git, start)
    commit = None if head == WORKSPACE else own
    end = commit or WORKSPACE
    before, after = Revision(repo.root_dir, start), Revision(repo.root_dir, commit)
    # before `_compared`, which takes over what could not be read so far: predictions too
    gains = paired_gains(before.predictions(), after.predictions(), (base, head))
    changes, missing = _compared(before.tables(), after.tables())
    old, new = _seen(repo, start), _seen(repo, end)
    own_params = (places.study_in_dvc / "params.yaml").as_posix()
    return Facts(
        base=base,
        head=head,
        commits=(start[:_SHORT], (commit or "")[:_SHORT]),
        base_moved=start != tip,
        params=_flat(_pairs(old.params, new.params), own_params),
        metrics=_pairs(old.metrics, new.metrics, unchanged=True),
        data=_other(old.lock.data, new.lock.data),
        code=_code(git, start, commit, places.told(old.lock.results | new.lock.results)),
        stages=_other(old.lock.stages, new.lock.stages),
        changes=changes,
        missing=missing,
        audit=(_audit(before), _audit(after)),
        noise=noise_among(after.grids(), new.lock.splits),
        edited=(old.edited, new.edited),
        stale=(old.stale, new.stale),
        plots=(old.plots, new.plots),
        templates=str(repo.plots.templates_dir),
        gains=gains,
    )


def _other(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What is new, or has another value than before."""
    return [name for name in new if new[name] != old.get(name)]


@contextmanager
def _at(repo: Repo, revision: str) -> Iterator[None]:
    if revision == WORKSPACE:
        yield
        return
    with repo.switch(revision):
        yield


def _audit(revision: Revision) -> Any:
    return (revision.json(AUDIT) or {}).get("leakage_audit")


def _compared(before: Tables, after: Tables) -> tuple[list[Change], dict[str, str]]:
    """The sets that both revisions can show: what cannot be read has not changed into nothing."""
    missing = {**before.missing, **after.missing}
    lost = tuple(missing)
    sets = []
    for tables in (before, after):
        subsets = {}
        for name, table in tables.subsets.items():
            if not _is_lost(f"{SUBSETS}/{name}.csv", lost):
                subsets[name] = table
        splits = None if SPLITS in missing else tables.splits
        training = None if TRAINING in missing else tables.training
        sets.append(clip_sets(splits, subsets, training))
    return compare_sets(*sets), missing


def _is_lost(path: str, lost: tuple[str, ...]) -> bool:
    return any(path == other or path.startswith(f"{other}/") for other in lost)


@dataclass(frozen=True)
class _Lock:
    """What dvc.lock says of a revision, data or no data.

    stages: what each ran with. data: hashes of the outputs that DVC keeps.
    results: files that git keeps, by their paths in DVC's repository.
    splits: the hash of the table of splits; None: there is none.
    """

    stages: dict[str, dict[str, Any]]
    data: dict[str, Any]
    results: set[str]
    splits: str | None


def _lock(repo: Repo) -> _Lock:
    stages: dict[str, dict[str, Any]] = {}
    data: dict[str, Any] = {}
    results, splits = set(), None
    for stage in repo.index.stages:
        if not hasattr(stage, "name"):  # a file of `dvc add`, which no stage makes
            continue
        stages[stage.name] = {dep.def_path: dep.hash_info for dep in stage.deps}
        for out in stage.outs:
            if out.use_cache:
                data[out.def_path] = out.hash_info
            else:
                results.add(place_of(out))
            if out.def_path == SPLITS:
                splits = out.hash_info
    return _Lock(stages, data, results, splits.value if splits else None)


@dataclass(frozen=True)
class _Seen:
    """What can only be asked of one revision at a time, with DVC switched to it. edited, stale: see `Facts`.

    params, metrics: by file, what `dvc params show` and `dvc metrics show` give. plots: what `dvc plots show` gives.
    """

    lock: _Lock
    edited: list[str]
    stale: list[str]
    params: dict[str, Any]
    metrics: dict[str, Any]
    plots: dict[str, Any]


def _seen(repo: Repo, revision: str) -> _Seen:
    """All of a revision in one switch: each has DVC parse dvc.yaml and dvc.lock anew, its diffs the workspace's too."""
    with _at(repo, revision):
        return _Seen(
            _lock(repo),
            edited_results(repo),
            stale_stages(repo),
            _shown(repo.params.show()),
            _shown(repo.metrics.show()),
            repo.plots.show(revs=[revision]).get(revision, {}),  # last, as it switches by itself
        )


def _shown(answer: dict[str, Any]) -> dict[str, Any]:
    """What DVC shows of the revision that it is switched to, which it does not name."""
    return dict(answer[""].get("data", {}))


def _code(git: pygit2.Repository, start: str, end: str | None, aside: set[str]) -> list[str]:
    """Files that differ and are not `aside`, nor in a folder of it."""
    difference = git.diff(start, end) if end else git.diff(start)
    paths: set[str] = set()
    for delta in difference.deltas:  # a file that was moved counts by both its names
        paths |= {delta.old_file.path, delta.new_file.path}
    within = tuple(f"{folder}/" for folder in aside)
    return sorted(path for path in paths - aside if not path.startswith(within))


def _flat(files: dict[str, dict[str, Pair]], own: str) -> dict[str, Pair]:
    """By key; the file is named where it is not the study's `own` params.yaml."""
    flat = {}
    for file, values in files.items():
        before = "" if file == own else f"{file}:"
        for key, pair in values.items():
            flat[before + key] = pair
    return flat


def _pairs(
    old: dict[str, Any], new: dict[str, Any], *, unchanged: bool = False
) -> dict[str, dict[str, Pair]]:
    """By file and name, as DVC compares. What is in one revision only lacks the other's side."""
    pairs: dict[str, dict[str, Pair]] = {}
    for file, values in diff(format_dict(old), format_dict(new), with_unchanged=unchanged).items():
        pairs[file] = {}
        for name, value in values.items():
            pairs[file][name] = (value.get("old"), value.get("new"))
    return pairs
