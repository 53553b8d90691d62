"""Shards and table from any sources: independent of order, workers and what an earlier run left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus import audio, shards
from chorus.clips import WINDOW_SAMPLES
from chorus.errors import DataError
from chorus.files import replacing_folder
from chorus.survey import BuiltSurvey, Earlier, build, remember

SRC = Path(audio.__file__).parents[1]


@dataclass(frozen=True)
class Noise:
    """A clip of noise from a seed; a negative seed is unusable."""

    meta: Mapping[str, str]
    seed: int

    def samples(self) -> np.ndarray:
        if self.seed < 0:
            raise DataError(f"unusable: {self.seed}")
        return np.random.default_rng(self.seed).integers(-9, 9, WINDOW_SAMPLES, dtype=np.int16)

    def hear(self) -> audio.Heard:
        return audio.Heard([self.samples()])

    def identity(self) -> str:
        return ""

    def version(self) -> None:
        """There is no file."""


class Known(Noise):
    """A clip that can be told by its seed."""

    def identity(self) -> str:
        return str(self.seed)


def _known(seed: int, source: str = "", **meta: str) -> Known:
    clip = _clip(seed, source, **meta)
    return Known(clip.meta, clip.seed)


def _clip(seed: int, source: str = "", **meta: str) -> Noise:
    row = {
        "label": "negative", "quality": "", "call_type": "", "site": "Pond", "recorder": "M1", "night": "2024-03-12",
        "recording": "r", "role": "labelled", "split": "", "source": source or f"{seed:03d}.wav",
    }  # fmt: skip
    return Noise(row | meta, seed)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _equal(one: BuiltSurvey, other: BuiltSurvey) -> None:
    pd.testing.assert_frame_equal(one.clips, other.clips)
    pd.testing.assert_frame_equal(one.quarantine, other.quarantine)


def test_one_shard_a_recorder_and_night(tmp_path):
    sources = [
        _clip(1),
        _clip(2),
        _clip(3, night=""),
        _clip(4, recorder="M 2"),
        _clip(5, night="2024-03-13"),
    ]
    built = build(sources, tmp_path, workers=1)
    assert {path.name for path in tmp_path.iterdir()} == {
        "M1_20240312.tar", "M1.tar", "M-2_20240312.tar", "M1_20240313.tar",
    }  # fmt: skip
    for source in sources:
        row = built.clips[built.clips["source"] == source.meta["source"]].iloc[0]
        assert row["clip_id"] == f"{Path(row['shard']).stem}_{row['sha256'][:12]}"
        pcm = audio.decode_flac(
            shards.read_member(tmp_path / row["shard"], f"{row['clip_id']}.flac")
        )
        np.testing.assert_array_equal(pcm, source.samples())
        assert {key: row[key] for key in source.meta} == source.meta
    assert list(built.clips["clip_id"]) == sorted(built.clips["clip_id"])


def test_a_new_night_leaves_the_other_shards_as_they_were(tmp_path):
    sources = _three_nights()
    build(sources, tmp_path, workers=1)
    before = _bytes(tmp_path)
    build([*sources, _clip(7, night="2024-04-01"), _clip(8, recorder="M2")], tmp_path, workers=1)
    after = _bytes(tmp_path)
    assert set(after) - set(before) == {"M1_20240401.tar", "M2_20240312.tar"}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    ("copies", "kept", "reasons"),
    [
        ([_clip(1, "b"), _clip(1, "a")], ["a"], {"b": "same audio as another clip: a"}),
        (
            [_clip(1, "a", night="2024-03-13"), _clip(1, "b")],
            ["a"],
            {"b": "same audio as another clip: a"},
        ),
        (
            [_clip(1, "a"), _clip(1, "b", label="positive"), _clip(1, "c", recorder="M2")],
            [],
            {
                "a": "same audio with contradicting labels: b, c",
                "b": "same audio with contradicting labels: a, c",
                "c": "same audio with contradicting labels: a, b",
            },
        ),
        (
            [_clip(1, "a"), _clip(1, "b", site="Creek"), _clip(1, "c", site="pond ")],
            [],
            {
                "a": "same audio with contradicting sites: b, c",
                "b": "same audio with contradicting sites: a, c",
                "c": "same audio with contradicting sites: a, b",
            },
        ),
        (
            [_clip(1, "a", site="unknown"), _clip(1, "b")],
            ["b"],
            {"a": "same audio as another clip: b"},
        ),
        ([_clip(1, "a", night=""), _clip(1, "b")], ["b"], {"a": "same audio as another clip: b"}),
        (
            [_clip(1, "b", role="candidate"), _clip(1, "a", role="candidate")],
            ["a"],
            {"b": "same audio as another clip: a"},
        ),
        (
            [_clip(1, "a", role="candidate", recorder="M9"), _clip(1, "b", label="positive")],
            ["b"],
            {"a": "same audio as another clip: b"},
        ),
    ],
)
def test_the_same_audio_is_in_the_survey_once(tmp_path, copies, kept, reasons):
    other = _clip(2, "other")
    built = build([*copies, other], tmp_path, workers=1)
    assert sorted(built.clips["source"]) == sorted([*kept, "other"])
    assert dict(zip(built.quarantine["source"], built.quarantine["reason"], strict=True)) == reasons
    members = [name for path in tmp_path.iterdir() for name, _ in shards.read_shard(path)]
    assert sorted(members) == sorted(f"{clip_id}.flac" for clip_id in built.clips["clip_id"])


def test_a_big_night_is_read_in_parts_and_lies_in_one_shard(tmp_path, monkeypatch):
    sources = [_clip(seed) for seed in range(7)] + [_clip(3, "copy.wav")]
    whole = build(sources, tmp_path / "whole", workers=1)
    monkeypatch.setattr("chorus.survey.packing._PART_CLIPS", 2)
    parts = build(sources, tmp_path / "parts", workers=1)
    _equal(whole, parts)
    assert _bytes(tmp_path / "whole") == _bytes(tmp_path / "parts")
    assert len(list(shards.read_shard(tmp_path / "parts" / "M1_20240312.tar"))) == 7


def test_unusable_clips_are_kept_out_with_their_reason(tmp_path):
    done: list[int] = []
    built = build(
        [_clip(1), _clip(-5), _clip(-6, recorder="M2")], tmp_path, workers=1, progress=done.append
    )
    assert built.quarantine[["source", "reason"]].values.tolist() == [
        ["-05.wav", "unusable: -5"],
        ["-06.wav", "unusable: -6"],
    ]
    assert len(built.clips) == 1 and [path.name for path in tmp_path.iterdir()] == [
        "M1_20240312.tar"
    ]
    assert sum(done) == 3


def test_nothing_usable_gives_an_empty_table(tmp_path):
    built = build([_clip(-1)], tmp_path, workers=1)
    assert len(built.clips) == 0 and len(built.quarantine) == 1 and list(tmp_path.iterdir()) == []
    assert len(build([], tmp_path, workers=1).clips) == 0


def test_what_an_earlier_run_left_does_not_show(tmp_path):
    sources = _three_nights()
    clean = build(sources, tmp_path / "clean", workers=1)
    dirty = tmp_path / "dirty"
    (dirty / ".parts").mkdir(parents=True)
    for name in (
        "M1_20240301.tar",
        "gone_20200101.tar",
        ".M1_20240302.tar.x1.tar",
        ".parts/0_M1_20240301.tar",
    ):
        (dirty / name).write_bytes(b"half")
    _equal(clean, build(sources, dirty, workers=1))
    assert _bytes(dirty) == _bytes(tmp_path / "clean")


@dataclass(frozen=True)
class Silences:
    """A clip of windows that hold noise (True) or nothing."""

    meta: Mapping[str, str]
    windows: tuple[bool, ...]

    def hear(self) -> audio.Heard:
        noise = _clip(1).samples()
        return audio.Heard(
            [noise if sounding else 0 * noise + 5 for sounding in self.windows], ("clipped: a bit",)
        )

    def identity(self) -> str:
        return ""

    def version(self) -> None:
        """There is no file."""


def test_windows_of_digital_silence_are_left_out_and_counted(tmp_path):
    sources = [
        Silences(_clip(1, "a").meta, (False, True, False, True, False)),
        Silences(_clip(1, "b").meta, (False, False)),
        Silences(_clip(1, "c").meta, (True, True, True)),
    ]
    built = build(sources, tmp_path, workers=1)
    assert built.clips.set_index("source")["windows"].to_dict() == {"a": 2, "c": 3}
    assert built.clips["seconds"].tolist() in (["6.000", "9.000"], ["9.000", "6.000"])
    assert built.quarantine[["source", "reason"]].values.tolist() == [["b", "silent"]]
    assert built.remarks[["source", "remark"]].values.tolist() == [
        ["a", "clipped: a bit"],
        ["a", "silent windows: 3 of 5 are digital silence (zeros), left out"],
        ["c", "clipped: a bit"],
    ]
    shard = tmp_path / "M1_20240312.tar"
    lengths = {name: len(audio.decode_flac(data)) for name, data in shards.read_shard(shard)}
    clips = built.clips.set_index("source")["clip_id"]
    assert lengths == {
        f"{clips['a']}.flac": 2 * WINDOW_SAMPLES,
        f"{clips['c']}.flac": 3 * WINDOW_SAMPLES,
    }


def _again(folder: Path, sources: list[Noise], **options: object) -> BuiltSurvey:
    """Build in a folder that knows what was built there before."""
    earlier = Earlier(folder / "raw", folder / "memory.json")
    with replacing_folder(folder / "raw") as raw:
        built = build(sources, raw, workers=1, earlier=earlier, **options)
    remember(earlier, built)
    return built


def _nights(count: int) -> list[Known]:
    clips = [_known(seed, night=f"2024-03-{1 + seed % count:02d}") for seed in range(3 * count)]
    return [*clips, _known(-1, night="2024-03-01")]


def test_what_is_known_is_not_read_again(tmp_path):
    sources = _nights(3)
    first = _again(tmp_path, sources)
    assert first.read == len(sources)
    places = {path.name: path.stat().st_ino for path in (tmp_path / "raw").iterdir()}
    new = [_known(50, night="2024-04-01"), _known(51, night="2024-03-02")]
    second = _again(tmp_path, [*sources, *new])
    assert second.read == 2
    kept = {
        path.name
        for path in (tmp_path / "raw").iterdir()
        if places.get(path.name) == path.stat().st_ino
    }
    assert kept == {"M1_20240301.tar", "M1_20240303.tar"}
    _equal(second, build([*sources, *new], tmp_path / "clean", workers=1))
    assert _bytes(tmp_path / "raw") == _bytes(tmp_path / "clean")


@pytest.mark.parametrize(
    "change", ["damaged shard", "missing shard", "other parameters", "damaged memory", "no memory"]
)
def test_what_is_not_certain_is_read_again(tmp_path, change):
    sources = _nights(2)
    _again(tmp_path, sources)
    shard, memory = tmp_path / "raw" / "M1_20240301.tar", tmp_path / "memory.json"
    if change == "damaged shard":
        damaged = bytearray(shard.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        shard.write_bytes(damaged)
    elif change == "missing shard":
        shard.unlink()
    elif change == "damaged memory":
        memory.write_bytes(memory.read_bytes()[:-9])
    elif change == "no memory":
        memory.unlink()
    options = {"padding": "repeat"} if change == "other parameters" else {}
    again = _again(tmp_path, sources, **options)
    assert again.read == (4 if "shard" in change else len(sources))
    _equal(again, build(sources, tmp_path / "clean", workers=1, **options))
    assert _bytes(tmp_path / "raw") == _bytes(tmp_path / "clean")


def test_a_copy_that_was_left_out_is_read_when_the_other_goes(tmp_path):
    both = [
        _known(1, "a"),
        _known(2, "b"),
        _known(1, "c", night="2024-03-13"),
        _known(3, "d", night="2024-03-13"),
    ]
    assert list(_again(tmp_path, both).quarantine["source"]) == ["c"]
    built = _again(tmp_path, both[1:])
    assert built.read == 1 and sorted(built.clips["source"]) == ["b", "c", "d"]
    build(both[1:], tmp_path / "clean", workers=1)
    assert _bytes(tmp_path / "raw") == _bytes(tmp_path / "clean")


@settings(max_examples=25, deadline=None)
@given(
    surveys=st.lists(
        st.lists(
            st.builds(
                _known,
                st.integers(-1, 4),
                source=st.sampled_from(["a", "b", "c", "d"]),
                label=st.sampled_from(["positive", "negative"]),
                night=st.sampled_from(["2024-03-11", "2024-03-12"]),
            ),
            max_size=6,
        ),
        min_size=2,
        max_size=3,
    )
)
def test_whatever_came_before_does_not_show(tmp_path_factory, surveys):
    folder = tmp_path_factory.mktemp("known")
    for sources in surveys:
        built = _again(folder, sources)
    _equal(built, build(surveys[-1], folder / "clean", workers=1))
    assert _bytes(folder / "raw") == _bytes(folder / "clean")


_STOPPED_RUN = """
import sys, time
from pathlib import Path
from test_packing import _three_nights
from chorus.survey import build, packing

def stop(*_):
    print("stopped", flush=True)
    time.sleep(60)

if sys.argv[2] == "packing":
    write = packing.write_shard
    packing.write_shard = lambda *arguments: stop(write(*arguments))
build(_three_nights(), Path(sys.argv[1]), workers=1, progress=stop if sys.argv[2] == "reading" else None)
"""


def _three_nights() -> list[Noise]:
    return [_clip(seed, night=f"2024-03-{1 + seed % 3:02d}") for seed in range(6)]


@pytest.mark.parametrize("moment", ["reading", "packing"])
def test_a_killed_run_is_made_good_by_the_next(tmp_path, moment):
    killed, clean = tmp_path / "killed", tmp_path / "clean"
    process = subprocess.Popen(
        [sys.executable, "-c", _STOPPED_RUN, killed, moment],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SRC), str(Path(__file__).parent)])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"stopped\n"
    process.kill()
    process.wait()
    assert (killed / ".parts").is_dir() and len(list(killed.glob("M1_*.tar"))) == (
        moment == "packing"
    )
    _equal(build(_three_nights(), killed, workers=1), build(_three_nights(), clean, workers=1))
    assert _bytes(killed) == _bytes(clean)


_SOURCES = st.lists(
    st.builds(
        _clip,
        st.integers(-1, 3),
        source=st.sampled_from(["a", "b", "c"]),
        label=st.sampled_from(["positive", "negative"]),
        role=st.sampled_from(["labelled", "candidate"]),
        recorder=st.sampled_from(["M1", "M-1", "M 1"]),
        night=st.sampled_from(["", "2024-03-12"]),
    ),
    max_size=7,
)


@settings(max_examples=25, deadline=None)
@given(sources=_SOURCES, data=st.data())
def test_every_clip_is_accounted_for_whatever_the_order(tmp_path_factory, sources, data):
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    built = build(sources, first, workers=1)
    _equal(built, build(data.draw(st.permutations(sources)), second, workers=1))
    assert _bytes(first) == _bytes(second)
    assert len(built.clips) + len(built.quarantine) == len(sources)
    assert built.clips["sha256"].is_unique
    members = {(path.name, name) for path in first.iterdir() for name, _ in shards.read_shard(path)}
    assert members == {(row.shard, f"{row.clip_id}.flac") for row in built.clips.itertuples()}
