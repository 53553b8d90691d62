"""torchaudio on a machine without CUDA.

The wheels of torchaudio 2.11 hold compiled operators linked to CUDA libraries; where these are missing, `import
torchaudio` dies although nothing of ours needs the operators. A stand-in for the module that loads them lets the
import succeed, as it does where the operators were never built.
"""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import Any


@cache
def torchaudio() -> Any:
    """The module torchaudio, imported with or without its compiled operators."""
    try:
        import torchaudio as module
    except OSError:  # the operators' shared library could not be loaded
        # What was loaded before it failed would be taken for the whole module by the second import.
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        stand_in = ModuleType("torchaudio._extension")
        stand_in._IS_TORCHAUDIO_EXT_AVAILABLE = False  # type: ignore[attr-defined]
        stand_in._IS_ALIGN_AVAILABLE = False  # type: ignore[attr-defined]
        stand_in.fail_if_no_align = _without_operators  # type: ignore[attr-defined]
        sys.modules["torchaudio._extension"] = stand_in
        import torchaudio as module
    return module


def _without_operators(function: Any) -> Any:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError(
            f"{function.__name__} needs torchaudio's compiled operators, which need CUDA libraries here"
        )

    return refuse
