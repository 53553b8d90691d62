"""How errors of a script reach a person."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"


def test_ctrl_c_is_one_line_and_no_traceback():
    code = "import stage\ndef recipe(): raise KeyboardInterrupt\nstage.run(recipe)"
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "stopped: run the same command again\n")
