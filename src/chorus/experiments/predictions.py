"""The predictions that experiments left in DVC's cache, read without checking anything out.

An experiment's dvc.lock names the hash of its predictions, and cache and remote keep the file under that hash: ninety
of them are read in a second, where opening each through DVC takes half a minute.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from chorus.errors import DataError
from chorus.experiments.outputs import from_remote
from chorus.experiments.snapshot import Snapshot
from chorus.experiments.study import Grid
from chorus.paths import EVALUATION_DETAIL, PREDICTIONS
from chorus.sharing.patience import limit_waiting


class PredictionStore:
    """The cache, and behind it the remote, of the study in a folder.

    Raises:
        DataError: the folder is in no DVC repository.
    """

    def __init__(self, root: Path) -> None:
        from dvc.exceptions import NotDvcRepoError
        from dvc.repo import Repo

        # what the cache lacks is asked of the remote, which may not answer
        limit_waiting()
        try:
            self._repo = Repo(str(root))
        except NotDvcRepoError:
            raise DataError(
                f"{root} is in no DVC repository: predictions are kept by DVC"
            ) from None

    def read(self, experiment: Snapshot) -> pd.DataFrame:
        """What a run predicted, one row a clip; see `chorus.evaluation.predictions`.

        Raises:
            DataError: the predictions are neither in the cache nor to be had from the remote, or are damaged.
        """
        md5 = experiment.output_hash(str(PREDICTIONS))
        if md5 is None:
            raise DataError(
                f"the dvc.lock of {experiment.name} knows no {PREDICTIONS}: run the experiment again"
            )
        file = Path(self._repo.cache.local.oid_to_path(md5))
        try:
            if not file.is_file():
                return self._from_remote(md5, experiment.name)
            return pd.read_parquet(file)
        except pa.ArrowInvalid:
            raise DataError(
                f"the predictions of {experiment.name} are damaged in the cache: {_advice(md5)}"
            ) from None

    def configuration(self, done: Mapping[str, Snapshot], run: str) -> pd.DataFrame:
        """The predictions of a run and of those that differ from it in the seed only, with columns seed and threshold.

        Args:
            done: the finished runs of a grid, by name.

        Raises:
            DataError: it is not among them, or see `read`.
        """
        if run not in done:
            raise DataError(f"{run} is not done with the current code and data: run the grid first")
        of_run = done[run].signature
        same = {name: each for name, each in done.items() if each.signature == of_run}
        return self.together(same)

    def together(self, experiments: Mapping[str, Snapshot]) -> pd.DataFrame:
        """The predictions of several runs, by rising seed, with columns run, seed and threshold (the headline's).

        Raises:
            DataError: see `read`.
        """
        # by seed and name, whatever the order in which the runs came to their end
        tables = []
        for name in sorted(experiments, key=lambda name: (int(experiments[name].seed), name)):
            experiment = experiments[name]
            seed, threshold = int(experiment.seed), _threshold(experiment)
            tables.append(self.read(experiment).assign(run=name, seed=seed, threshold=threshold))
        return pd.concat(tables, ignore_index=True)

    def _from_remote(self, md5: str, name: str) -> pd.DataFrame:
        content = from_remote(self._repo, md5)
        if content is None:
            raise DataError(
                f"the predictions of {name} are not on this machine, nor in a remote that can be reached:"
                f" dvc exp pull <git remote> {name}, or dvc pull"
            )
        return pd.read_parquet(io.BytesIO(content))


def predicted(grid: Grid, runs: pd.DataFrame) -> pd.DataFrame | str:
    """What all runs of a table predicted, as `PredictionStore.together`; or why that is not at hand.

    Args:
        runs: see `Grid.behind`.
    """
    try:
        return PredictionStore(grid.root).together(grid.behind(runs))
    except DataError as error:
        return str(error)


def _threshold(experiment: Snapshot) -> float:
    """The headline's.

    Raises:
        DataError: this is no detector, and has none.
    """
    detail = experiment.json(str(EVALUATION_DETAIL)) or {}
    if "thresholds" not in detail:
        raise DataError(
            f"{experiment.name} is no detector: its {EVALUATION_DETAIL} has no thresholds"
        )
    return float(detail["thresholds"]["headline"])


def _advice(md5: str) -> str:
    return f"delete files/md5/{md5[:2]}/{md5[2:]} there and pull or run it again"
