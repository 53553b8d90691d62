"""The same sound gets the same score, to the last digit, from the pipeline and from the field."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chorus import demo, detector, embeddings, encoding, shards, survey
from chorus.demo import DemoOptions
from chorus.detection.detect import Options, detect
from chorus.experiments.models import find_detector
from chorus.survey.timing import TimeRules
from detectors import BIRDNET, keep, made_up_head


def test_clips_of_the_demo_score_as_in_the_pipeline(tmp_path, one_thread):
    raw, store, clips_folder = (tmp_path / name for name in ("raw", "embeddings", "clips"))
    clips = survey.build(demo.plan(DemoOptions(scale=0.001)), raw, workers=1).clips
    encoding.update(store, clips, raw, BIRDNET, workers=1)
    models = keep(made_up_head(), tmp_path)
    found = find_detector(str(models))
    expected = detector.score(found.head.scores, embeddings.read(store), clips["clip_id"])
    clips_folder.mkdir()
    for shard in sorted(raw.glob("*.tar")):
        for name, content in shards.read_shard(shard):
            (clips_folder / name).write_bytes(content)
    detect([clips_folder], tmp_path / "out", found, Options(), TimeRules(), one_thread, workers=1)
    windows = pd.read_parquet(tmp_path / "out" / "detections.parquet")
    scores = windows.groupby(windows["file"].str.extract(r"([^/]+)\.flac$")[0])["score"].max()
    assert len(scores) == len(clips) > 30 and scores.std() > 0.05
    np.testing.assert_allclose(scores.loc[expected.index], expected, rtol=0, atol=1e-6)
