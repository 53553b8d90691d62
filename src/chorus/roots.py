"""Roots and decimal logarithms of torch that have the same digits on every CPU.

torch leaves these two to MKL's vector functions, which start from the CPU's own approximation of a reciprocal root,
whatever `chorus.pins` asks of MKL: the last digits of Intel, AMD and a simulated CPU differ. So do those of the arcus
functions and of the logarithm in double precision, which nothing here uses. rsqrt() is torch's own loop: a root and a
division, each as IEEE 754 rounds them. The natural logarithm in single precision takes no such approximation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


def root(values: torch.Tensor) -> torch.Tensor:
    """The square root, to within one step of the last digit; of 0 it is 0."""
    return values.rsqrt().reciprocal()


def log10(values: torch.Tensor) -> torch.Tensor:
    """The decimal logarithm of values in single precision."""
    return values.log() / math.log(10)


class Roots(TorchFunctionMode):
    """A context in which what others call, a library's code, is computed by the functions above."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """See `torch.overrides.TorchFunctionMode`."""
        return _INSTEAD.get(func, func)(*args, **(kwargs or {}))


_INSTEAD: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.sqrt: root,
    torch.Tensor.sqrt: root,
    torch.log10: log10,
    torch.Tensor.log10: log10,
}
