"""The same bytes on every CPU of x86-64-v3: this one computes beside two that QEMU simulates.

QEMU 7.2 simulates no AVX-512, so on a CPU that has it this compares the two kinds that differ most.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chorus import pins

SIMULATOR = shutil.which("qemu-x86_64-static")
DIGITS = Path(__file__).with_name("digits.py")
KINDS = ("audio", "logmel", "birdnet", "head", "network", "heard", "regression", "figures")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SIMULATOR is None, reason="needs Debian's qemu-user-static"),
    pytest.mark.skipif(pins.digits_may_differ() is not None, reason=f"{pins.digits_may_differ()}"),
]


def digits(kind: str, *simulator: str) -> dict[str, str]:
    command = [*simulator, sys.executable, str(DIGITS), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cpu", ["Haswell", "EPYC-Rome"])
def test_a_simulated_cpu_computes_the_same_bytes(cpu, kind):
    assert digits(kind, str(SIMULATOR), "-cpu", cpu) == digits(kind)
