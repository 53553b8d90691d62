"""Kernels are chosen before a library that reads the choice is loaded, and only where they can be promised."""

from __future__ import annotations

import ast
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from chorus import pins

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "src").glob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))
READS_A_PIN = {"numpy", "torch", "scipy", "sklearn", "pandas", "pyarrow", "matplotlib", "soundfile"}


def imports(script: Path) -> list[str]:
    """The packages that a script imports at its top, in this order."""
    names: list[str] = []
    for node in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names.append((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize(
    "script", [*SCRIPTS, *BENCHMARKS], ids=lambda script: f"{script.parent.name}/{script.name}"
)
def test_the_pins_come_before_the_libraries_that_read_them(script):
    names = imports(script)
    entries = [names.index(entry) for entry in ("chorus", "stage") if entry in names]
    early = names[: min(entries, default=len(names))]
    assert not READS_A_PIN & set(early)


def test_a_script_that_loads_numpy_first_is_refused():
    # a process that is started with the settings may: whatever it loads sees them
    settings = pins.KERNELS | pins.THREADS | pins.MEMORY
    done = subprocess.run(
        [sys.executable, "-c", "import numpy, stage"],
        cwd=ROOT / "src",
        env={name: value for name, value in os.environ.items() if name not in settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: NumPy or torch was loaded before chorus chose their kernels"
    )


@pytest.mark.skipif(pins.digits_may_differ() is not None, reason=f"{pins.digits_may_differ()}")
def test_the_libraries_take_the_kernels_they_are_told():
    code = (
        "import chorus, numpy, torch\n"
        "from threadpoolctl import threadpool_info\n"
        "from numpy._core._multiarray_umath import __cpu_features__ as features\n"
        "blas = [pool['architecture'] for pool in threadpool_info() if pool['internal_api'] == 'openblas']\n"
        "print(*set(blas), features['X86_V3'], features['X86_V2'], torch.backends.cpu.get_cpu_capability())\n"
    )
    settings = {
        **os.environ,
        "NPY_ENABLE_CPU_FEATURES": "X86_V3",
        "OPENBLAS_CORETYPE": "Sandybridge",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "src",
        capture_output=True,
        text=True,
        check=True,
        env=settings,
    )
    assert done.stdout.split() == ["Haswell", "False", "True", "AVX2"]


def cpu(tmp_path: Path, **facts: str) -> Path:
    known = {
        "vendor_id": "GenuineIntel",
        "cpu family": "6",
        "model": "85",
        "flags": "fma bmi2 avx2 avx512f",
    }
    lines = [f"{key}\t: {value}" for key, value in (known | facts).items()]
    path = tmp_path / "cpuinfo"
    path.write_text("\n".join(lines) + "\n\nvendor_id\t: another processor\n")
    return path


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="Linux on x86-64 only"
)
class TestDigitsMayDiffer:
    def test_not_on_a_cpu_with_avx2(self, tmp_path):
        assert pins.digits_may_differ(cpu(tmp_path)) is None

    def test_on_a_cpu_without(self, tmp_path):
        assert "lacks avx2, bmi2" in pins.digits_may_differ(cpu(tmp_path, flags="fma sse4_2"))

    @pytest.mark.parametrize(("model", "promised"), [("1", False), ("8", False), ("49", True)])
    def test_on_the_first_zen_only(self, tmp_path, model, promised):
        zen = cpu(tmp_path, vendor_id="AuthenticAMD", **{"cpu family": "23", "model": model})
        assert (pins.digits_may_differ(zen) is None) == promised


def test_another_system_is_told(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "aarch64" in pins.digits_may_differ()
