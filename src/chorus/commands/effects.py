"""What does each factor do? Effects on matched runs with intervals, and what cannot be told apart.

chorus effects stage6
chorus effects --table data/reference/published_runs.yaml --metric f1
chorus effects --runs mine.csv --factors quality,balance --metrics f1,auprc --seed seed
chorus effects stage6 --runs data/reference/stage6_runs.csv --metrics ood.best_f1.f1,ood.auprc

Of a sweep: the contrasts that its file declares, from metrics/<name>/runs.csv (chorus leaderboard
writes it); effects.csv goes beside it, and a forest plot for each metric into plots/<name>/. --runs
asks the same of another table of runs.

Of a table of runs: each level of each factor is compared with its reference, block by block, in
runs that agree in all else and in the seed; the seed is the unit. Holm p: adjusted over the
contrasts of its block. Holm all: over those of all blocks. Run p: by the noise of single runs, as
though they were independent. An effect holds if Holm p and run p are below 0.05.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chorus.commands import here
from chorus.commands.arguments import (
    OF_COLUMNS,
    add_metric,
    add_sweep_or_table,
    blocks_of,
    metric_of,
    read_table,
    refuse_for_a_sweep,
    refuse_for_a_table,
)
from chorus.commands.show import between, number, say, show
from chorus.errors import DataError, ParameterError
from chorus.files import read_csv, read_yaml, write_csv
from chorus.paths import sweep_plots, sweep_tables
from chorus.runs.block_effects import BlockEffects, effects_by_block, effects_frame
from chorus.runs.contrasts import between_blocks
from chorus.runs.factors import short_names
from chorus.runs.figure import draw_blocks

if TYPE_CHECKING:
    import pandas as pd

    from chorus.experiments.plan import Plan
    from chorus.experiments.study import Grid
    from chorus.statistics import Effect

HEADS = (
    "contrast",
    "pairs",
    "seeds",
    "mean",
    "95 % interval",
    "p",
    "Holm p",
    "Holm all",
    "run p",
    "holds",
)
SWEEP_HEADS = ("contrast", "mean", "95 % interval", "p", "Holm p", "run p", "holds")
_HOLDS = {True: "yes", False: "no"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_sweep_or_table(parser)
    add_metric(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="of a sweep: write tables and pictures there"
    )
    of_table = parser.add_argument_group("of a table")
    of_table.add_argument(
        "--summary", action="store_true", help="say how many hold, and which, without the tables"
    )
    of_table.add_argument(
        "--figure", type=Path, metavar="PNG", help="draw all blocks in one picture"
    )
    of_table.add_argument("--csv", type=Path, metavar="CSV", help="write all effects as a table")


def run(arguments: argparse.Namespace) -> None:
    """Estimate, print, and draw what is asked for."""
    if arguments.sweep:
        refuse_for_a_sweep(arguments, "summary", "figure", "csv", "only", "table", *OF_COLUMNS)
        _of_sweep(arguments)
    else:
        refuse_for_a_table(arguments, "out")
        _of_table(arguments)


def _of_sweep(arguments: argparse.Namespace) -> None:
    from chorus.experiments.grid_effects import effects
    from chorus.experiments.grid_tables import with_numbers

    file = here.sweep_file(arguments.sweep)
    folder, plots, grid, plan = _kept(arguments, file)
    table = arguments.runs or folder / "runs.csv"
    if not table.is_file():
        raise DataError(f"there is no {table}: run the sweep and the leaderboard first")
    runs = with_numbers(read_csv(table), plan.names)
    metrics = _metrics(arguments, plan)
    found = effects(runs, metrics, plan.factors, plan.families)
    remarks = list(found.remarks)
    reason: str | None = None
    if grid:
        reason = grid.not_over(len(runs), folder)
    # The tables of a sweep are those of all its metrics and all runs: of others they are shown, and not kept.
    others = arguments.metric or (arguments.metrics and not arguments.out)
    writes = (arguments.out or grid) and not (others or reason)
    for metric, families in found.by_metric.items():
        _show_families(metric, families)
        _show_luck(runs, metric, plan.names)
        if writes:
            _draw(runs, metric, families, plots / f"effects_{short_names(metrics)[metric]}.png")
    if writes:
        write_csv(folder / "effects.csv", found.table())
    if reason and not others:
        remarks.append(reason)
    if grid:
        remarks += grid.remarks(set(runs.get("version", ())))
    for remark in remarks:
        say(remark)


def _kept(arguments: argparse.Namespace, file: Path) -> tuple[Path, Path, Grid | None, Plan]:
    """The folders of tables and of pictures, and the grid; None where they are another table's than the grid's."""
    from chorus.experiments.grid import load_plan

    if arguments.out or arguments.runs:
        folder = arguments.out or Path()
        return folder, folder, None, load_plan(read_yaml(file), here.params())
    grid = here.open_grid(file)
    return sweep_tables(file.stem), sweep_plots(file.stem), grid, grid.plan


def _metrics(arguments: argparse.Namespace, plan: Plan) -> list[str]:
    """The metrics that are asked for, by their whole names or their last parts.

    Raises:
        ParameterError: an unknown one.
    """
    judged = list(arguments.metrics or plan.metrics)
    if not arguments.metric:
        return judged
    # A whole name before a short one: the last part of one metric may be the name of another.
    if arguments.metric in judged:
        return [arguments.metric]
    for metric, short_name in short_names(judged).items():
        if arguments.metric == short_name:
            return [metric]
    raise ParameterError(
        f"--metric: {arguments.metric!r} is not allowed: one of {', '.join(judged)}"
    )


def _draw(
    runs: pd.DataFrame, metric: str, families: Mapping[str, Sequence[Effect]], path: Path
) -> None:
    from chorus.statistics.forest import draw_forest

    heading = f"Effects on {metric}: {len(runs)} runs, {runs['seed'].nunique()} seeds"
    draw_forest(list(families.items()), path, heading, f"difference in {metric}")


def _show_families(metric: str, families: Mapping[str, Sequence[Effect]]) -> None:
    for title, family in families.items():
        rows = []
        for effect in family:
            p_values = map(number, (effect.p, effect.p_holm, effect.run_p))
            rows.append([effect.name, *_difference(effect), *p_values, _HOLDS[effect.holds]])
        show(f"{metric}: {title}", SWEEP_HEADS, rows)


def _difference(effect: Effect) -> tuple[str, str]:
    """The mean difference, and its interval."""
    interval = between(effect.low, effect.high, sign=True)
    return number(effect.difference, sign=True), interval


def _show_luck(runs: pd.DataFrame, metric: str, factors: Sequence[str]) -> None:
    """What the seeds can find at all, and what luck alone would make of the best."""
    from chorus import statistics
    from chorus.metrics.direction import lower_is_better

    seeds = runs["seed"].nunique()
    spread = statistics.run_spread(runs, metric, factors=factors)
    # without the metric's direction the worst of an error would be praised
    best = statistics.judge_best(
        runs, metric, factors=factors, lowest_is_best=lower_is_better(metric)
    )
    detectable = []
    for n in sorted({seeds, 5, 10, 20}):
        difference = statistics.minimal_detectable_difference(spread, n)
        detectable.append(f"{n} seeds {difference:.3f}")
    least = statistics.smallest_sign_flip_p(seeds)
    say(
        f"run p: by the noise of single runs; an effect holds if Holm p and run p are below 0.05.\n"
        f"Two configurations are told apart in 80 % of cases if they truly differ by: {', '.join(detectable)}"
        f" (SD of the difference of two runs: {spread:.3f}). Without a normal distribution, by flipping signs,"
        f" {seeds} seeds never give a p below {least:g}.\n"
        f"Best of {best.others + 1} configurations: {best.mean:.3f} ({', '.join(best.levels)}), told apart from"
        f" {best.behind} of the others. Runs dealt at random within their seeds give a best of {best.shuffled:.3f}"
        f" (median), and one as good with p = {best.p:.4f}.\n"
    )


def _of_table(arguments: argparse.Namespace) -> None:
    runs = read_table(arguments)
    metric = metric_of(arguments, runs)
    shown = blocks_of(arguments, runs)
    # Of all blocks, whichever are shown: how many contrasts were looked at does not depend on what is printed.
    found = effects_by_block(runs, metric)
    if not arguments.summary:
        shown_blocks = [block for block in found if block.block in shown]
        for block in shown_blocks:
            if block.effects:
                _show(block)
        _show_not_estimated(shown_blocks)
        for factor in between_blocks(runs):
            say(f"{factor.factor}: {factor.reason}.")
    _summary(found, metric)
    if arguments.csv:
        write_csv(arguments.csv, effects_frame(found))
    if arguments.figure:
        contrasts = sum(len(block.effects) for block in found)
        heading = (
            f"What each choice did to {metric}: {contrasts} contrasts in {len(runs.frame)} runs"
        )
        draw_blocks(found, arguments.figure, heading, f"difference in {metric}", runs.labels)


def _show(block: BlockEffects) -> None:
    counted = [f"{block.runs} runs"]
    if block.repeats:
        counted.append(f"{block.repeats} of them repeats")
    if block.unknown:
        counted.append(f"{block.unknown} left out (no figure)")
    counted += [f"{block.configurations} configurations", f"{block.seeds} seeds"]
    rows = []
    for effect, everywhere in zip(block.effects, block.p_holm_all, strict=True):
        p_values = map(number, (effect.p, effect.p_holm, everywhere, effect.run_p))
        counts = [str(effect.pairs), str(len(effect.per_seed))]
        rows.append([effect.name, *counts, *_difference(effect), *p_values, _HOLDS[effect.holds]])
    show(f"{block.block}, {block.metric}: {', '.join(counted)}", HEADS, rows)


def _show_not_estimated(blocks: list[BlockEffects]) -> None:
    rows = []
    for block in blocks:
        for named in block.not_estimated:
            what = f"{named.factor} {named.level}".strip()
            rows.append([block.block, what, named.reason])
    if rows:
        show("Not estimated", ("block", "factor", "why"), rows, left=3)


def _summary(found: list[BlockEffects], metric: str) -> None:
    inside: list[str] = []
    over_all: list[str] = []
    by_runs: list[str] = []
    contrasts = blocks = 0
    for block in found:
        contrasts += len(block.effects)
        blocks += bool(block.effects)
        verdicts = zip(block.effects, block.hold(), block.runs_hold(), strict=True)
        for effect, holds_everywhere, runs_hold in verdicts:
            name = f"{block.block} {effect.name}"
            if effect.holds:
                inside.append(name)
            if holds_everywhere:
                over_all.append(name)
            if runs_hold:
                by_runs.append(name)
    say(f"{metric}: {contrasts} contrasts in {blocks} blocks.")
    _say_which("Hold within their block (Holm over its contrasts)", inside)
    _say_which("Hold among all contrasts (Holm over all blocks)", over_all)
    # In published grids the seed often does nothing: then pairs of seeds are few, and runs are what was drawn.
    _say_which(
        "Were every run a witness of its own, as it is where seeds do nothing (run p, Holm over all blocks)",
        by_runs,
    )


def _say_which(what: str, names: Sequence[str]) -> None:
    say(f"{what}: {len(names)}. {'; '.join(names)}".rstrip(" "))
