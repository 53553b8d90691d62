"""What the hashes of configurations and runs depend on."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from chorus.experiments.signature import run_key, signature

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PARAMS = st.dictionaries(st.text(min_size=1), VALUES, max_size=4)


@given(PARAMS, st.integers(0, 99))
def test_the_seed_changes_the_run_but_not_the_signature(params, seed):
    one, other = params | {"seed": seed}, params | {"seed": seed + 1}
    assert signature(one) == signature(other)
    assert run_key(one, "v") != run_key(other, "v")


@given(PARAMS)
def test_order_and_a_trip_through_json_change_nothing(params):
    backwards = dict(reversed(json.loads(json.dumps(params)).items()))
    assert signature(backwards) == signature(params)
    assert run_key(backwards, "v") == run_key(params, "v")


@given(PARAMS, st.integers(0, 99))
def test_another_value_anywhere_gives_another_signature(params, value):
    assert signature(params | {"depth": {"of": [value]}}) != signature(
        params | {"depth": {"of": [value + 1]}}
    )


def test_true_is_not_one_but_one_is_1_0():
    assert signature({"a": True}) != signature({"a": 1})
    assert signature({"a": 1}) == signature({"a": 1.0})
    assert signature({"a": ["x"]}) == signature({"a": ("x",)})
    assert signature({"a": []}) != signature({"a": None})


def test_another_version_is_another_run():
    assert run_key({"seed": 1}, "v1") != run_key({"seed": 1}, "v2")
