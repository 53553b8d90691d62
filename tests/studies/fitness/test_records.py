"""Records as people send them, and the built-in set."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from chorus.errors import DataError
from fitness import demo, records

ROOT = Path(__file__).parents[3]
METRICS = json.loads((ROOT / "studies/fitness/demo/metric_names.json").read_text(encoding="utf-8"))
GOOD = {
    "metric_name": "fairness",
    "user_prompt": "Who may vote?",
    "response": "All.",
    "system_prompt": None,
    "score": "9",
}


def read(*items, scored=True, **options):
    return records.read(
        items, scored=scored, **({"max_characters": 12_000, "metrics": METRICS} | options)
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"score": None}, "score is missing"),
        ({"score": " "}, "score is missing"),
        ({"score": "N/A"}, "score: 'N/A' is no number"),
        ({"score": math.nan}, "score: 'nan' is no number"),
        ({"score": "nan"}, "score: 'nan' is no number"),
        ({"score": True}, "score: 'True' is no number"),
        ({"score": [9]}, "score: '[9]' is no number"),
        ({"score": "1_0"}, "score: '1_0' is no number"),
        ({"score": "9,5"}, "score: '9,5' is no number"),
        ({"score": {"value": 9}}, "score: \"{'value': 9}\" is no number"),
        ({"score": math.inf}, "score: inf is not from 0 to 10"),
        ({"score": "11"}, "score: 11 is not from 0 to 10"),
        ({"score": -0.5}, "score: -0.5 is not from 0 to 10"),
        ({"score": "1e999"}, "score: 1e999 is not from 0 to 10"),
        ({"metric_name": None}, "metric_name is missing or no text"),
        ({"metric_name": "honesty"}, "metric_name: 'honesty' is none of the 145 known metrics"),
        ({"user_prompt": "", "response": None}, "neither a prompt nor a response"),
        ({"user_prompt": 7, "response": ["x"]}, "neither a prompt nor a response"),
    ],
)
def test_what_cannot_be_used_is_named(change, reason):
    found = read(GOOD, GOOD | {"user_prompt": "Other"} | change)
    assert found.kept["id"].tolist() == [1]
    assert found.rejected.to_dict("records") == [{"id": 2, "reason": reason}]


@pytest.mark.parametrize("item", [None, 3, "text", [GOOD]])
def test_an_item_that_is_no_object_is_rejected(item):
    assert read(item, GOOD).rejected["reason"].tolist() == ["no JSON object"]


def test_scores_are_text_or_numbers_and_nine_and_a_half_stays_so():
    scores = ["9.5", 9, 0, "10", " 7 ", 8.0]
    found = read(
        *(GOOD | {"score": score, "response": f"{number}"} for number, score in enumerate(scores))
    )
    assert found.kept["score"].tolist() == [9.5, 9, 0, 10, 7, 8]


def test_a_repeated_record_is_kept_once_and_another_judgement_of_it_stays():
    found = read(GOOD, GOOD, GOOD | {"score": "3"})
    assert found.kept["score"].tolist() == [9, 3]
    assert found.rejected["reason"].tolist() == ["repeats record 1"]


def test_the_test_set_needs_no_scores_and_repeats_are_kept():
    item = {key: value for key, value in GOOD.items() if key != "score"}
    found = read(item, item, scored=False)
    assert found.kept["id"].tolist() == [1, 2] and found.kept["score"].isna().all()


def test_one_text_of_the_fields_whatever_they_are_called():
    item = {
        "metric_name": "fairness",
        "prompt": " Who\tmay \n vote? ",
        "expected_response": "All.",
        "score": 9,
    }
    full = read(item | {"system_prompt": "Be brief."}).texts["text"].tolist()
    assert full == ["Be brief.\nWho may vote?\nAll."]
    assert read(item).texts["text_id"].tolist() == read(GOOD).texts["text_id"].tolist()


def test_long_and_broken_texts_are_mended_and_noted():
    item = json.loads(
        '{"metric_name": "fairness", "user_prompt": "a\\ud800b\\u0000c", "response": "x", "score": "9"}'
    )
    found = read(item, GOOD | {"response": "y" * 20_000})
    assert found.kept["note"].tolist() == ["broken characters", "cut"]
    assert found.texts["text"].str.len().max() == 12_000
    assert "a\ufffdb c\nx" in found.texts["text"].tolist()
    found.texts["text"].str.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Who?", "English"),
        ("मतदान कौन", "Hindi"),
        ("யார்", "Tamil"),
        ("কে", "Bengali"),
        ("123", "other"),
        ("кто", "other"),
    ],
)
def test_the_language_is_told_by_the_script(text, language):
    assert records.language(text) == language


def test_files_that_break_off_keep_what_comes_before():
    whole = json.dumps([GOOD, GOOD | {"score": "8"}, GOOD | {"score": "7"}])
    assert len(records.load(whole.encode())) == 3
    assert len(records.load(("\ufeff" + whole).encode())) == 3
    found = read(*records.load(whole[:-20].encode()))
    assert found.kept["score"].tolist() == [9, 8]
    assert "breaks off or is damaged from character" in found.rejected["reason"].iloc[0]
    lines = "\n".join(json.dumps(GOOD | {"score": score}) for score in (1, 2))
    assert len(records.load(lines.encode())) == 2


@pytest.mark.parametrize(
    "content",
    [
        [GOOD],
        {"data": [GOOD], "version": 3},
        {"7": GOOD},
        GOOD,
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_records_are_found_wherever_people_put_them(content, encoding):
    data = json.dumps(content, ensure_ascii=False).encode(encoding)
    assert records.load(data) == [GOOD]


def test_a_damaged_line_costs_that_line():
    lines = [json.dumps(GOOD | {"score": score}) for score in (1, 2, 3, 4)]
    lines[1] = lines[1][:-9]
    found = read(*records.load("\r\n".join(lines).encode()))
    assert found.kept["score"].tolist() == [1, 3, 4]
    assert found.rejected.to_dict("records") == [
        {"id": 2, "reason": "the file is damaged in record 2"}
    ]


def test_a_number_of_too_many_digits_costs_the_rest_of_a_list_and_is_named():
    data = json.dumps([GOOD, GOOD | {"score": 5}]).replace(" 5", "5" * 5000)
    found = read(*records.load(data.encode()))
    assert found.kept["id"].tolist() == [1]
    assert "breaks off or is damaged from character" in found.rejected["reason"].iloc[0]


def test_a_prompt_that_is_no_text_is_noted():
    assert read(GOOD | {"user_prompt": ["Who?"]}).kept["note"].tolist() == [
        "user_prompt is no text"
    ]


@pytest.mark.parametrize("names", [{}, [], ["a", 3], ["a", ""], ["a "], ["a", "a"], "a"])
def test_names_of_metrics_that_are_none_are_refused(names):
    with pytest.raises(DataError, match=r"metric_names\.json: "):
        records.metric_names(names)


def test_bytes_that_are_no_utf8_are_marked():
    data = json.dumps([GOOD], ensure_ascii=False).encode().replace(b"All.", b"All\xff.")
    assert read(*records.load(data)).kept["note"].tolist() == ["broken characters"]


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"3", b'{"a": [], "b": []}', b"nothing", b"[" * 100_000]
)
def test_a_file_without_records_is_refused(data):
    with pytest.raises(DataError, match="holds no list of records"):
        records.load(data)


def test_too_many_rejected_records_stop_the_stage():
    found = read(GOOD, *(GOOD | {"score": "N/A"} for _ in range(2)))
    records.refuse_too_many(found, 0.7)
    with pytest.raises(DataError, match=r"2 of 3 records cannot be used.*no number"):
        records.refuse_too_many(found, 0.5)


@pytest.fixture(scope="module")
def sets():
    return demo.make(METRICS, 1)


def test_the_demo_has_the_true_counts_of_scores_and_a_flatter_test_set(sets):
    training, hidden = sets
    assert Counter(training.scores) == demo.TRAINING and sum(demo.TRAINING.values()) == 5000
    assert np.mean(training.scores) == pytest.approx(9.1195) and np.std(
        training.scores
    ) == pytest.approx(0.9424, abs=1e-4)
    assert [float(item["score"]) for item in training.records] == training.scores
    assert len(hidden.records) == 3638 and not any("score" in item for item in hidden.records)
    assert np.std(hidden.scores) > 3


def test_the_demo_is_the_same_again_and_all_of_it_can_be_used(sets):
    training, hidden = sets
    assert demo.draw(METRICS, {0: 5, 9: 20}, "train", 1) == demo.draw(
        METRICS, {0: 5, 9: 20}, "train", 1
    )
    assert (
        len(read(*training.records).kept) == 5000
        and len(read(*hidden.records, scored=False).kept) == 3638
    )
    shares = read(*training.records).kept["language"].value_counts(normalize=True)
    assert shares["English"] == pytest.approx(0.5, abs=0.03) and shares["Tamil"] == pytest.approx(
        0.2, abs=0.03
    )


def test_every_family_of_metrics_has_a_theme():
    from fitness.themes import THEMES

    assert {family for theme in THEMES for family in theme.families} == {
        records.family(name) for name in METRICS
    }
