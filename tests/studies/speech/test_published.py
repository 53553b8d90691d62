"""The published answers and tables, to the digits that were printed, by our functions and our command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from chorus import answers
from chorus.commands import main
from chorus.metrics.multiclass import balanced_accuracy, wilson
from chorus.statistics import cohens_g, mcnemar_chi2
from chorus.statistics.clusters import compare_clusters
from chorus.statistics.paired import effect_in_words, mcnemar_exact

REFERENCE = Path(__file__).parents[3] / "studies/speech/reference"
PREDICTIONS = REFERENCE / "qwen3_predictions.csv.gz"
PAIRED = REFERENCE / "base_lora_paired.csv"
PUBLISHED = json.loads((REFERENCE / "qwen3_metrics.json").read_text())


@pytest.fixture(scope="module")
def qwen3():
    return answers.read_answers(PREDICTIONS)


def test_balanced_accuracy_over_clips_and_the_recalls_of_21340_answers(qwen3):
    right = (qwen3["answer"] == qwen3["truth"]).to_numpy()
    assert len(qwen3) == PUBLISHED["n_samples"] and qwen3["clip"].nunique() == 970
    predicted, truth = (qwen3[column] == "SPEECH" for column in ("answer", "truth"))
    figure = balanced_accuracy(predicted.astype(int), truth.astype(int))
    assert figure == pytest.approx(0.9108716026241799, abs=1e-15)
    found = answers.recalls(qwen3["truth"], right)
    assert found["SPEECH"].share == pytest.approx(PUBLISHED["speech_acc"], abs=1e-15)
    assert found["NONSPEECH"].share == pytest.approx(PUBLISHED["nonspeech_acc"], abs=1e-15)


def test_all_22_conditions_and_the_4_dimensions(qwen3):
    by_condition = answers.by_group(qwen3, ["variant", "condition"])
    assert len(by_condition) == 22
    for (_, condition), value in by_condition.items():
        assert value == pytest.approx(PUBLISHED["condition_metrics"][condition]["ba"], abs=1e-12)
    dimensions = by_condition.groupby(level=0).mean()
    for name, published in PUBLISHED["dimension_metrics"].items():
        assert dimensions[name] == pytest.approx(published["ba"], abs=1e-12)


def test_balanced_accuracy_over_conditions_is_the_mean_of_4_dimension_means_and_another_figure(
    qwen3,
):
    by_condition = answers.by_group(qwen3, ["variant", "condition"])
    of_dimensions = by_condition.groupby(level=0).mean().mean()
    assert of_dimensions == pytest.approx(PUBLISHED["ba_conditions"], abs=1e-12)
    assert by_condition.mean() == pytest.approx(PUBLISHED["ba_clip"], abs=1e-12)
    assert of_dimensions - by_condition.mean() > 0.019


def counted() -> dict[str, dict[str, str]]:
    with (REFERENCE / "error_counts.csv").open() as file:
        return {row["config"]: row for row in csv.DictReader(file)}


def test_recalls_and_wilson_intervals_of_the_five_configurations():
    table = counted()
    for row in table.values():
        tp, tn, fp, fn = (int(row[name]) for name in ("TP", "TN", "FP", "FN"))
        assert tp / (tp + fn) == pytest.approx(float(row["Recall_Speech"]), abs=6e-5)
        assert tn / (tn + fp) == pytest.approx(float(row["Recall_NonSpeech"]), abs=6e-5)
    # Printed as 0.3137 to 0.3315; the upper end is 0.33142, also in statsmodels.
    assert wilson(3441, 3441 + 7229) == pytest.approx((0.3137, 0.3315), abs=1e-4)
    assert [round(end, 4) for end in wilson(10230, 10230 + 440)] == [0.9548, 0.9624]


def test_one_published_row_lacks_25_answers_and_nobody_noticed():
    sums = {
        name: sum(int(row[column]) for column in ("TP", "TN", "FP", "FN"))
        for name, row in counted().items()
    }
    assert {name for name, total in sums.items() if total != 21_340} == {"lora_opro_open"}
    assert 21_340 - sums["lora_opro_open"] == 25


def test_base_and_lora_of_24_clips_p_0_441_if_rows_were_independent_which_they_are_not():
    base = answers.read_answers(PAIRED, answer="base_prediction")
    lora = answers.read_answers(PAIRED, answer="lora_prediction")
    both = answers.pair_answers(base, lora, ["clip", "duration_ms", "snr_db"])
    found = compare_clusters(
        both["truth"], both["right_a"].to_numpy(bool), both["right_b"].to_numpy(bool), both["clip"]
    )
    assert (found.rows, found.clusters, found.only_a, found.only_b) == (1152, 24, 115, 128)
    assert (round(found.a.value, 4), round(found.b.value, 4)) == (0.7326, 0.7439)
    assert mcnemar_exact(115, 128) == pytest.approx(0.441, abs=5e-4)
    assert found.p > 0.8
    assert not found.difference.reliable


def test_the_documents_own_example_has_an_uncorrected_chi_square_and_a_g_of_one_third():
    """26 / 1 / 5 / 0: the document gives 2.667 (p 0.1025), and an "effect size g" of 0.8165 that is no g."""
    assert mcnemar_chi2(1, 5) == pytest.approx((2.667, 0.1025), abs=5e-4)
    assert mcnemar_chi2(1, 5, correction=True) == pytest.approx((1.5, 0.2207), abs=5e-5)
    assert mcnemar_exact(1, 5) == pytest.approx(0.219, abs=5e-4)
    assert cohens_g(1, 5) == pytest.approx(1 / 3)
    assert effect_in_words(cohens_g(1, 5)) == "large"


def test_the_command_prints_the_published_digits(capsys):
    main(["compare", "--predictions", str(PREDICTIONS), "--group-by", "variant,condition"])
    said = capsys.readouterr().out
    assert "0.9109" in said and "0.9301" in said and "970 clusters" in said
    pair = [f"{PAIRED}:lora_prediction", f"{PAIRED}:base_prediction"]
    by = ["--cluster", "clip", "--pair-by", "clip,duration_ms,snr_db"]
    main(["compare", "--predictions", *pair, *by])
    said = capsys.readouterr().out
    for digits in ("0.7439", "0.7326", "128", "115", "0.4415", "24 clusters", "likely too narrow"):
        assert digits in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([f"{PAIRED}:base_prediction"] * 2, "two answers to"),
        ([str(PAIRED)], "no column prediction"),
        ([f"{PAIRED}:base_prediction", "--cluster", "night"], "night"),
        ([f"{PAIRED}:base_prediction"] * 3, "one table to judge, or two"),
    ],
)
def test_tables_that_cannot_be_used_are_one_sentence(arguments, said):
    with pytest.raises(SystemExit, match=said):
        main(["compare", "--predictions", *arguments])


def test_an_answer_that_is_no_class_is_an_error_and_not_a_wrong_answer(tmp_path):
    """The original counted "speech" as NONSPEECH."""
    path = tmp_path / "answers.csv"
    path.write_text("clip,truth,prediction\n1,SPEECH,speech\n2,NONSPEECH,NONSPEECH\n")
    with pytest.raises(SystemExit, match="'speech'"):
        main(["compare", "--predictions", str(path)])
