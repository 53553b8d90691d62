"""What the study says of its configurations: known figures, calibration that decides nothing, a table."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chorus.metrics import brier, ece
from chorus.metrics.temperature import nll, probability
from speech import calibration, psychometrics, results, tables
from speech.answers import Answers, EvaluateOptions, best_threshold, read_answers, summary

GIVEN = EvaluateOptions(resamples=40)
SKILL = {"base": 0.3, "base_opro": 1.5, "lora": 1.8, "lora_mlp": 2.0}


def predictions(sources: int = 24) -> pd.DataFrame:
    """Margins that grow with duration and skill; far surer than they should be."""
    rng = np.random.default_rng(1)
    rows = []
    for split in ("test", "holdout"):
        for source in range(sources):
            label = "SPEECH" if source % 2 else "NONSPEECH"
            for level in (20.0, 80.0, 200.0, 1000.0):
                about = {"dimension": "duration", "condition": f"dur_{level:g}ms", "level": level}
                about |= {"clip_id": f"{split}{source}", "source": f"{split}{source}"}
                rows.append({"split": split, "label": label, **about})
    variants = pd.DataFrame(rows)
    sign = np.where(variants["label"] == "SPEECH", 1.0, -1.0)
    found = []
    for name, skill in SKILL.items():
        for seed in (0,) if name == "base" else (42, 123):
            honest = sign * skill * np.log10(variants["level"] / 15) + rng.normal(
                0, 1, len(variants)
            )
            found.append(variants.assign(configuration=name, seed=seed, margin=12 * honest))
    return pd.concat(found, ignore_index=True)


@pytest.fixture(scope="module")
def answers() -> dict[str, Answers]:
    return read_answers(predictions())


@pytest.fixture(scope="module")
def fits(answers):
    return psychometrics.fit(answers, GIVEN)


@pytest.fixture(scope="module")
def calibrated(answers):
    return calibration.table(answers, GIVEN)


@pytest.fixture(scope="module")
def detail(answers, fits, calibrated):
    return results.evaluate(answers, fits, calibrated, GIVEN)


def test_figures_are_means_over_seeds_of_the_test_alone(answers, detail):
    table = predictions()
    own = table[(table["configuration"] == "lora") & (table["split"] == "test")]
    right = (own["margin"] >= 0) == (own["label"] == "SPEECH")
    by_seed = right.groupby([own["seed"], own["label"]]).mean().groupby(level=0).mean()
    assert detail["lora"]["balanced_accuracy"] == pytest.approx(by_seed.mean())
    assert detail["lora"]["sd_over_seeds"] == pytest.approx(by_seed.std())
    assert set(answers["lora"].rows["split"]) == {"test"}


def test_temperatures_come_from_the_holdout_and_change_no_decision(answers, detail):
    changed = predictions()
    test = changed["split"] == "test"
    changed.loc[test, "margin"] *= -1
    again = read_answers(changed)
    for name, each in answers.items():
        assert again[name].temperatures == each.temperatures
        calibration = detail[name]["calibration"]
        assert calibration["temperature"] > 1.2
        assert calibration["after"]["nll"] < calibration["before"]["nll"]


def test_comparisons_are_adjusted_and_the_naive_p_stands_beside(detail):
    compared = [one["against_baseline"] for one in detail.values() if "against_baseline" in one]
    assert len(compared) == 3 and "against_baseline" not in detail["base"]
    assert all(one["p_holm"] >= one["p"] for one in compared)
    smallest = min(compared, key=lambda one: one["p"])
    assert smallest["p_holm"] == pytest.approx(min(1, 3 * smallest["p"]))
    assert detail["lora_mlp"]["against_baseline"]["difference"] > 0.1


def test_thresholds_are_in_ms_and_say_where_they_lie_outside_of_what_was_tried(detail):
    found = detail["lora_mlp"]["thresholds"]
    assert set(found) == {
        f"DT{target} {way}" for target in (50, 75, 90) for way in ("interpolated", "logistic")
    }
    assert found["DT50 interpolated"].startswith("below 20 ms")
    level = float(found["DT75 interpolated"].split()[0])
    assert 20 < level < 200


def test_fitted_curves_are_in_ms_and_rise_through_what_was_measured(fits, answers):
    curve = psychometrics.curves(fits)
    own = curve[curve["configuration"] == "lora_mlp"]
    assert set(own["dimension"]) == {"duration"}  # there are no ratios in this table
    assert own["level"].iloc[0] == pytest.approx(20) and own["level"].iloc[-1] == pytest.approx(
        1000
    )
    assert own["fitted"].is_monotonic_increasing
    assert (own["low"] <= own["fitted"] + 1e-9).all() and (
        own["fitted"] <= own["high"] + 1e-9
    ).all()
    measured = results._by(answers["lora_mlp"], "condition")
    fitted = np.interp(200, own["level"], own["fitted"])
    assert fitted == pytest.approx(measured["dur_200ms"], abs=0.12)


def test_the_threshold_of_the_decision_is_chosen_on_the_holdout_and_never_on_the_test(detail):
    """Speech is said too readily by all: a threshold that the holdout chooses mends the test, too."""
    shifted = predictions()
    shifted["margin"] += 25
    before = read_answers(shifted)
    again = results.evaluate(
        before, psychometrics.fit(before, GIVEN), calibration.table(before, GIVEN), GIVEN
    )
    decision = again["lora_mlp"]["decision"]
    against = again["lora_mlp"]["against_baseline"]
    both = [again[name]["decision"]["balanced_accuracy"] for name in ("lora_mlp", "base")]
    assert against["difference_at_thresholds"] == pytest.approx(both[0] - both[1])
    assert decision["gain"] > 0.05 and decision["gain_interval_over_sources"][0] > 0
    assert decision["argmax"] == pytest.approx(again["lora_mlp"]["balanced_accuracy"])
    assert 12 < decision["margin"] < 38
    test = shifted["split"] == "test"
    shifted.loc[test, "margin"] *= -1
    for name, each in read_answers(shifted).items():
        assert each.thresholds == before[name].thresholds
    # Where nothing is to be mended, the argmax is about as good.
    assert abs(detail["lora_mlp"]["decision"]["gain"]) < 0.05


@given(st.lists(st.tuples(st.booleans(), st.integers(-9, 9)), min_size=2, max_size=30))
def test_no_threshold_is_better_than_the_chosen_one(rows):
    speech, margins = np.array([each for each, _ in rows]), np.array([each for _, each in rows])
    assume(speech.any() and not speech.all())

    def balanced(threshold: float) -> float:
        said = margins >= threshold
        return (said[speech].mean() + (~said[~speech]).mean()) / 2

    chosen = best_threshold(speech, margins)
    assert balanced(chosen) >= max(balanced(each) for each in np.arange(-9.5, 10)) - 1e-9
    assert balanced(chosen) > balanced(0) or chosen == 0


def test_calibration_of_each_condition_is_that_of_the_metrics_with_intervals(answers, calibrated):
    own = calibrated[calibrated["configuration"] == "base"]  # one seed
    assert list(dict.fromkeys(own["condition"]))[:2] == ["all", "dur_20ms"]
    each = answers["base"]
    for row in own.to_dict("records"):
        part = each
        if row["condition"] != "all":
            part = each.take((each.rows["condition"] == row["condition"]).to_numpy())
        for when, used in (("before", 1.0), ("after", each.temperatures[0])):
            p = probability(part.margins[0], used)
            golden = {
                "ece": ece(part.speech, p),
                "brier": brier(part.speech, p),
                "nll": nll(part.speech, part.margins[0], used),
            }
            assert row[when] == pytest.approx(golden[row["metric"]])
            assert row[f"{when}_low"] < row[f"{when}_high"]
        assert row["difference"] == pytest.approx(row["after"] - row["before"])
    whole = calibrated[(calibrated["condition"] == "all") & (calibrated["metric"] == "nll")]
    assert (whole["difference_high"] < 0).all()


def test_the_papers_table_in_three_forms(detail):
    table = results.paper_table(detail)
    assert list(table["Fine-tuning"]) == ["no", "no", "LoRA", "LoRA + MLP"]
    assert table["p (Holm)"].iloc[0] == "–" and "±" in table["Balanced accuracy"].iloc[3]
    assert "±" not in table["Balanced accuracy"].iloc[0]
    written = tables.markdown(table).splitlines()
    assert len(written) == 2 + 4 and all(line.count("|") == 12 for line in written)
    tex = tables.latex(table)
    assert tex.count(r"\\") == 5 and "±" not in tex and r"\%" in tex
    text = table.to_csv(index=False)
    assert len(list(csv.DictReader(io.StringIO(text)))) == 4


def test_the_headline_is_of_the_last_configuration_with_the_baseline_prompt(detail):
    found = results.headline(detail, {"opro": {"gain_held_out": 0.1}})
    assert found["test"]["balanced_accuracy"] == detail["lora_mlp"]["balanced_accuracy"]
    assert found["test"]["balanced_accuracy_at_threshold"] > 0.7
    assert found["opro"]["gain_held_out"] == 0.1


def test_the_figure_that_a_grid_ranks_is_the_mean_over_all_that_were_tuned(detail):
    table = predictions()
    tuned = table[table["configuration"].isin(["lora", "lora_mlp"])]
    found = summary(read_answers(tuned))
    both = [detail[name]["balanced_accuracy"] for name in ("lora", "lora_mlp")]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(both))
    assert set(found) == {"balanced_accuracy", "recall_speech", "recall_nonspeech", "ece"}
