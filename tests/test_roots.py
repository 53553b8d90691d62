"""Roots and logarithms of torch in which no CPU has a say. On other CPUs: end_to_end/test_machines.py."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import torch

from chorus.roots import Roots, log10, root

ROOT = Path(__file__).resolve().parents[1]
# torch's, by MKL's vector functions; np. and math. are others, and `fused` is a keyword of an optimiser
OF_THE_CPU = {"sqrt", "log10", "asin", "acos", "atan", "arcsin", "arccos", "arctan"}
OPTIMISERS = {"Adam", "AdamW"}


def positive() -> torch.Tensor:
    random = np.random.default_rng(1)
    return torch.from_numpy(np.exp(random.uniform(-20, 20, 10_000)).astype(np.float32))


def test_a_root_is_right_to_a_step_of_the_last_digit():
    values = positive()
    step = np.spacing(np.sqrt(values.numpy()))
    assert (np.abs(root(values).numpy() - np.sqrt(values.numpy())) <= step).all()
    assert root(torch.tensor([0.0, 1.0, 4.0])).tolist() == [0.0, 1.0, 2.0]


def test_a_root_has_the_slope_of_a_root():
    values = torch.tensor([0.25, 1.0, 9.0], requires_grad=True)
    (slope,) = torch.autograd.grad(root(values).sum(), values)
    np.testing.assert_allclose(slope.numpy(), [1.0, 0.5, 1 / 6], rtol=1e-6)


def test_a_decimal_logarithm_is_right():
    values = positive()
    np.testing.assert_allclose(
        log10(values).numpy(), np.log10(values.numpy().astype(np.float64)), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (torch.sqrt, root),
        (lambda values: values.sqrt(), root),
        (torch.log10, log10),
        (lambda values: values.log10(), log10),
    ],
)
def test_a_librarys_code_computes_by_these_inside_the_context(theirs, ours):
    values = positive()
    with Roots():
        inside = theirs(values)
    assert torch.equal(inside, ours(values))


def asked_of_the_cpu(code: str) -> list[str]:
    """Calls of torch in Python code whose last digits are the CPU's."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, of = node.func.attr, ast.unparse(node.func.value)
        if name in OF_THE_CPU and of not in ("np", "math"):
            found.append(f"{of}.{name}")
        if name in OPTIMISERS and not any(word.arg == "fused" for word in node.keywords):
            found.append(f"{of}.{name}")
    return found


def test_no_code_asks_torch_for_digits_of_the_cpu():
    found = {}
    for folder in ("src", "studies"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if asked := asked_of_the_cpu(file.read_text(encoding="utf-8")):
                found[file.relative_to(ROOT).as_posix()] = asked
    assert not found


@pytest.mark.parametrize(
    "code",
    ["torch.sqrt(x)", "x.var().sqrt()", "torch.log10(x + 1)", "torch.optim.AdamW(p, lr=rate)"],
)
def test_code_that_does_is_found(code):
    assert asked_of_the_cpu(code)


@pytest.mark.parametrize(
    "code", ["np.sqrt(x)", "math.sqrt(2)", "x.rsqrt()", "torch.optim.AdamW(p, fused=True)"]
)
def test_other_code_is_not(code):
    assert not asked_of_the_cpu(code)
