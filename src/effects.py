"""What does each factor of the training data do? Effects on matched runs, with intervals, and a forest plot.

python src/effects.py                                          our runs, metrics/stage6/runs.csv
python src/effects.py --runs data/reference/stage6_runs.csv    the 90 published runs
"""

import argparse
from pathlib import Path

import stage

from rich import box
from rich.console import Console
from rich.table import Table

from chorus import statistics
from chorus.errors import DataError
from chorus.experiments.study import TARGET, Grid, read_sweep
from chorus.files import read_csv, write_csv
from chorus.statistics.effects_table import COLUMNS, column_of, effects_table, family_effects
from chorus.statistics.forest import draw_forest

OUR_RUNS = stage.METRICS / "stage6" / "runs.csv"
PUBLISHED_RUNS, PUBLISHED = Path("data/reference/stage6_runs.csv"), Path("docs/published_stage6")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=OUR_RUNS, help="one row a run (default: %(default)s)")
    parser.add_argument("--metric", nargs="+", choices=COLUMNS, help="show these only, and write nothing")
    parser.add_argument(
        "--out", type=Path, help="folder (default: beside the runs of a grid; other tables are shown only)"
    )
    arguments = parser.parse_args()
    if not arguments.runs.is_file():
        raise DataError(f"there is no {arguments.runs}: run the sweep and the leaderboard first")
    runs = read_csv(arguments.runs)
    tables, pictures = (arguments.out, arguments.out) if arguments.out else kept_in(arguments.runs)
    grid = None if arguments.out else grid_of(arguments.runs)
    reason = grid.not_over(len(runs), arguments.runs.parent) if grid else None
    if arguments.metric or reason:
        tables = pictures = None
    effects = {metric: family_effects(runs, metric) for metric in arguments.metric or COLUMNS}
    for metric, families in effects.items():
        column = column_of(runs, metric)
        spread = statistics.run_spread(runs, column)
        show(column, families, spread, statistics.judge_best(runs, column), seeds=runs["seed"].nunique())
        heading = f"Effects of the training data on {column}: {len(runs)} runs, {runs['seed'].nunique()} seeds"
        if pictures:
            draw_forest(list(families.items()), pictures / f"effects_{metric}.png", heading, f"difference in {column}")
    if tables:
        write_csv(tables / "effects.csv", effects_table(effects))
    if reason and not arguments.metric:
        print(reason)
    for remark in grid.remarks(set(runs.get("version", ()))) if grid else ():
        print(remark)


def kept_in(runs: Path) -> tuple[Path | None, Path | None]:
    """Where the effects of a table of runs and their pictures are kept; None for a table from elsewhere."""
    if runs.resolve() == PUBLISHED_RUNS.resolve():
        return PUBLISHED, PUBLISHED
    if runs.name == "runs.csv" and runs.resolve().parent.parent == stage.METRICS.resolve():
        return runs.parent, stage.PLOTS / runs.resolve().parent.name
    return None, None


def grid_of(runs: Path) -> Grid | None:
    """The grid whose table of runs this is; None: it is of none."""
    sweep = Path("sweeps") / f"{runs.resolve().parent.name}.yaml"
    if kept_in(runs)[0] != runs.parent or not sweep.is_file():
        return None
    return Grid(Path(), read_sweep(sweep), target=TARGET)


def show(
    column: str, families: dict[str, list[statistics.Effect]], spread: float, best: statistics.Best, seeds: int
) -> None:
    """The tables of one metric, and what the seeds can find at all."""
    console = Console()
    for title, family in families.items():
        table = Table(title=f"{column}: {title}", box=box.SIMPLE_HEAD, title_justify="left", padding=(0, 1, 0, 0))
        table.add_column("contrast", overflow="fold", min_width=20)
        for heading in ("mean", "95 % interval", "p", "Holm p", "run p", "holds"):
            table.add_column(heading, justify="right", no_wrap=True)
        for e in family:
            interval, holds = f"{e.low:+.3f} to {e.high:+.3f}", "yes" if e.holds else "no"
            p_values = [f"{p:.3f}" for p in (e.p, e.p_holm, e.run_p)]
            table.add_row(e.name, f"{e.difference:+.3f}", interval, *p_values, holds)
        console.print(table)
    detectable = {n: statistics.minimal_detectable_difference(spread, n) for n in (seeds, 5, 10, 20)}
    words = ", ".join(f"{n} seeds {value:.3f}" for n, value in sorted(detectable.items()))
    least = statistics.smallest_sign_flip_p(seeds)
    console.print(
        f"run p: by the noise of single runs; an effect holds if Holm p and run p are below 0.05.\n"
        f"Two configurations are told apart in 80 % of cases if they truly differ by: {words}"
        f" (SD of the difference of two runs: {spread:.3f}). Without a normal distribution, by flipping signs,"
        f" {seeds} seeds never give a p below {least:g}.\n"
        f"Best of {best.others + 1} configurations: {best.mean:.3f} ({', '.join(best.levels)}), told apart from"
        f" {best.behind} of the others. Runs dealt at random within their seeds give a best of {best.shuffled:.3f}"
        f" (median), and one as good with p = {best.p:.4f}.\n",
        highlight=False,
    )


if __name__ == "__main__":
    stage.run(main)
