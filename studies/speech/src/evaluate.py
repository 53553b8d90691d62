"""Stage evaluate: how good, how sure, how calibrated; the paper's table, psychometric curves and a forest plot."""

import stage

import pandas as pd

from chorus.files import read_json, write_csv, write_json, write_text
from chorus.options import parse
from chorus.paths import (
    EVALUATION,
    EVALUATION_DETAIL,
    EVALUATION_METRICS,
    METRICS,
    PREDICTIONS,
    REPORTS,
)
from speech import pictures, results, tables


def main() -> None:
    options = parse(results.EvaluateOptions, stage.params("evaluate"), section="evaluate")
    answers = results.read_answers(pd.read_parquet(PREDICTIONS))
    detail = results.judge(answers, options)
    table = results.paper_table(detail)
    searched = {"opro": read_json(METRICS / "opro.json")["mean"]}
    write_json(EVALUATION_METRICS, results.headline(detail, searched))
    write_json(EVALUATION_DETAIL, detail)
    write_text(REPORTS / "table.md", tables.markdown(table))
    write_text(REPORTS / "table.tex", tables.latex(table))
    write_csv(REPORTS / "table.csv", table)
    pictures.draw_psychometric(answers, EVALUATION / "psychometric.png")
    pictures.draw_reliability(answers, EVALUATION / "reliability.png")
    pictures.draw_forest(detail, EVALUATION / "forest.png")
    print(tables.markdown(table))


if __name__ == "__main__":
    stage.run(main)
