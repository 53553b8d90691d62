"""What the stage says: why samples are in no split."""

from __future__ import annotations

import runpy
from pathlib import Path

import stage

import pandas as pd

from chorus.voices.utterances import COLUMNS

SCRIPT = Path(__file__).parents[3] / "studies/accents/src/split.py"


def test_each_reason_for_setting_samples_aside_is_said(tmp_path, monkeypatch, capsys):
    """Two classes of ten speakers, each with three sentences; of one, half the training speakers are left out."""
    rows = []
    for number in range(60):
        speaker, name = f"s{number // 3}", f"c{number}"
        about = {"sample_id": name, "recording": name, "audio_path": name, "sha256": name}
        about |= {"region_label": "North" if number < 30 else "South", "duration": "2.0"}
        about |= {"speaker_id": speaker, "voice": speaker, "transcript": f"sentence {number % 3}"}
        rows.append(dict.fromkeys(COLUMNS, "mine") | about)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/corpus").mkdir(parents=True)
    pd.DataFrame(rows).to_csv("data/corpus/samples.csv", index=False)
    options = {"rare": ["South"], "rare_share": 0.5, "unheard_share": 0.3}
    monkeypatch.setattr(stage, "params", {"split": options}.get)
    runpy.run_path(str(SCRIPT))["main"]()
    aside = [line for line in capsys.readouterr().out.splitlines() if "set aside" in line]
    assert aside == [
        "16 samples set aside: says a sentence that is kept for the test of unheard sentences",
        "6 samples set aside: of a class that is made rare in training",
    ]
