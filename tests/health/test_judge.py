"""One run from its tables to its verdict, and the command that tells it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import prepared
import pytest

from chorus import detector
from chorus.embeddings import Embeddings
from chorus.errors import DataError, ParameterError
from chorus.evaluation import EvaluateOptions, evaluate
from chorus.files import write_json
from chorus.health.details import lead
from chorus.health.judge import judge
from chorus.health.measures import with_differences
from chorus.health.options import HealthOptions
from chorus.health.words import verdict_in_words
from chorus.options import parse
from chorus.reports.health import page
from chorus.tasks import DETECTION, Classification
from chorus.training import HeadOptions
from folder import CHORUS, Folder
from predicted import predicted

ROOT = Path(__file__).parents[2]
CALM = pd.DataFrame(
    {
        "epoch": range(1, 13),
        "train_loss": np.linspace(0.6, 0.2, 12),
        "train_loss_std": 0.03,
        "train_accuracy": np.linspace(0.8, 0.99, 12),
        "grad_norm": 0.4,
        "grad_norm_std": 0.12,
        "validation_loss": [0.5, 0.4, 0.3, 0.31, 0.3, 0.31, 0.3, 0.31, 0.3, 0.31, 0.3, 0.31],
        "validation_accuracy": 0.9,
        "validation_balanced_accuracy": 0.9,
        "validation_macro_f1": 0.9,
        "validation_entropy": 0.3,
        "validation_group_consistency": 0.4,
    }
)
MODEL = {
    **DETECTION.description(),
    "options": {"gradient_clip": None},
    "training": {
        "best_epoch": 5,
        "stopped": "patience",
        "early_stopping": {"on": "internal", "clips": 80},
    },
}


def _judge(history=CALM, model=MODEL, predictions=None, evaluation=None, **options):
    predictions = predicted() if predictions is None else predictions
    clips = predictions.assign(
        group=predictions["night"], seconds="3.000", recording=predictions["night"]
    )
    return judge(
        history,
        model,
        predictions,
        clips[["clip_id", "label"]],
        clips,
        HealthOptions(**options),
        evaluation,
    )


def _evaluated(baseline_of):
    """The evaluation of `predicted()` beside a regression whose scores are made from its own."""
    table = predicted()
    baseline = pd.Series(baseline_of(table).to_numpy(), index=table["clip_id"])
    options = EvaluateOptions(resamples=200)
    return evaluate(
        table, threshold=0.5, baseline_scores={"logistic_regression": baseline}, options=options
    ).detail


ADVANTAGE = {"auprc": -0.05, "low": -0.2, "high": 0.04, "nights": 24, "reliable": True}


def _names(health) -> set[str]:
    return {finding.name for finding in health.diagnosis.findings}


def test_a_calm_training_is_healthy():
    assert _judge().headline == {
        "verdict": "healthy",
        "findings": "none",
        "troubles": 0,
        "watches": 0,
    }


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"train_loss": np.linspace(9, 5, 12)}, "learning_rate_too_high"),
        (
            {
                "validation_loss": np.linspace(0.692, 0.66, 12),
                "validation_entropy": 0.69,
                "grad_norm": 1.5,
            },
            "learning_rate_too_low",
        ),
        ({"train_accuracy": 0.65, "validation_accuracy": 0.65}, "too_little_capacity"),
        (
            {
                "grad_norm_std": [0.12] * 6 + [0.8] + [0.12] * 5,
                "train_loss": np.linspace(0.6, 0.4, 12),
            },
            "unstable_gradients",
        ),
        (
            {
                "validation_accuracy": 0.6,
                "validation_balanced_accuracy": 0.6,
                "validation_macro_f1": 0.6,
                "validation_loss": 0.7,
            },
            "mislabelled",
        ),
        ({"grad_norm": 0.001, "grad_norm_std": 0.0001}, "saturated"),
    ],
)
def test_the_calibrated_rules_name_what_the_curves_show(changes, finding):
    assert _names(_judge(CALM.assign(**changes))) == {finding}


def test_a_regression_that_is_better_beyond_what_other_nights_would_change_is_trouble():
    health = _judge(
        evaluation=_evaluated(lambda table: table["score"] / 2 + (table["label"] == "positive") / 2)
    )
    assert _names(health) == {"baseline_better"} and health.headline["verdict"] == "trouble"
    (finding,) = health.diagnosis.findings
    assert "lower end of its 95 % interval over nights" in finding.evidence[1]


def test_a_regression_that_is_as_good_or_worse_is_no_finding():
    assert (
        _judge(evaluation=_evaluated(lambda table: table["score"])).headline["findings"] == "none"
    )
    worse = _judge(
        evaluation=_evaluated(lambda table: (table["score"] + np.arange(len(table)) % 7) / 8)
    )
    assert worse.headline["findings"] == "none" and worse.signals["baseline.lead"] < -0.1


def test_a_lead_that_other_nights_might_take_back_is_to_be_watched():
    detail = {
        "splits": {"validation": {"baselines": {"logistic_regression": {"advantage": ADVANTAGE}}}}
    }
    health = _judge(evaluation=detail)
    assert (_names(health), health.headline["verdict"]) == ({"baseline_better"}, "watch")


@pytest.mark.parametrize("worse", ["validation", "test_ood"])
def test_the_regression_may_be_better_on_validation_or_on_the_ood_test(worse):
    calm, ahead = ADVANTAGE | {"auprc": 0.1, "high": 0.2}, ADVANTAGE | {"auprc": -0.2, "high": -0.1}
    splits = {
        split: {
            "baselines": {"logistic_regression": {"advantage": ahead if split == worse else calm}}
        }
        for split in ("validation", "test_ood")
    }
    health = _judge(evaluation={"splits": splits | {"test_iid": None}})
    assert (_names(health), health.headline["verdict"]) == ({"baseline_better"}, "trouble")
    assert (health.signals["baseline.lead"], health.signals["baseline.lead_low"]) == (0.2, 0.1)


def test_the_lead_of_one_split_is_not_held_beside_the_interval_of_another():
    far_but_unsure = ADVANTAGE | {"auprc": -0.2, "high": 0.05}
    near_and_sure = ADVANTAGE | {"auprc": -0.02, "high": -0.01}
    splits = {
        "validation": {"baselines": {"logistic_regression": {"advantage": near_and_sure}}},
        "test_ood": {"baselines": {"logistic_regression": {"advantage": far_but_unsure}}},
    }
    signals = _judge(evaluation={"splits": splits}).signals
    assert (signals["baseline.lead"], signals["baseline.lead_low"]) == (0.2, -0.05)


def test_a_first_epoch_that_no_other_one_betters_is_to_be_watched():
    model = {**MODEL, "training": {**MODEL["training"], "best_epoch": 1}}
    assert _judge(model=model).headline["verdict"] == "watch"
    assert _names(_judge(model=model)) == {"first_epoch_best"}
    assert "first_epoch_best" not in _names(
        _judge(CALM.head(3), model=model)
    )  # three epochs are no search


def _few(positives: int, nights: int):
    """Validation with so many positives, in so many nights."""
    table = predicted()
    positive = (table["split"] == "validation") & (table["label"] == "positive")
    kept = np.flatnonzero(positive)[:positives]
    table.loc[kept, "night"] = [f"night {number % nights}" for number in range(len(kept))]
    return table[~positive | table.index.isin(kept)]


@pytest.mark.parametrize("profile", ["guide", "calibrated"])
@pytest.mark.parametrize(
    ("positives", "nights", "enough"),
    [(0, 1, False), (9, 9, False), (30, 2, False), (10, 3, True), (30, 20, True)],
)
def test_too_few_validation_clips_or_nights_of_a_class_give_no_verdict(
    positives, nights, enough, profile
):
    health = _judge(predictions=_few(positives, nights), profile=profile)
    assert ("too_little_validation" in _names(health)) is not enough
    assert (health.headline["verdict"] == "unknown") is not enough


def test_trouble_is_told_even_where_there_is_too_little_to_judge_by():
    health = _judge(CALM.assign(train_loss=np.linspace(9, 5, 12)), predictions=_few(5, 2))
    assert [finding.severity for finding in health.diagnosis.findings] == ["trouble", "unknown"]
    assert health.headline["verdict"] == "trouble"


def test_without_validation_clips_the_verdict_is_unknown_and_the_page_is_written():
    health = _judge(predictions=predicted().query("split != 'validation'"))
    assert health.headline["verdict"] == "unknown"
    assert list(health.sources) == [
        "source",
        "clips",
        "accuracy",
        "low",
        "high",
        "training_clips",
        "training_accuracy",
    ]
    assert "too little validation" in page("run", json.loads(json.dumps(health.detail)), CALM)


def test_a_validation_split_that_is_far_easier_than_the_iid_test_is_too_good():
    predictions = predicted()
    validation = predictions["split"] == "validation"
    score = np.where(predictions["label"] == "positive", 0.99, 0.01)
    assert _names(
        _judge(predictions=predictions.assign(score=predictions["score"].where(~validation, score)))
    ) == {"suspiciously_good"}


def test_a_recorder_whose_negatives_are_taken_for_positives_is_a_weak_source():
    predictions = predicted()
    recorder = "R" + (np.arange(len(predictions)) % 5).astype(str).astype(object)
    broken = (recorder == "R3") & (predictions["label"] == "negative")
    predictions = predictions.assign(
        recorder=recorder, score=predictions["score"].mask(broken, 0.9)
    )
    health = _judge(predictions=predictions)
    assert "weak_source" in _names(health)
    assert list(health.sources["source"]) == ["R0", "R1", "R2", "R3", "R4"]


def test_recorders_that_give_the_label_away_are_told():
    predictions = predicted()
    clips = predictions.assign(group=predictions["night"], seconds="3.000", recording="")
    told = clips[(clips["label"] == "positive") == (clips["recorder"] == "R0")]
    assert _names(judge(CALM, MODEL, predictions, told, clips, HealthOptions())) == {
        "confounded_sources"
    }


def test_scores_that_go_by_recorder_are_told_if_the_model_fails_elsewhere():
    predictions = predicted()
    score = np.where(predictions["recorder"] == "R0", 0.9, 0.1)
    by_recorder = predictions.assign(score=0.8 * score + 0.2 * predictions["score"])
    assert _names(_judge(predictions=by_recorder)) == {"memorising_groups"}
    worse = CALM.assign(
        validation_accuracy=0.5, validation_balanced_accuracy=0.5, train_accuracy=0.99
    )
    assert "memorising_groups" not in _names(_judge(worse, predictions=by_recorder))


def test_a_training_that_broke_down_is_told_with_its_reason():
    reason = "loss not finite in epoch 7, batch 3: clips c1, c2"
    health = _judge(model={**MODEL, "training": {**MODEL["training"], "stopped": reason}})
    assert _names(health) == {"broke_down"}
    assert f"Training ended: {reason}" in verdict_in_words(health.detail)


@pytest.mark.parametrize(
    "holdout", [{"on": "split", "clips": 325}, {"on": "internal", "clips": 10}]
)
def test_what_depends_on_held_out_nights_is_not_judged_without_enough_of_them(holdout):
    model = {**MODEL, "training": {**MODEL["training"], "early_stopping": holdout}}
    health = _judge(CALM.assign(validation_accuracy=0.6, validation_loss=0.7), model)
    assert any(text.startswith("mislabelled: not known: ") for text in health.diagnosis.not_judged)
    assert health.detail["verdict"] == "healthy"


def test_the_consistency_of_nights_does_not_stand_in_for_groups_of_one_clip():
    alone = predicted().assign(night=lambda table: table["clip_id"])
    health = _judge(
        CALM.assign(validation_group_consistency=0.95),
        predictions=alone,
        profile="guide",
        group="night",
    )
    needed = "suspicious_consistency: not known: share of groups with one and the same prediction, at the end"
    assert needed in health.diagnosis.not_judged
    assert not {"suspicious_consistency", "memorising_groups"} & _names(health)


def test_durations_are_of_the_sound_before_it_was_padded():
    predictions = predicted()
    clips = predictions.assign(
        group=predictions["night"], seconds="4.000", recording="", windows="2"
    )
    health = judge(CALM, MODEL, predictions, clips, clips, HealthOptions())
    assert list(health.facts.tables["durations"]) == ["0-5 s"]


def test_clips_of_another_survey_are_refused():
    predictions = predicted()
    clips = predictions.assign(group="g", seconds="3.000", recording="").iloc[5:]
    with pytest.raises(DataError, match="not in the survey: validation_00000"):
        judge(CALM, MODEL, predictions, clips, clips, HealthOptions())


def test_impossible_options_are_refused():
    for key, value in (
        ("profile", "mine"),
        ("group", "planet"),
        ("duration_edges", [5, 5]),
        ("source", ""),
    ):
        with pytest.raises(ParameterError, match=f"health.*{key}"):
            parse(HealthOptions, {key: value}, section="health")


def test_the_lead_of_one_split_over_another_and_its_error():
    def clips(right: int, of: int) -> pd.DataFrame:
        return pd.DataFrame(
            {"label": ["a", "b"] * of, "right": np.repeat(np.arange(of) < right, 2)}
        )

    difference, errors = lead(clips(90, 100), clips(80, 100))
    shares = np.array([91, 91, 81, 81]) / 102
    assert difference == pytest.approx(0.1)
    assert errors == pytest.approx(0.1 / np.sqrt((shares * (1 - shares) / 102).sum() / 4))
    assert lead(clips(90, 100), clips(9, 10)) == (pytest.approx(0.0), pytest.approx(0.0))
    assert lead(clips(90, 100), clips(80, 100).head(0)) is None
    assert lead(clips(90, 100), clips(80, 100).query("label == 'a'")) is None
    third = pd.DataFrame({"label": ["c"], "right": [True]})
    assert lead(pd.concat([clips(90, 100), third]), clips(80, 100)) == (difference, errors)


def test_the_words_hold_verdict_numbers_and_actions():
    health = _judge(CALM.assign(train_loss=np.linspace(9, 5, 12)))
    said = verdict_in_words(health.detail)
    assert said.startswith(
        "Training health: TROUBLE. The learning rate looks too high. (rules: calibrated)"
    )
    assert "training loss, at the end: 5.36 (above 1)" in said
    assert "-> Divide train.learning_rate by ten, and look again" in said
    assert "not judged: confused_classes: not known: pairs of classes confused" in said


@pytest.fixture
def workspace(tmp_path):
    """The files that the command reads."""
    (tmp_path / "params.yaml").write_text("health: {profile: calibrated, group: recorder}\n")
    for folder in ("plots/training", "models", "metrics", "data/manifests"):
        (tmp_path / folder).mkdir(parents=True)
    CALM.to_csv(tmp_path / "plots/training/curves.csv", index=False)
    (tmp_path / "models/detector.json").write_text(json.dumps(MODEL))
    predictions = predicted()
    predictions.to_parquet(tmp_path / "data/predictions.parquet")
    baselines = {"logistic_regression": predictions.set_index("clip_id")["score"]}
    options = EvaluateOptions(resamples=100)
    evaluated = evaluate(predictions, threshold=0.5, baseline_scores=baselines, options=options)
    write_json(tmp_path / "metrics/evaluation_detail.json", evaluated.detail)
    clips = predictions.assign(group=predictions["night"], seconds="3.000", recording="")
    clips.to_csv(tmp_path / "data/manifests/splits.csv", index=False)
    clips[["clip_id", "label"]].to_csv(tmp_path / "data/manifests/train.csv", index=False)
    return tmp_path


def _run_stage(folder: Path) -> subprocess.CompletedProcess[str]:
    """The stage."""
    return _run(folder, ROOT / "src/diagnose.py")


def _diagnose(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command that shows what the stage found."""
    return _run(folder, CHORUS, str(ROOT / "src"), "diagnose", *arguments)


def _run(folder: Path, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A script, with its two streams apart."""
    environment = prepared.environment(Folder(folder).environment)
    command = ["python", str(script), *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_command_judges_the_workspace_and_writes_the_same_bytes_again(workspace):
    assert _diagnose(workspace).stderr.startswith("error: there is no metrics/health_detail.json")
    first = _run_stage(workspace)
    assert first.returncode == 0, first.stderr
    assert _diagnose(workspace, "--page", "health.html").stdout == first.stdout
    assert first.stdout.startswith("Training health: HEALTHY. Nothing looks wrong.")
    files = [
        "metrics/health.json",
        "metrics/health_detail.json",
        "plots/health/sources.csv",
        "health.html",
    ]
    written = [(workspace / file).read_bytes() for file in files]
    assert json.loads(written[0])["verdict"] == "healthy"
    _run_stage(workspace)
    _diagnose(workspace, "--page", "health.html")
    assert [(workspace / file).read_bytes() for file in files] == written


def test_the_command_tells_what_was_found_in_a_commit(workspace):
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=workspace, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("config", "user.name", "test")
    git("config", "user.email", "test@example.org")
    Folder(workspace).dvc_init()
    git("commit", "-q", "-m", "before")
    git("tag", "before")
    CALM.assign(train_loss=5).to_csv(workspace / "plots/training/curves.csv", index=False)
    _run_stage(workspace)
    git("add", "-A")
    git("commit", "-q", "-m", "trouble")
    git("tag", "high")
    CALM.to_csv(workspace / "plots/training/curves.csv", index=False)
    assert "HEALTHY" in _run_stage(workspace).stdout
    shown = _diagnose(workspace, "high", "--page", "high.html")
    assert "TROUBLE. The learning rate looks too high" in shown.stdout
    assert "Training health of high" in (workspace / "high.html").read_text()
    assert (
        json.loads((workspace / "metrics/health.json").read_text())["verdict"] == "healthy"
    )  # untouched
    unknown = _diagnose(workspace, "nowhere")
    assert unknown.returncode == 1
    assert unknown.stderr == "error: there is no experiment, branch or commit 'nowhere'\n"
    before = _diagnose(workspace, "before")
    assert (
        before.stderr
        == "error: before has no metrics/health_detail.json: it was made without the stage diagnose\n"
    )


def test_judging_needs_none_of_the_heavy_libraries(workspace):
    """It runs in each of the ninety runs of a grid."""
    code = f"import runpy, sys; sys.argv[1:] = []; sys.path.insert(0, {str(ROOT / 'src')!r}); "
    code += f"runpy.run_path({str(ROOT / 'src/diagnose.py')!r}, run_name='__main__'); "
    code += (
        "print([m for m in ('torch', 'sklearn', 'scipy', 'matplotlib', 'dvc') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


SEVERAL = ("coast", "hills", "north", "south")


def several(
    seed: int = 0, clips: int = 400, sure: float = 4.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions of four classes with the columns of scores, and the table of the clips."""
    random = np.random.default_rng(seed)
    labels = random.integers(4, size=clips)
    logits = random.normal(size=(clips, 4)) + sure * np.eye(4)[labels]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    about = pd.DataFrame(
        {
            "clip_id": [f"c{number:03d}" for number in range(clips)],
            "split": np.where(np.arange(clips) % 2, "validation", "train"),
            "label": np.array(SEVERAL)[labels],
            "recorder": random.choice(["A", "B", "C"], size=clips),
            "speaker": random.choice([f"s{number:02d}" for number in range(40)], size=clips),
            "seconds": "3.000",
            "group": [f"night {number // 10}" for number in range(clips)],
        }
    )
    columns = pd.DataFrame(scores, columns=[f"score_{name}" for name in SEVERAL])
    return pd.concat([about[["clip_id", "split", "label"]], columns], axis=1), about


def test_several_classes_are_judged_by_their_speakers():
    predictions, clips = several()
    training = clips.loc[clips["split"] == "train", ["clip_id", "label"]]
    model = {**MODEL, **Classification(SEVERAL).description(), "options": {"gradient_clip": 0.5}}
    options = HealthOptions(
        profile="guide", group="speaker", expected_confusions=(("coast", "hills"),)
    )
    health = judge(CALM, model, predictions, training, clips, options)
    validation = predictions[predictions["split"] == "validation"]
    predicted_class = validation.filter(like="score_").to_numpy().argmax(axis=1)
    right = np.array(SEVERAL)[predicted_class] == validation["label"]
    tables = health.facts.tables
    assert tables["accuracy"] == pytest.approx(right.mean())
    assert tables["group_consistency"]["groups"] > 20
    assert tables["group_consistency"]["chance"] < 0.2
    sources = health.sources.set_index("source")
    assert sources["training_clips"].sum() == len(training)
    assert sources["training_accuracy"].between(0.8, 1).all()


def test_a_class_without_scores_is_refused():
    predictions, clips = several()
    model = {**MODEL, **Classification((*SEVERAL, "west")).description()}
    with pytest.raises(DataError, match="the predictions lack score_west"):
        judge(CALM, model, predictions, clips, clips, HealthOptions())


def test_a_group_that_no_clip_names_is_refused_in_one_line():
    predictions = predicted()
    clips = predictions.assign(
        group=predictions["night"], seconds="3.000", recording="", speaker=""
    )
    with pytest.raises(
        DataError, match=r"health\.group: 'speaker' groups nothing.*fill that column of clips\.csv"
    ):
        judge(CALM, MODEL, predictions, clips, clips, HealthOptions(group="speaker"))


def test_a_source_that_was_learned_by_heart_is_named_by_the_guide():
    predictions = predicted(splits=("train", "validation"))
    clips = predictions.assign(group=predictions["night"], seconds="3.000", recording="")
    training = clips.loc[clips["split"] == "train", ["clip_id", "label"]]
    sure = np.where(predictions["label"] == "positive", 0.99, 0.01)
    fooled = (predictions["recorder"] == "R0") & (predictions["split"] == "validation")
    assert fooled.sum() > 50
    judged = predictions.assign(score=np.where(fooled, 1 - sure, sure))
    names = _names(judge(CALM, MODEL, judged, training, clips, HealthOptions(profile="guide")))
    assert {"overfitted_source", "weak_source"} <= names
    everywhere = predictions.assign(
        score=np.where(predictions["split"] == "validation", 1 - sure, sure)
    )
    assert "overfitted_source" not in _names(
        judge(CALM, MODEL, everywhere, training, clips, HealthOptions(profile="guide"))
    )


def test_speakers_of_one_class_each_do_not_confound():
    """As with accents, of which a speaker has one: a model that is right about all clips is healthy."""
    predictions, clips = several()
    clips = clips.assign(speaker=clips["label"] + "_" + clips["speaker"])
    training = clips.loc[clips["split"] == "train", ["clip_id", "label"]]
    model = {**MODEL, **Classification(SEVERAL).description()}
    health = judge(CALM, model, predictions, training, clips, HealthOptions(group="speaker"))
    assert health.headline["verdict"] == "healthy"


def test_from_a_head_of_several_classes_to_its_page():
    """All that a study of several classes does: fit, score, judge, show."""
    random = np.random.default_rng(0)
    _, clips = several(clips=320)
    clips = clips.assign(group=[f"night {number // 8 % 20}" for number in range(320)])
    features = random.standard_normal((320, 8)).astype(np.float32)
    features[np.arange(320), pd.Index(SEVERAL).get_indexer(clips["label"])] += 4
    known = Embeddings("toy", features, clips["clip_id"].to_numpy(dtype=str))
    training = clips.loc[clips["split"] == "train", ["clip_id", "label"]]
    options = HealthOptions(group="speaker")
    head = HeadOptions(hidden_units=16, epochs=12, learning_rate=0.01)
    groups = options.groups_of(clips)
    trained = detector.fit(
        training, clips, known, head, 1, task=Classification(SEVERAL), consistency_groups=groups
    )
    scores = detector.predictions(trained.head, known, clips["clip_id"])
    assert scores.to_numpy() == pytest.approx(trained.head.predictions(features))
    predictions = clips.merge(scores.add_prefix("score_"), left_on="clip_id", right_index=True)
    model = {
        **trained.head.task.description(),
        "options": {"gradient_clip": None},
        "training": trained.summary,
    }
    health = judge(with_differences(trained.curves), model, predictions, training, clips, options)
    assert health.facts.tables["accuracy"] > 0.9
    assert list(health.durations["seconds"]) == ["0-5 s"]
    shown = page("accents", health.detail, with_differences(trained.curves))
    for panel in ("Top-k accuracy", "top-3", "share of speakers with one and the same prediction"):
        assert panel in shown
    without = detector.fit(
        training, clips[clips["split"] == "train"], known, head, 1, task=Classification(SEVERAL)
    )
    assert without.threshold is None and without.summary["notes"] == []
