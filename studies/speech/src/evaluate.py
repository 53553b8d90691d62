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
    REPORTS,
)
from speech import answers, calibration, pictures, psychometrics, results, tables

SAID = ("data/heard/base.parquet", "data/tuned/variants.parquet", "data/searched.parquet")


def main() -> None:
    options = parse(answers.EvaluateOptions, stage.params("evaluate"), section="evaluate")
    said = [pd.read_parquet(path) for path in SAID]
    given = answers.read_answers(pd.concat(said, ignore_index=True))
    fits, calibrated = psychometrics.fit(given, options), calibration.table(given, options)
    curves = psychometrics.curves(fits)
    detail = results.evaluate(given, fits, calibrated, options)
    table = results.paper_table(detail)
    searched = {"opro": read_json(METRICS / "opro.json").get("mean", {})}
    write_json(EVALUATION_METRICS, results.headline(detail, searched))
    write_json(EVALUATION_DETAIL, detail)
    write_csv(METRICS / "calibration.csv", calibrated)
    write_text(REPORTS / "table.md", tables.markdown(table))
    write_text(REPORTS / "table.tex", tables.latex(table))
    write_csv(REPORTS / "table.csv", table)
    write_csv(EVALUATION / "psychometric.csv", curves)
    pictures.draw_psychometric(given, curves, EVALUATION / "psychometric.png")
    pictures.draw_reliability(given, EVALUATION / "reliability.png")
    pictures.draw_calibration(
        calibrated, results.last_with_baseline_prompt(detail), EVALUATION / "calibration.png"
    )
    pictures.draw_forest(detail, EVALUATION / "forest.png")
    print(tables.markdown(table))


if __name__ == "__main__":
    stage.run(main)
