"""What the study says of its configurations: known figures, calibration that decides nothing, a table."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from speech import results, tables
from speech.results import EvaluateOptions

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
def answers() -> dict[str, results.Answers]:
    return results.read_answers(predictions())


@pytest.fixture(scope="module")
def detail(answers):
    return results.judge(answers, GIVEN)


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
    again = results.read_answers(changed)
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


def test_a_threshold_in_words():
    levels = np.array([20.0, 1000.0])
    assert (
        results.in_words([87.3, -np.inf, np.inf], levels, "ms")
        == "87.3 ms (below 20 to above 1000)"
    )


def test_the_papers_table_in_three_forms(detail):
    table = results.paper_table(detail)
    assert list(table["Fine-tuning"]) == ["no", "no", "LoRA", "LoRA + MLP"]
    assert table["p (Holm)"].iloc[0] == "–" and "±" in table["Balanced accuracy"].iloc[3]
    assert "±" not in table["Balanced accuracy"].iloc[0]
    written = tables.markdown(table).splitlines()
    assert len(written) == 2 + 4 and all(line.count("|") == 11 for line in written)
    tex = tables.latex(table)
    assert tex.count(r"\\") == 5 and "±" not in tex and r"\%" in tex
    text = table.to_csv(index=False)
    assert len(list(csv.DictReader(io.StringIO(text)))) == 4


def test_the_headline_is_of_the_last_configuration_with_the_baseline_prompt(detail):
    found = results.headline(detail, {"opro": {"gain_held_out": 0.1}})
    assert found["test"]["balanced_accuracy"] == detail["lora_mlp"]["balanced_accuracy"]
    assert found["opro"]["gain_held_out"] == 0.1
