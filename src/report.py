"""The report of a grid as one page: python src/report.py [sweeps/stage6.yaml]

Reads metrics/<name>/runs.csv (python src/leaderboard.py writes it) and the predictions of the experiments, where they
are on this machine. Writes reports/<name>.html, which needs no other file, plots/<name>/, and the list of how often
each test clip is wrong, metrics/<name>/hardest.csv. A complete page of the same runs and code is left as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import stage

import pandas as pd

from chorus import reporting
from chorus.errors import DataError
from chorus.evaluation.bootstrap import METRICS
from chorus.experiments.leaderboard import aggregate, comparable, compare, rank
from chorus.experiments.predictions import PredictionStore
from chorus.experiments.study import TARGET, Grid, read_sweep
from chorus.files import read_csv, read_json, write_csv, write_text
from chorus.options import parse
from chorus.pictures import PictureOptions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, nargs="?", default=Path("sweeps/stage6.yaml"), help="a file in sweeps/")
    sweep = parser.parse_args().sweep
    tables, plots, path = stage.METRICS / sweep.stem, stage.PLOTS / sweep.stem, Path(f"reports/{sweep.stem}.html")
    if not (tables / "runs.csv").is_file():
        raise DataError(f"there is no {tables / 'runs.csv'}: python src/leaderboard.py {sweep}")
    grid = Grid(Path(), read_sweep(sweep), target=TARGET)
    for remark in grid.remarks(_versions(tables / "runs.csv")):
        print(remark)
    stamp = _made_from(grid, [tables / "runs.csv", sweep, *map(_metrics, ("subsets", "survey"))])
    if path.is_file() and f'content="{stamp}"' in path.read_text(encoding="utf-8"):
        print(f"{path} is of these very runs; to make it again, remove it")
        return
    if reason := grid.not_over(len(read_csv(tables / "runs.csv")), tables, plots, path):
        raise DataError(reason)
    runs = reporting.typed(read_csv(tables / "runs.csv"), [grid.rank_by])
    board = rank(aggregate(runs), grid.rank_by)
    pairs = comparable(runs, grid.comparisons)
    material = reporting.Material(
        name=sweep.stem,
        planned=len(grid.runs),
        runs=runs,
        board=board,
        comparisons=compare(runs, pairs),
        rank_by=grid.rank_by,
        figures=reporting.draw_all(runs, list(board["signature"]), grid.rank_by, plots),
        subsets=_read("subsets"),
        notes=_read("survey").get("notes", {}),
        data=grid.shared_data(),
        stamp=stamp,
        **_from_predictions(grid, runs, board, pairs, tables / "hardest.csv"),
    )
    write_text(path, reporting.page(material))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {len(runs)} runs")
    if material.hard_missing:
        print(f"without the sound of the hardest clips: {material.hard_missing}")


def _versions(table: Path) -> set[str]:
    return set(read_csv(table).get("version", ()))


def _made_from(grid: Grid, files: list[Path]) -> str:
    """A hash of what the page follows from: tables, shared data (the runs' own is in their version), and all code."""
    digest = hashlib.sha256(json.dumps(grid.shared_data(), sort_keys=True).encode())
    code = [path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".html", ".css")]
    for path in [*files, *sorted(code)]:
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()[:16]


def _metrics(name: str) -> Path:
    return stage.METRICS / f"{name}.json"


def _read(name: str) -> dict[str, Any]:
    """Metrics of the stages that all runs share; empty where they are not there."""
    path = _metrics(name)
    return dict(read_json(path)) if path.is_file() else {}


def _from_predictions(
    grid: Grid, runs: pd.DataFrame, board: pd.DataFrame, pairs: list[Any], hardest: Path
) -> dict[str, Any]:
    """What of the page needs the predictions of all runs; and why it is missing where they are not at hand."""
    split, _, metric = grid.rank_by.partition(".")
    chosen = partial(reporting.selection_sentence, runs, board, grid.rank_by, grid.axes, grid.judges)
    try:
        predictions = PredictionStore(Path()).together(grid.behind(runs))
    except DataError as error:
        return {"hard_missing": str(error), "selection": chosen(str(error))}
    shares = reporting.wrong_shares(predictions, f"test_{split}")
    write_csv(hardest, shares)
    shown = parse(PictureOptions, stage.params("pictures"), section="pictures")
    clips, missing = reporting.hard_clips(shares, stage.RAW, shown)
    return {
        "selection": chosen(predictions),
        "spectrograms": " · ".join(filter(None, [f"up to {shown.highest_hz / 1000:g} kHz", shown.note])),
        "hard_clips": clips,
        "hard_missing": missing,
        "wrong_counts": reporting.wrong_counts(shares),
        "verdicts": reporting.verdicts(
            predictions, runs, pairs, f"test_{split}", metric if metric in METRICS else "f1"
        ),
    }


if __name__ == "__main__":
    stage.run(main)
