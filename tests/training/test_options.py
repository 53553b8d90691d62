"""Head options: the reference's values by default, and impossible ones refused by name."""

from __future__ import annotations

import pytest

from chorus.errors import ParameterError
from chorus.options import parse
from chorus.training import HeadOptions
from chorus.training.trainer import epochs_for


def test_defaults_are_the_reference_studys():
    options = parse(HeadOptions, {}, section="train")
    assert (options.hidden_units, options.dropout, options.learning_rate) == (512, 0.25, 0.0005)
    assert (options.batch_size, epochs_for(options, 90), options.upsampling) == (32, 50, "none")
    assert (options.mixup, options.focal_loss, options.focal_gamma, options.focal_alpha) == (
        True,
        False,
        2.0,
        0.25,
    )
    assert options.label_smoothing > 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_units", -1),
        ("hidden_units", 3.5),
        ("dropout", 1.0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -0.1),
        ("batch_size", 0),
        ("epochs", 0),
        ("epochs", "50"),
        ("early_stopping", "never"),
        ("early_stopping_patience", 0),
        ("early_stopping_patience", None),
        ("gradient_clip", 0.0),
        ("mixup", 1),
        ("mixup_alpha", 0.0),
        ("label_smoothing", 0.5),
        ("focal_gamma", -1.0),
        ("focal_alpha", 1.0),
        ("upsampling", "copy"),
        ("upsampling_ratio", 1.5),
        ("validation", "none"),
        ("internal_share", 0.0),
    ],
)
def test_an_impossible_value_is_refused_by_name(key, value):
    with pytest.raises(ParameterError, match=rf"^train\.{key}: .* is not allowed"):
        parse(HeadOptions, {key: value}, section="train")


def test_an_unknown_option_is_refused_and_the_known_ones_are_named():
    with pytest.raises(
        ParameterError, match=r"train\.momentum: unknown parameter; known under train: hidden_units"
    ):
        parse(HeadOptions, {"momentum": 0.9}, section="train")


def test_clipping_is_off_unless_asked_for():
    assert parse(HeadOptions, {}, section="train").gradient_clip is None
    assert parse(HeadOptions, {"gradient_clip": 0.5}, section="train").gradient_clip == 0.5


@pytest.mark.parametrize("policy", ["none", "patience", "guide"])
def test_early_stopping_has_three_policies(policy):
    assert parse(HeadOptions, {"early_stopping": policy}, section="train").early_stopping == policy


@pytest.mark.parametrize(
    ("rows", "epochs"), [(1, 50), (96, 50), (97, 38), (402, 12), (600, 8), (12_110, 8)]
)
def test_with_more_rows_fewer_epochs_are_enough(rows, epochs):
    assert epochs_for(HeadOptions(), rows) == epochs
    assert epochs_for(HeadOptions(epochs=7), rows) == 7
