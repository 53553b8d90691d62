"""Too many bad files stop the stage, however many clips are computed beside them."""

from __future__ import annotations

import clips as stage_clips
import numpy as np
import pytest
import soundfile

from chorus.errors import DataError


def test_the_share_is_of_ones_own_files(tmp_path, monkeypatch):
    """Two of twelve are 17 %; with the eight clips for the toy they would be 10 %."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    lines = ["file,label,source"]
    for number in range(12):
        label = "SPEECH" if number % 2 else "NONSPEECH"
        lines.append(f"{number}.wav,{label},s{number}")
        if number >= 2:
            soundfile.write(tmp_path / f"{number}.wav", rng.normal(0, 0.1, 16_000), 16_000)
    (tmp_path / "clips.csv").write_text("\n".join(lines) + "\n")
    demo = {"voices": 8, "recordings": 8, "clips": 1, "pretraining": 4}
    given = {"folder": str(tmp_path), "max_quarantined_share": 0.15, "demo": demo}
    monkeypatch.setattr(stage_clips.stage, "params", {"clips": given}.get)
    monkeypatch.setattr(stage_clips.stage, "refuse_inside", lambda *_given: None)
    with pytest.raises(DataError, match="17% of the files cannot be used"):
        stage_clips.main()
    given["max_quarantined_share"] = 0.17
    stage_clips.main()
