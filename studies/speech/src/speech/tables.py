"""A table in the three forms that people paste: Markdown, LaTeX, CSV."""

from __future__ import annotations

import pandas as pd

_LATEX = {"%": r"\%", "±": r"$\pm$", "–": "--", "<": "$<$", "&": r"\&", "_": r"\_"}


def markdown(table: pd.DataFrame) -> str:
    """As GitHub shows it."""
    lines = [_row(table.columns), _row(["---"] * len(table.columns))]
    lines += map(_row, table.itertuples(index=False))
    return "\n".join(lines) + "\n"


def latex(table: pd.DataFrame) -> str:
    """As a tabular of booktabs."""
    lines = [rf"\begin{{tabular}}{{{'l' * len(table.columns)}}}", r"\toprule"]
    lines += [_tex(table.columns), r"\midrule"]
    lines += map(_tex, table.itertuples(index=False))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _row(cells: object) -> str:
    # A star in a p-value would start emphasis.
    return "| " + " | ".join(str(cell).replace("*", r"\*") for cell in cells) + " |"  # type: ignore[attr-defined]


def _tex(cells: object) -> str:
    written = []
    for cell in cells:  # type: ignore[attr-defined]
        text = str(cell)
        for plain, escaped in _LATEX.items():
            text = text.replace(plain, escaped)
        written.append(text)
    return " & ".join(written) + r" \\"
