"""One set of kernels for every machine, chosen before NumPy or torch is loaded.

Numerical libraries pick their kernels by the type of CPU, and kernels round differently. In the demo's audio that is a
last bit; but a clip is named after its audio, and draws go by name: another CPU would draw another training set. Each
setting below counts only before the library that reads it is loaded. Importing `chorus` applies them, so that whatever
imports it first, as every script does through `stage`, computes the same bytes on every CPU of x86-64-v3 (AVX2 and FMA:
Intel since Haswell, AMD since Zen 2). Where memory comes from is chosen here too, for it is chosen at the same moment.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

KERNELS = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",  # NumPy's own loops: SSE4.2
    "OPENBLAS_CORETYPE": "Haswell",  # matrix products of NumPy, SciPy, scikit-learn
    # those of torch; MKL's AVX2 differs between Intel and AMD, and its vector functions do anyway: `chorus.roots`
    "MKL_CBWR": "COMPATIBLE",
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own loops
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # torch's convolutions
    "ARROW_USER_SIMD_LEVEL": "AVX2",
}
# A second thread changes the order of sums, and so the last digits; work is spread over processes instead.
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Arrow's own choice keeps what was freed: a split of a million clips would take 2.2 times its table instead of 1.6.
MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "jemalloc"}


def apply() -> bool:
    """Set what the libraries read when they are loaded; False: NumPy or torch was loaded before, with other settings.

    The kernels are left to the libraries where they cannot be promised, see `digits_may_differ`.
    """
    settings = dict(THREADS)
    if sys.platform == "linux":  # elsewhere Arrow is built without it, and would complain
        settings |= MEMORY
    if digits_may_differ() is None:
        os.environ.pop("NPY_ENABLE_CPU_FEATURES", None)  # NumPy refuses both at once
        settings |= KERNELS
    os.environ.update(settings)
    loaded = {"numpy", "torch"} & sys.modules.keys()
    return not loaded or settings.items() <= _environment_at_start().items()


def _environment_at_start(file: Path = Path("/proc/self/environ")) -> dict[str, str]:
    """What this process was started with, whatever was set since: all that is loaded has seen it. Empty if unknown."""
    if not file.exists():
        return {}
    entries = file.read_bytes().decode(errors="replace").split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def digits_may_differ(cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    """Why this machine's last digits may differ from the committed ones; None where they are the same.

    Args:
        cpuinfo: the kernel's description of the processors.
    """
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"this machine is {platform.system()} on {platform.machine()}, not Linux on x86-64"
    cpu = _first_processor(cpuinfo.read_text(encoding="utf-8"))
    missing = {"avx2", "fma", "bmi2"} - set(cpu.get("flags", "").split())
    if missing:
        return f"this CPU lacks {', '.join(sorted(missing))}: it is older than x86-64-v3"
    # Family 23 is Zen, Zen+ (models below 0x30) and Zen 2 (from there on).
    if (
        cpu.get("vendor_id") == "AuthenticAMD"
        and cpu.get("cpu family") == "23"
        and int(cpu.get("model", 0)) < 0x30
    ):
        return "this CPU is a first AMD Zen, for which the encoder's runtime has kernels of its own"
    return None


def _first_processor(cpuinfo: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in cpuinfo.split("\n\n")[0].splitlines()]
    return {key.strip(): value.strip() for key, _, value in pairs}
