"""The guide's own examples as golden values, and that what is missing is said and not guessed."""

from __future__ import annotations

import pandas as pd
import pytest

from chorus.errors import DataError, ParameterError
from chorus.health.diagnosis import Details, diagnose
from chorus.health.rules import Circumstances, load_rules

GUIDE = load_rules("guide")
# The blocks under "Diagnostic Patterns" of the guide, word for word, in our names.
BLOCKS = {
    "healthy": {
        "train_loss_std": 0.15,
        "grad_norm": 0.35,
        "grad_norm_std": 0.08,
        "validation_group_consistency": 0.65,
        "validation_accuracy": 0.55,
        "validation_entropy": 1.0,
    },
    "mislabelled": {
        "train_loss_std": 0.95,
        "grad_norm": 0.5,
        "grad_norm_std": 0.4,
        "validation_group_consistency": 0.45,
        "validation_accuracy": 0.35,
    },
    "memorising_groups": {
        "train_loss_std": 0.05,
        "grad_norm": 0.1,
        "validation_group_consistency": 0.92,
        "validation_accuracy": 0.38,
        "validation_entropy": 0.15,
    },
    "too_little_capacity": {
        "train_loss_std": 0.4,
        "train_accuracy": 0.45,
        "validation_accuracy": 0.42,
        "validation_entropy": 1.8,
    },
}
EIGHT = Details(classes=8, gradient_clip=0.5)


def at_epoch(epoch: int, **signals: float) -> pd.DataFrame:
    return pd.DataFrame([{"epoch": epoch, **signals}])


def found(diagnosis, severity: str = "trouble") -> set[str]:
    return {finding.name for finding in diagnosis.findings if finding.severity == severity}


@pytest.mark.parametrize("pattern", ["mislabelled", "memorising_groups", "too_little_capacity"])
def test_each_block_of_the_guide_yields_its_pattern_and_no_other(pattern):
    diagnosis = diagnose(at_epoch(10, **BLOCKS[pattern]), EIGHT, GUIDE)
    assert found(diagnosis) == {pattern}
    assert diagnosis.verdict == "trouble"


def test_the_healthy_block_of_the_guide_is_healthy_and_within_every_range():
    diagnosis = diagnose(at_epoch(10, **BLOCKS["healthy"]), EIGHT, GUIDE)
    assert (diagnosis.verdict, diagnosis.findings) == ("healthy", ())
    assert {check.signal for check in diagnosis.checks} == set(BLOCKS["healthy"])
    assert all(check.within for check in diagnosis.checks)


def test_the_guides_warning_signs_beside_the_patterns():
    diagnosis = diagnose(at_epoch(10, **BLOCKS["mislabelled"]), EIGHT, GUIDE)
    assert found(diagnosis, "watch") == {
        "unstable_gradients",
        "learning_rate_too_high",
        "noisy_batches",
    }
    diagnosis = diagnose(at_epoch(10, **BLOCKS["memorising_groups"]), EIGHT, GUIDE)
    assert found(diagnosis, "watch") == {"suspicious_consistency", "overconfident"}


def test_a_finding_carries_its_numbers_and_what_to_do():
    diagnosis = diagnose(at_epoch(10, **BLOCKS["mislabelled"]), EIGHT, GUIDE)
    finding = diagnosis.findings[0]
    assert (
        "spread of the training loss over batches, at the end: 0.95 (above 0.5)" in finding.evidence
    )
    assert "validation accuracy, at the end: 0.35 (below 0.6)" in finding.evidence
    assert "metrics/suspects.csv" in finding.actions[0]
    assert diagnosis.sentence == "Many labels of the training data look wrong, and 3 more."
    assert diagnosis.headline == {
        "verdict": "trouble",
        "findings": "mislabelled+noisy_batches+unstable_gradients+learning_rate_too_high",
        "troubles": 1,
        "watches": 3,
    }


def test_missing_signals_are_said_and_not_guessed():
    diagnosis = diagnose(at_epoch(10, train_loss_std=0.95, validation_accuracy=0.35), EIGHT, GUIDE)
    assert "mislabelled" not in {finding.name for finding in diagnosis.findings}
    assert (
        "mislabelled: not known: spread of the gradient norm, at the end; share of clipped steps, at the end; "
        "gradient norm, at the end" in diagnosis.not_judged
    )
    assert not any(text.startswith("noisy_batches") for text in diagnosis.not_judged)


def test_a_threshold_that_does_not_exist_is_said_too():
    unclipped = Details(classes=8, gradient_clip=None)
    diagnosis = diagnose(at_epoch(10, grad_norm=0.7, clipped_share=0.0), unclipped, GUIDE)
    assert (
        "learning_rate_too_high: not known: train.gradient_clip, which is not set"
        in diagnosis.not_judged
    )


def test_of_a_task_without_classes_it_is_these_that_a_threshold_lacks():
    scores = Details(classes=None, gradient_clip=1.0)
    diagnosis = diagnose(at_epoch(10, train_loss=0.7), scores, load_rules("calibrated"))
    assert (
        "learning_rate_too_high: not known: classes, which this task has not"
        in diagnosis.not_judged
    )


def test_a_missing_signal_that_cannot_change_the_outcome_is_no_gap():
    diagnosis = diagnose(at_epoch(10, train_loss_std=0.1), EIGHT, GUIDE)
    assert not any(text.startswith("mislabelled") for text in diagnosis.not_judged)


def test_without_any_signal_the_verdict_is_unknown_and_not_healthy():
    diagnosis = diagnose(at_epoch(10), EIGHT, GUIDE)
    judged = {text.partition(":")[0] for text in diagnosis.not_judged}
    assert (diagnosis.verdict, diagnosis.findings) == ("unknown", ())
    assert judged == {rule.name for rule in GUIDE.rules} - {"nothing_learned"}


def test_a_column_of_nan_is_missing():
    diagnosis = diagnose(at_epoch(10, grad_norm=float("nan")), EIGHT, GUIDE)
    assert "saturated: not known: gradient norm, at the end" in diagnosis.not_judged


@pytest.mark.parametrize("profile", ["guide", "calibrated"])
def test_a_training_without_any_epoch_is_of_unknown_health(profile):
    diagnosis = diagnose(pd.DataFrame({"epoch": []}), EIGHT, load_rules(profile))
    assert (diagnosis.verdict, found(diagnosis, "unknown")) == ("unknown", {"nothing_learned"})


def test_what_is_no_history_is_refused():
    with pytest.raises(DataError, match="no column epoch"):
        diagnose(pd.DataFrame({"loss": [0.5]}), EIGHT, GUIDE)


def test_thresholds_scale_with_the_number_of_classes():
    two = Circumstances(classes=2, assumed=8, consistency_chance=0.4, gradient_clip=1.0)
    rules = {rule.name: rule for rule in GUIDE.rules}

    def threshold(name: str, number: int) -> float:
        return rules[name].conditions[number][0].threshold.at(two)

    assert threshold("overconfident", 0) == pytest.approx(0.2 / 3)  # ln 2 is a third of ln 8
    # of accuracy 0.6 among eight classes, Cohen's kappa is (0.6 - 0.125) / 0.875; among two, the same kappa
    assert threshold("memorising_groups", 1) == pytest.approx(0.5 + 0.5 * 0.475 / 0.875)
    assert threshold("suspicious_consistency", 0) == pytest.approx(0.4 + 0.6 * 0.725 / 0.875)
    eight = Circumstances(classes=8, assumed=8)
    assert rules["suspicious_consistency"].conditions[0][0].threshold.at(eight) == pytest.approx(
        0.85
    )
    assert rules["learning_rate_too_high"].conditions[0][1].threshold.at(eight) is None


def test_phases_choose_the_range():
    early = diagnose(at_epoch(3, train_loss_std=0.5), EIGHT, GUIDE).checks[0]
    late = diagnose(at_epoch(30, train_loss_std=0.5), EIGHT, GUIDE).checks[0]
    assert (early.phase, early.within) == ("early", True)
    assert (late.phase, late.within) == ("late", False)


def test_a_spike_in_one_epoch_is_seen_and_a_calm_training_has_none():
    calm = [0.6, 0.4, 0.3, 0.2, 0.2, 0.2, 0.2, 0.2]
    spiked = [*calm[:5], 1.5, *calm[6:]]
    for series, expected in ((calm, False), (spiked, True)):
        history = pd.DataFrame({"epoch": range(1, 9), "train_loss_std": series})
        assert ("loss_spikes" in found(diagnose(history, EIGHT, GUIDE), "watch")) is expected


@pytest.mark.parametrize("profile", ["guide", "calibrated"])
def test_every_profile_can_be_read_and_names_only_signals_with_known_endings(profile):
    endings = {"end", "best", "low", "high", "rise", "jump", "falling"}
    rules = load_rules(profile)
    for rule in rules.rules:
        for condition in (
            condition for alternatives in rule.conditions for condition in alternatives
        ):
            column, _, ending = condition.signal.rpartition(".")
            known = condition.signal in rules.names or (
                column in rules.names and ending in endings | set(rules.phases)
            )
            assert known, f"{rule.name}: {condition.signal}"


def test_an_unknown_profile_is_refused():
    with pytest.raises(
        ParameterError, match=r"health.profile: 'guess' is not allowed: one of guide"
    ):
        load_rules("guess")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("train_loss_std.end", "is no condition"),
        ("a.end > accuracy(high)", "is no threshold"),
        ("a.end > banana(1)", "is no threshold"),
    ],
)
def test_a_rule_that_cannot_be_read_is_named(tmp_path, condition, message):
    path = tmp_path / "rules.yaml"
    path.write_text(
        "signals: {}\nfindings: {bad: {means: bad, actions: []}}\n"
        "profiles: {own: {classes: 2, phases: {all: [1, null]}, ranges: {}, "
        f"rules: {{bad: {{watch: ['{condition}']}}}}}}}}\n"
    )
    with pytest.raises(ParameterError, match=rf"own\.bad: .*{message}"):
        load_rules("own", path)


def test_a_severity_that_there_is_not_is_named_and_its_rule_not_passed_over(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(
        "signals: {}\nfindings: {bad: {means: bad, actions: []}}\n"
        "profiles: {own: {classes: 2, phases: {}, ranges: {}, rules: {bad: {wacth: [a.end > 1]}}}}\n"
    )
    with pytest.raises(ParameterError, match=r"own\.bad: 'wacth' is no severity: one of trouble"):
        load_rules("own", path)


def test_a_rule_that_stands_twice_is_refused_and_does_not_win_by_coming_last(tmp_path):
    """A person who copies a rule to change it and leaves the first is told so."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "signals: {}\nfindings: {bad: {means: bad, actions: []}}\n"
        "profiles:\n  own:\n    classes: 2\n    phases: {}\n    ranges: {}\n"
        "    rules:\n      bad: {watch: [a.end > 1]}\n      bad: {watch: [a.end > 2]}\n"
    )
    with pytest.raises(ParameterError, match=r"rules\.yaml is not valid YAML: .*bad"):
        load_rules("own", path)
