"""What does each factor do? Effects on matched runs with intervals, block by block, and what cannot be told apart.

chorus effects --table data/reference/published_runs.yaml --metric f1
chorus effects --runs mine.csv --factors quality,balance --metrics f1,auprc --seed seed

Each level of each factor is compared with its reference, in runs that agree in all else and in the
seed; the seed is the unit. Holm p: adjusted over the contrasts of its block. Holm all: over those
of all blocks. Run p: by the noise of single runs, as though they were independent. An effect holds
if Holm p and run p are below 0.05.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from chorus.commands.arguments import add_metric, add_table_arguments, blocks_of, metric_of, read_table
from chorus.commands.show import between, number, say, show
from chorus.files import write_csv
from chorus.runs.contrasts import between_blocks
from chorus.runs.effects import BlockEffects, effects_by_block, effects_frame
from chorus.runs.figure import draw_blocks

HEADS = ("contrast", "pairs", "seeds", "mean", "95 % interval", "p", "Holm p", "Holm all", "run p", "holds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_table_arguments(parser)
    add_metric(parser)
    parser.add_argument("--summary", action="store_true", help="say how many hold, and which, without the tables")
    parser.add_argument("--figure", type=Path, metavar="PNG", help="draw all blocks in one picture")
    parser.add_argument("--csv", type=Path, metavar="CSV", help="write all effects as a table")


def run(arguments: argparse.Namespace) -> None:
    """Estimate, print, and draw what is asked for."""
    runs = read_table(arguments)
    metric = metric_of(arguments, runs)
    shown = blocks_of(arguments, runs)
    found = effects_by_block(runs, metric)
    if not arguments.summary:
        for block in found:
            if block.block in shown and block.effects:
                _show(block)
        _show_not_estimated([block for block in found if block.block in shown])
        for factor in between_blocks(runs):
            say(f"{factor.factor}: {factor.reason}.")
    _summary(found, metric)
    if arguments.csv:
        write_csv(arguments.csv, effects_frame(found))
    if arguments.figure:
        contrasts = sum(len(block.effects) for block in found)
        heading = f"What each choice did to {metric}: {contrasts} contrasts in {len(runs.frame)} runs"
        draw_blocks(found, arguments.figure, heading, f"difference in {metric}", runs.labels)


def _show(block: BlockEffects) -> None:
    repeats = f", {block.repeats} of them repeats" if block.repeats else ""
    unknown = f", {block.unknown} left out (no figure)" if block.unknown else ""
    title = f"{block.block}, {block.metric}: {block.runs} runs{repeats}{unknown}"
    title += f", {block.configurations} configurations, {block.seeds} seeds"
    rows = []
    for effect, everywhere in zip(block.effects, block.p_holm_all, strict=True):
        p_values = [number(p) for p in (effect.p, effect.p_holm, everywhere, effect.run_p)]
        counts = [str(effect.pairs), str(len(effect.per_seed))]
        interval = between(effect.low, effect.high, sign=True)
        holds = "yes" if effect.holds else "no"
        rows.append([effect.name, *counts, number(effect.difference, sign=True), interval, *p_values, holds])
    show(title, HEADS, rows)


def _show_not_estimated(blocks: list[BlockEffects]) -> None:
    rows = []
    for block in blocks:
        rows += [[block.block, f"{named.factor} {named.level}".strip(), named.reason] for named in block.not_estimated]
    if rows:
        show("Not estimated", ("block", "factor", "why"), rows, left=3)


def _summary(found: list[BlockEffects], metric: str) -> None:
    pairs = [
        (block.block, effect, everywhere, runs_too)
        for block in found
        for effect, everywhere, runs_too in zip(block.effects, block.hold(), block.runs_hold(), strict=True)
    ]
    inside = [f"{block} {effect.name}" for block, effect, _, _ in pairs if effect.holds]
    over_all = [f"{block} {effect.name}" for block, effect, everywhere, _ in pairs if everywhere]
    by_runs = [f"{block} {effect.name}" for block, effect, _, runs_too in pairs if runs_too]
    blocks = Counter(block for block, *_ in pairs)
    say(f"{metric}: {len(pairs)} contrasts in {len(blocks)} blocks.")
    say(f"Hold within their block (Holm over its contrasts): {len(inside)}. {'; '.join(inside)}".rstrip(" "))
    say(f"Hold among all contrasts (Holm over all blocks): {len(over_all)}. {'; '.join(over_all)}".rstrip(" "))
    say(
        "Were every run a witness of its own, as it is where seeds do nothing (run p, Holm over all blocks): "
        f"{len(by_runs)}. {'; '.join(by_runs)}".rstrip(" ")
    )
