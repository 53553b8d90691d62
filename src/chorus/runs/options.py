"""What the columns of a table of runs mean: a small YAML beside the table, or said on the command line."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from chorus.errors import ParameterError
from chorus.files import read_yaml
from chorus.options import options, parse

TEXT_OF_NONE = "none"


@options
class TableOptions:
    """A table of runs, as somebody else wrote it.

    runs: the CSV, relative to the YAML; one row a run.
    run, seed: columns with the name and the seed of a run.
    factors: our name of a factor -> its column. All that runs differ in, beside the seed, has to be
        here: runs that agree in every factor count as one configuration.
    metrics: our name of a metric -> its column.
    block: the column in which runs of one sweep ("stage") agree; "" where there is one sweep only.
    block_pattern: where the block is a part of that column, a regular expression whose first group
        is the block.
    names: a level as the table has it -> as it is shown; two spellings of one level get one name.
    missing: factor -> the level that an empty cell stands for (else "missing").
    references: factor -> the level that others are compared with (else the most frequent one of a
        block).
    after_training: factors that act on a trained model only, such as a setting of inference.
    idle: factor -> "other=level": where another factor has this level, the factor does nothing,
        whatever it says.
    labels: block -> a few words on it, for figures.
    """

    runs: str
    run: str = ""
    seed: str = "seed"
    factors: dict[str, str]
    metrics: dict[str, str]
    block: str = ""
    block_pattern: str = ""
    names: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    after_training: tuple[str, ...] = ()
    idle: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


def read_options(path: Path) -> TableOptions:
    """The options in a YAML file.

    Raises:
        ParameterError: it cannot be read, or a key is unknown, missing, or of another kind.
    """
    given = parse(TableOptions, read_yaml(path), section=path.name)
    check_options(given, path.name)
    return given


def check_options(given: TableOptions, section: str) -> None:
    """Refuse what speaks of factors that there are not.

    Args:
        section: where the options came from, for errors.

    Raises:
        ParameterError: names the first of them; or there are no factors or no metrics.
    """
    for key in ("factors", "metrics"):
        if not getattr(given, key):
            raise ParameterError(f"{section}.{key}: none is not allowed: name at least one column")
    known = ", ".join(given.factors)
    for key in ("missing", "references", "after_training", "idle"):
        for factor in getattr(given, key):
            if factor not in given.factors:
                raise ParameterError(f"{section}.{key}: {factor!r} is not allowed: one of {known}")
    for factor, where in given.idle.items():
        other, sign, _ = where.partition("=")
        if not sign or other not in given.factors or other == factor:
            raise ParameterError(
                f"{section}.idle.{factor}: {where!r} is not allowed: OTHER=LEVEL, with one of {known}"
            )
