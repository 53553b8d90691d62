"""The columns onset and end: long recordings are cut where the labels say."""

from __future__ import annotations

import math
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus import audio, quarantine, shards, survey
from chorus.options import parse
from chorus.reading import examine
from chorus.survey import BuiltSurvey, ClipTable, SurveyOptions, read_clip_table
from chorus.survey.cuts import Cut, Span
from chorus.survey.reading import suggest_columns
from chorus.survey.recordings import RecordedClip

RATE = 48_000
MINUTES = 2
CALLS = {12.5: 1.5, 100.0: 3.0, 117.25: 2.75}  # onset -> seconds


def _two_minutes() -> np.ndarray:
    """Faint noise, and three calls of 1 kHz in it."""
    sound = np.random.default_rng(0).normal(0, 0.01, MINUTES * 60 * RATE)
    for onset, seconds in CALLS.items():
        first, count = round(onset * RATE), round(seconds * RATE)
        sound[first : first + count] += 0.3 * np.sin(2 * np.pi * 1000 * np.arange(count) / RATE)
    return sound


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    sound = _two_minutes()
    sf.write(folder / "long.wav", sound, RATE, subtype="PCM_16")
    sf.write(
        folder / "long.flac", np.roll(sound, 7), RATE, subtype="PCM_16"
    )  # no copy of the first
    sf.write(folder / "long.mp3", sound[::-1], RATE)
    sf.write(folder / "slow.wav", sound[: 60 * 32_000], 32_000, subtype="PCM_16")
    return folder


def _table(folder: Path, rows: str, **options: str) -> ClipTable:
    (folder / "clips.csv").write_text(rows, encoding="utf-8")
    return read_clip_table(folder, times=parse(SurveyOptions, options, section="survey").times)


def _survey(
    folder: Path, rows: str, out: Path, earlier: survey.Earlier | None = None
) -> tuple[BuiltSurvey, dict]:
    (folder / "clips.csv").write_text(rows, encoding="utf-8")
    sources, rejected, _ = survey.user_sources(
        folder, parse(SurveyOptions, {"source": str(folder)}, section="survey")
    )
    built = survey.build(sources, out, workers=1, earlier=earlier)
    rejected = quarantine.join(rejected, built.quarantine)
    return built, dict(zip(rejected["source"], rejected["reason"], strict=True))


def _pcm(out: Path, built: BuiltSurvey, source: str) -> np.ndarray:
    clip = built.clips.set_index("source").loc[source]
    return audio.decode_flac(shards.read_member(out / clip["shard"], f"{clip['clip_id']}.flac"))


def test_three_calls_are_cut_out_of_a_longer_file(recordings, tmp_path):
    rows = "".join(
        f"long.wav,positive,{onset},{onset + seconds}\n" for onset, seconds in CALLS.items()
    )
    built, rejected = _survey(recordings, "path,label,onset,end\n" + rows, tmp_path)
    assert rejected == {}
    clips = built.clips.set_index("source")
    assert dict(clips["seconds"]) == {
        "long.wav@12.5-14": "1.500", "long.wav@100-103": "3.000", "long.wav@117.25-120": "2.750",
    }  # fmt: skip
    assert set(clips["recording"]) == {"long.wav"} and set(clips["windows"]) == {1}
    whole = examine(recordings / "long.wav").read()
    for source, (onset, seconds) in zip(
        sorted(clips.index), sorted(CALLS.items(), key=lambda c: str(c[0])), strict=True
    ):
        expected = whole[round(onset * RATE) : round((onset + seconds) * RATE)]
        found = _pcm(tmp_path, built, source)
        np.testing.assert_array_equal(found[: len(expected)], expected)
        assert (
            not found[len(expected) :].any() and np.abs(found[: len(expected)]).mean() > 5_000
        )  # the call is in it


@pytest.fixture(scope="module")
def wholes(recordings):
    """File -> all of it as int16, decoded by libsndfile alone where decoders agree to the last bit."""
    lossless = {
        name: sf.read(recordings / name, dtype="int16")[0] for name in ("long.wav", "long.flac")
    }
    return lossless | {"long.mp3": examine(recordings / "long.mp3").read()}


@settings(max_examples=20, deadline=None)
@given(
    name=st.sampled_from(["long.wav", "long.flac", "long.mp3"]),
    onset=st.floats(0, 119.8),
    seconds=st.floats(0.1, 20),
)
def test_a_cut_is_a_slice_of_the_decoded_whole(recordings, wholes, name, onset, seconds):
    span = Span(onset, min(onset + seconds, 120.0))
    heard = np.concatenate(list(RecordedClip({}, recordings / name, 0.1, span).hear().blocks))
    np.testing.assert_array_equal(
        heard, wholes[name][round(span.onset * RATE) : round(span.end * RATE)]
    )


def test_a_cut_at_another_rate_sounds_as_a_file_of_its_own(recordings, tmp_path):
    sound, _ = sf.read(recordings / "slow.wav", dtype="int16")
    sf.write(tmp_path / "own.wav", sound[10 * 32_000 : 13 * 32_000], 32_000)
    heard = np.concatenate(
        list(RecordedClip({}, recordings / "slow.wav", 0.5, Span(10, 13)).hear().blocks)
    )
    np.testing.assert_array_equal(heard, examine(tmp_path / "own.wav").read())


def test_a_cut_across_the_seam_of_two_recordings_in_one_file(tmp_path):
    parts = [
        np.random.default_rng(seed).integers(-9_000, 9_000, 2 * RATE, dtype=np.int16)
        for seed in (1, 2)
    ]
    for number, part in enumerate(parts):
        sf.write(tmp_path / f"{number}.flac", part, RATE)
    joined = tmp_path / "joined.flac"
    joined.write_bytes(b"".join((tmp_path / f"{number}.flac").read_bytes() for number in (0, 1)))
    recording = examine(joined)
    assert len(recording.parts) == 2
    cut = np.concatenate(list(recording.blocks(1.5, 2.5)))
    np.testing.assert_array_equal(cut, np.concatenate(parts)[int(1.5 * RATE) : int(2.5 * RATE)])


def test_hours_before_a_cut_are_neither_kept_nor_read(tmp_path):
    path = tmp_path / "two hours.wav"
    block = np.random.default_rng(0).integers(-9_000, 9_000, 10 * RATE, dtype=np.int16)
    with sf.SoundFile(path, "w", RATE, 1, subtype="PCM_16") as file:
        for _ in range(60):  # ten minutes: 58 MB of samples, 115 as floats
            file.write(block)
    recording = examine(path)
    tracemalloc.start()
    begun = time.process_time()
    cut = np.concatenate(list(recording.blocks(590.0, 593.0)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
    cutting = time.process_time() - begun
    begun = time.process_time()
    for _ in recording.blocks():
        pass
    assert cutting < (time.process_time() - begun) / 4
    np.testing.assert_array_equal(cut, block[: 3 * RATE])


@pytest.mark.parametrize(
    ("onset", "end", "reason"),
    [
        ("-1", "3", "negative onset: -1"),
        ("3", "-1", "negative end: -1"),
        ("5", "5", "span ends before it begins: onset 5, end 5"),
        ("5", "4.9", "span ends before it begins: onset 5, end 4.9"),
        ("5", "", "an onset without an end: 5"),
        ("", "5", "an end without an onset: 5"),
        ("one", "5", "no number of seconds: onset one (write it as 12.5)"),
        ("0:05", "0:09", "no number of seconds: onset 0:05 (write it as 12.5)"),
        ("nan", "5", "no number of seconds: onset nan (write it as 12.5)"),
        ("0", "inf", "no number of seconds: end inf (write it as 12.5)"),
        ("1_0", "20", "no number of seconds: onset 1_0 (write it as 12.5)"),
        ("٣", "20", "no number of seconds: onset ٣ (write it as 12.5)"),
        ('"1,5"', "4", "no number of seconds: onset 1,5 (write 1.5)"),
        ("0", "1e300", "span beyond the end of the file: end 1e300, and none is longer than 48 h"),
    ],
)
def test_a_bad_span_is_in_quarantine_with_its_reason(recordings, onset, end, reason):
    rows = f"path,label,onset,end\nlong.wav,positive,{onset},{end}\nlong.wav,positive,1e1,12.50\n"
    table = _table(recordings, rows)
    assert table.rejected == [("long.wav", reason)]
    assert table.rows["source"].tolist() == ["long.wav@10-12.5"]


@pytest.mark.parametrize("name", ["long.wav", "long.flac", "long.mp3"])
def test_what_only_the_file_can_tell_is_in_quarantine_too(recordings, tmp_path, name):
    spans = ["119,121", "400,403", "1,1.2", "117,120.03"]  # the last is rounding
    rows = "path,label,onset,end\n" + "".join(f"{name},negative,{span}\n" for span in spans)
    built, rejected = _survey(recordings, rows, tmp_path)
    assert list(built.clips["source"]) == [f"{name}@117-120.03"]
    seconds = examine(recordings / name).seconds
    assert rejected == {
        f"{name}@119-121": f"span beyond the end of the file: it ends at 121 of {seconds:.3f} s",
        f"{name}@400-403": f"span beyond the end of the file: it ends at 403 of {seconds:.3f} s",
        f"{name}@1-1.2": "too short: 0.2 s of at least 0.5 s",
    }


def test_a_damaged_file_gives_no_cuts(recordings, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    whole = (recordings / "long.flac").read_bytes()
    (folder / "cut off.flac").write_bytes(whole[: len(whole) // 2])
    rows = "path,label,onset,end\ncut off.flac,positive,1,4\ncut off.flac,positive,5,8\n"
    built, rejected = _survey(folder, rows, tmp_path / "out")
    assert len(built.clips) == 0 and set(rejected) == {"cut off.flac@1-4", "cut off.flac@5-8"}
    assert len(set(rejected.values())) == 1


def _source(cut: Any) -> str:
    return Cut(cut.file, None if math.isnan(cut.onset) else Span(cut.onset, cut.end)).source


def _kept(folder: Path, *rows: str) -> tuple[set[str], dict[str, str]]:
    table = _table(folder, "path,label,onset,end,role\n" + "\n".join(rows) + "\n")
    sources = set(table.rows["source"])
    assert sources == {_source(cut) for cut in table.cuts.itertuples()}
    assert len(table.rows) + len(table.rejected) == len(rows)
    return sources, dict(table.rejected)


def test_overlapping_spans_with_contradicting_labels_all_go(recordings):
    kept, rejected = _kept(
        recordings,
        "long.wav,positive,10,13,", "long.wav,negative,12,15,", "long.wav,negative,15,18,", "long.wav,positive,30,33,",
        "long.flac,negative,10,13,",
    )  # fmt: skip
    assert kept == {"long.wav@15-18", "long.wav@30-33", "long.flac@10-13"}
    reason = "overlapping spans with contradicting labels"
    assert rejected == {
        "long.wav@10-13": f"{reason}: long.wav@12-15",
        "long.wav@12-15": f"{reason}: long.wav@10-13",
    }


def test_a_whole_file_contradicts_its_pieces(recordings):
    kept, rejected = _kept(
        recordings, "long.wav,negative,,,", "long.wav,positive,30,33,", "long.flac,negative,,,"
    )
    assert kept == {"long.flac"} and set(rejected) == {"long.wav", "long.wav@30-33"}


def test_overlapping_spans_with_one_label_stay_and_labels_outweigh_candidates(recordings):
    kept, rejected = _kept(
        recordings,
        "long.wav,positive,10,13,",
        "long.wav,positive,11,14,",
        "long.wav,,12,15,candidate",
    )
    assert kept == {"long.wav@10-13", "long.wav@11-14"} and set(rejected) == {"long.wav@12-15"}


def test_one_span_listed_twice_counts_once(recordings):
    kept, rejected = _kept(recordings, "long.wav,positive,10,13,", "long.wav,positive,10.0,13.00,")
    assert kept == {"long.wav@10-13"} and rejected == {"long.wav@10-13": "path listed twice"}
    kept, rejected = _kept(recordings, "long.wav,positive,10,13,", "long.wav,negative,10,13,")
    assert kept == set() and rejected == {
        "long.wav@10-13": "path listed twice with contradicting labels"
    }


def _nights(folder: Path, header: str, *rows: str, **options: str) -> list[str]:
    table = _table(folder, f"path,label,onset,end,{header}\n" + "\n".join(rows) + "\n", **options)
    assert table.rejected == []
    return table.rows.sort_values("source")["night"].tolist()


def test_the_night_of_a_cut_is_that_of_its_instant(tmp_path):
    name = "A1_20240312_115000.wav"
    (tmp_path / name).write_bytes(b"sound")
    rows = (f"{name},negative,599,602,", f"{name},negative,600,603,")
    assert _nights(tmp_path, "site", *rows) == ["2024-03-11", "2024-03-12"]
    dated = [
        [row + date for row in rows] for date in ("2024-03-12", "2024-03-11", "2024-03-12 11:50")
    ]
    for rows_with_date in dated:  # the day or the evening of the start, or its time
        assert _nights(tmp_path, "date", *rows_with_date) == ["2024-03-11", "2024-03-12"]
    assert _nights(tmp_path, "date", *(row + "2024-05-01" for row in rows)) == ["2024-05-01"] * 2
    zoned = tmp_path / "A1_20240312_025000Z.wav"
    zoned.write_bytes(b"sound")
    rows = (f"{zoned.name},negative,599,602,", f"{zoned.name},negative,600,603,")
    assert _nights(tmp_path, "site", *rows, time_zone="Asia/Tokyo") == ["2024-03-11", "2024-03-12"]


def test_a_clock_put_forward_in_between_counts(tmp_path):
    """Midnight to noon is eleven hours in the night in which Berlin's clocks are put forward."""
    (tmp_path / "A1_20240331_000000.wav").write_bytes(b"sound")
    (tmp_path / "A1_20240330_230000Z.wav").write_bytes(b"sound")  # the same instant
    for name in ("A1_20240331_000000.wav", "A1_20240330_230000Z.wav"):
        rows = [f"{name},negative,{11 * 3600 + more},{11 * 3600 + more + 3}," for more in (-1, 0)]
        assert _nights(tmp_path, "site", *rows, time_zone="Europe/Berlin") == [
            "2024-03-30",
            "2024-03-31",
        ]


def test_cuts_of_one_file_are_one_recording_and_count_once_for_its_name(tmp_path):
    names = [f"{number:04}_20240312_203000.wav" for number in range(20)]  # counters, no recorders
    for name in names:
        (tmp_path / name).write_bytes(b"sound")
    rows = "".join(
        f"{name},negative,{onset},{onset + 3}\n" for name in names for onset in (0, 10, 20)
    )
    table = _table(tmp_path, "path,label,onset,end\n" + rows)
    assert set(table.rows["recorder"]) == {"unknown"}
    (tmp_path / "long.wav").write_bytes(b"sound")
    table = _table(
        tmp_path,
        "path,label,onset,end,recording\nlong.wav,negative,0,3,\nlong.wav,negative,5,8,mine\n",
    )
    assert set(table.rows["recording"]) == {"long.wav", "mine"}


def test_an_earlier_survey_knows_each_cut_by_itself(recordings, tmp_path):
    earlier = survey.Earlier(tmp_path / "raw", tmp_path / "memory.json")
    rows = "path,label,onset,end\nlong.wav,positive,12.5,15.5\n"
    first, _ = _survey(recordings, rows, earlier.folder, None)
    survey.remember(earlier, first)
    again, _ = _survey(recordings, rows + "long.wav,positive,100,103\n", tmp_path / "next", earlier)
    assert again.read == 1  # only the new cut
    fresh, _ = _survey(recordings, rows + "long.wav,positive,100,103\n", tmp_path / "fresh")
    assert again.clips.equals(fresh.clips) and len(fresh.clips) == 2


def test_a_file_that_changes_is_examined_anew(tmp_path):
    path = tmp_path / "a.wav"
    for seed in (1, 2):
        sound = np.random.default_rng(seed).integers(
            -9_000, 9_000, (seed + 3) * RATE, dtype=np.int16
        )
        sf.write(path, sound, RATE)
        clip = RecordedClip({}, path, 0.5, Span(1, seed + 3))
        np.testing.assert_array_equal(np.concatenate(list(clip.hear().blocks)), sound[RATE:])


def test_an_end_that_is_a_time_of_day_is_no_span(recordings):
    table = _table(
        recordings, "path,label,start,end\nlong.wav,positive,2024-03-12 20:30,2024-03-12 20:35\n"
    )
    assert table.rows["source"].tolist() == ["long.wav"]
    assert table.notes["ignored_columns"] == ["start", "end"] and table.notes["columns_meant"] == {
        "start": "date"
    }
    table = _table(recordings, "path,label,start,end\nlong.wav,positive,12.5,15.5\n")
    assert table.rejected == [("long.wav", "an end without an onset: 15.5")]
    assert table.notes["columns_meant"] == {"start": "onset"}


@pytest.mark.parametrize(
    ("columns", "missing", "meant"),
    [
        (
            ["begin_time_(s)", "end_time_(s)"],
            {"onset", "end"},
            {"begin_time_(s)": "onset", "end_time_(s)": "end"},
        ),
        (["start", "stop"], {"onset", "end", "date"}, {"start": "onset", "stop": "end"}),
        (["start"], {"onset", "date"}, {"start": "onset"}),  # beside a column end
        (["start"], {"onset", "end"}, {}),
        (["start"], {"onset", "end", "date"}, {"start": "date"}),  # seconds since 1970, perhaps
        (["station", "x"], {"onset", "end", "site"}, {"station": "site"}),  # numbered ones
        (["trend", "blend"], {"onset", "end"}, {}),
    ],
)
def test_columns_of_seconds_that_mean_spans_are_named(columns, missing, meant):
    assert suggest_columns(columns, missing, in_seconds=columns) == meant


def test_columns_that_hold_no_seconds_mean_no_spans():
    assert suggest_columns(["start_time", "end_time"], {"onset", "end", "date"}) == {
        "start_time": "date"
    }
