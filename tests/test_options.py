"""Wrong parameters fail at once, naming key, value and what is allowed."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from chorus.errors import ParameterError
from chorus.options import options, parse


@options
class Inner:
    scale: Annotated[float, Field(gt=0, le=1)] = 0.1


@options
class Outer:
    rate: Annotated[float, Field(gt=0)] = 0.5
    epochs: Annotated[int, Field(ge=1)] = 3
    mode: Literal["none", "mean"] = "none"
    names: tuple[str, ...] = ()
    patience: int | None = None
    inner: Inner = Inner()


def test_plain_yaml_values_become_options():
    values = {"rate": 1, "names": ["a", "b"], "patience": None, "inner": {"scale": 1}}
    assert parse(Outer, values, section="s") == Outer(
        rate=1.0, names=("a", "b"), inner=Inner(scale=1.0)
    )
    assert parse(Outer, None, section="s") == Outer()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"rat": 1},
            "s.rat: unknown parameter; known under s: rate, epochs, mode, names, patience, inner",
        ),
        ({"rate": 0}, "s.rate: 0 is not allowed: input should be greater than 0"),
        ({"rate": "0.5"}, "s.rate: '0.5' is not allowed: input should be a valid number"),
        ({"epochs": 2.5}, "s.epochs: 2.5 is not allowed: input should be a valid integer"),
        ({"epochs": True}, "s.epochs: True is not allowed: input should be a valid integer"),
        ({"mode": "sum"}, "s.mode: 'sum' is not allowed: input should be 'none' or 'mean'"),
        ({"names": "a"}, "s.names: 'a' is not allowed: input should be a valid tuple"),
        (
            {"inner": {"scale": 2}},
            "s.inner.scale: 2 is not allowed: input should be less than or equal to 1",
        ),
        ({"inner": {"size": 2}}, "s.inner.size: unknown parameter; known under s.inner: scale"),
        ({"inner": 3}, "s.inner: 3 is not allowed"),
        ([1], "s: expected a mapping of options"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(values, message):
    with pytest.raises(ParameterError) as caught:
        parse(Outer, values, section="s")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
