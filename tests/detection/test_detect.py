"""`chorus detect`: the tables, what is refused, and that nothing is lost or doubled however it is stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from chorus.commands import main
from chorus.detection import cutting as cutting_module
from chorus.detection import work
from chorus.detection.detect import KNOWN, Options, Summary, detect
from chorus.errors import DataError, ModelError, ParameterError
from chorus.experiments.models import find_detector
from chorus.files import read_json
from chorus.reading.spool import Spool
from chorus.season.detections import DETECTIONS, EVENTS, RECORDINGS, TABLES, read
from chorus.survey.timing import TimeRules
from chorus.survey.zones import parse_zone
from detectors import keep, made_up_head, write_sound

SRC = Path(__file__).parents[2] / "src"
RESULTS = [f"{table}.{kind}" for table in TABLES for kind in ("parquet", "csv")] + [
    "not_heard.csv",
    "model.json",
]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return keep(made_up_head(), tmp_path_factory.mktemp("study"))


@pytest.fixture
def run(models, tmp_path, one_thread, monkeypatch):
    """Detects in tmp_path/season; returns the folder of results, or what was counted."""
    monkeypatch.chdir(tmp_path)

    def detected(
        *paths: str,
        out: str = "out",
        rules: TimeRules | None = None,
        sites: Path | None = None,
        counted: bool = False,
        **options,
    ):
        given = [Path(path) for path in paths or ("season",)]
        detector = find_detector(str(models))
        rules = rules or TimeRules()
        summary = detect(
            given,
            Path(out),
            detector,
            Options(**options),
            rules,
            one_thread,
            workers=2,
            sites=sites,
        )
        return summary if counted else Path(out)

    return detected


def _bytes(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


def test_where_and_when_it_calls(run):
    write_sound(Path("season/Pond/Moth11_20240312_115954.wav"), 10.0, seed=1)
    write_sound(Path("season/Creek/below/Moth08_20240312_203000.flac"), 4.0, seed=2, rate=32_000)
    write_sound(Path("season/20240312T203000Z.wav"), 3.0, seed=3)
    write_sound(Path("season/Creek/._Moth08_20240312_203000.flac"), 3.0, format="FLAC")
    Path("season/notes.txt").write_text("rain")
    out = run(rules=TimeRules(zone=parse_zone("Europe/Paris"), clock=parse_zone("UTC")))
    windows, recordings = read(out, "detections"), read(out, "recordings")
    assert list(windows) == list(DETECTIONS) and list(recordings) == list(RECORDINGS)
    pond = windows[windows["site"] == "Pond"]
    assert pond["start"].tolist() == [0, 3, 6, 9] and pond["end"].tolist() == [3, 6, 9, 10]
    assert pond["night"].tolist() == ["2024-03-12"] * 4  # UTC noon is 13:00 in Paris
    assert pond["local_time"].iloc[1] == pd.Timestamp("2024-03-12 12:59:57")
    assert set(pond["recorder"]) == {"Moth11"}
    by_file = recordings.set_index("file")
    assert by_file["windows"].to_dict() == {
        "season/20240312T203000Z.wav": 1,
        "season/Creek/below/Moth08_20240312_203000.flac": 2,
        "season/Pond/Moth11_20240312_115954.wav": 4,
    }
    assert by_file["site"].tolist() == ["", "Creek", "Pond"]
    assert by_file["seconds"].tolist() == [3, 4, 10]
    np.testing.assert_array_equal(windows["detected"], windows["score"] >= 0.5)
    assert windows["probability"].isna().all()


def test_a_recording_across_noon_has_a_row_for_each_night(run):
    write_sound(Path("season/Moth11_20240312_115954.wav"), 10.0)
    rows = read(run(), "recordings")
    assert rows["night"].tolist() == ["2024-03-11", "2024-03-12"]
    assert rows["windows"].tolist() == [2, 2] and rows["seconds"].tolist() == [6, 4]


def test_times_that_clocks_skip_or_show_twice_are_named(run):
    for stamp in ("20240331_023000", "20241027_023000", "20240331_013000", "20240331_033000"):
        write_sound(Path(f"season/Moth11_{stamp}.wav"), 6.0)
    paris, winter = parse_zone("Europe/Paris"), parse_zone("+01:00")
    found = run(rules=TimeRules(zone=paris), counted=True)
    named = [f"season/Moth11_{stamp}.wav" for stamp in ("20240331_023000", "20241027_023000")]
    assert found.at_change == named
    assert any(f"twice, {', '.join(named)}: taken as" in said for said in found.in_words())
    for rules in (TimeRules(zone=paris, clock=winter), TimeRules()):
        assert run(rules=rules, counted=True).at_change == []


def test_the_csv_holds_the_same_rows(run):
    write_sound(Path("season/Moth11_20240312_203000.wav"), 30.0)
    out = run(overlap=1.5)
    for name in TABLES:
        table, text = read(out, name), pd.read_csv(out / f"{name}.csv", keep_default_na=False)
        assert list(text) == list(table) and len(text) == len(table) > 0
        np.testing.assert_array_equal(text["file"], table["file"])
        assert text["local_time"].iloc[0] == "2024-03-12T20:30:00"
    windows = pd.read_csv(out / "detections.csv")
    np.testing.assert_allclose(windows["score"], read(out, "detections")["score"], atol=5e-7)
    assert windows["start"].diff().dropna().unique().tolist() == [1.5]


def test_events_are_neighbouring_detections(run):
    write_sound(Path("season/Moth11_20240312_203000.wav"), 120.0)
    out = run()
    windows, events = read(out, "detections"), read(out, "events")
    called = windows[windows["detected"]]
    runs = (windows["detected"] & ~windows["detected"].shift(fill_value=False)).sum()
    assert len(events) == runs > 1 and list(events) == list(EVENTS)
    assert events["windows"].sum() == len(called)
    for event in events.itertuples():
        inside = called[called["start"].between(event.start, event.end - 1e-9)]
        assert event.score == inside["score"].max() and event.windows == len(inside)
    assert len(read(run(gap=1e6), "events")) == 1


def test_a_minimum_score_leaves_rows_out_and_counts_them_all_the_same(run):
    write_sound(Path("season/a.wav"), 60.0)
    least = 0.80000004  # more digits than other numbers keep: thresholds are compared with it
    everything, best = read(run(), "detections"), read(run(min_score=least), "detections")
    assert read_json("out/model.json")["options"]["min_score"] == least
    expected = everything[everything["score"] >= least].reset_index(drop=True)
    pd.testing.assert_frame_equal(best, expected)
    assert 0 < len(best) < len(everything) == read(Path("out"), "recordings")["windows"].sum()


def test_damaged_files_are_named_and_nothing_else_is_lost(run):
    whole = write_sound(Path("season/good.wav"), 9.0).read_bytes()
    Path("season/cut.wav").write_bytes(whole[: len(whole) // 2])
    Path("season/empty.wav").write_bytes(b"")
    Path("season/text.flac").write_text("not a sound")
    Path("season/phone.m4a").write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0")
    write_sound(Path("season/short.wav"), 0.2)
    Path("season/gone.wav").symlink_to("nowhere")
    os.mkfifo("season/pipe.wav")  # whoever opens it waits for ever
    out = run()
    refused = pd.read_csv(out / "not_heard.csv", index_col="file")["reason"]
    reasons = {Path(file).name: reason.split(":")[0] for file, reason in refused.items()}
    assert reasons.keys() == {
        "cut.wav",
        "empty.wav",
        "text.flac",
        "phone.m4a",
        "short.wav",
        "gone.wav",
        "pipe.wav",
    }
    assert reasons["pipe.wav"] == "no file"
    assert reasons["empty.wav"] == "empty file" and reasons["short.wav"] == "too short"
    assert read(out, "recordings")["windows"].to_dict() == {0: 3}


def test_neither_pieces_nor_batches_show_in_the_results(run, monkeypatch):
    write_sound(Path("season/a.wav"), 60.0)
    expected = _bytes(run(out="whole"))
    monkeypatch.setattr(cutting_module, "PIECE_WINDOWS", 3)
    assert _bytes(run(out="pieces", batch=2)) == expected


def test_only_a_new_recording_is_scored(run, monkeypatch):
    write_sound(Path("season/a.wav"), 9.0)
    run()
    write_sound(Path("season/copies/b.wav"), 9.0)  # of the same content
    write_sound(Path("season/c.wav"), 6.0, seed=5)
    scored = []
    score = work.score
    monkeypatch.setattr(
        work, "score", lambda *given: scored.append(given[0].path.name) or score(*given)
    )
    found = run(counted=True)
    assert len(read(Path("out"), "recordings")) == 3
    assert scored == ["c.wav"]
    assert found.copies == ["season/copies/b.wav"]
    assert any("1 recordings hold the same bytes as another" in said for said in found.in_words())


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_a_compressed_recording_is_decoded_once_and_gets_the_same_scores(run, monkeypatch, suffix):
    write_sound(Path(f"season/a.{suffix}"), 30.0, rate=44_100)
    write_sound(Path("season/stereo.flac"), 10.0, seed=3)
    Path("season/cut.flac").write_bytes(Path("season/stereo.flac").read_bytes()[:9000])
    monkeypatch.setattr(cutting_module, "PIECE_WINDOWS", 4)
    with monkeypatch.context() as patch:
        patch.setattr(work, "DEAR", ())
        expected = _bytes(run(out="twice"))
    heard = []
    score = work.score
    monkeypatch.setattr(
        work, "score", lambda *given: heard.append(str(given[0].path)) or score(*given)
    )
    assert _bytes(run(out="once")) == expected
    assert heard and all(path.startswith("/dev/fd/") for path in heard)
    heard.clear()
    Path("season/copies").mkdir()
    shutil.copy(f"season/a.{suffix}", f"season/copies/b.{suffix}")
    assert len(read(run(out="once"), "recordings")) == 3 and not heard
    monkeypatch.setattr(work, "Spool", lambda: Spool(most_bytes=1000))
    assert _bytes(run(out="too_long")) == _bytes(Path("once"))
    assert not any(path.startswith("/dev/fd/") for path in heard)


def test_a_flac_file_of_any_length_is_decoded_once(run, monkeypatch):
    """Longer than the spool: pieces are scored as they come, and dropped if the rest is not as it seemed."""
    write_sound(Path("season/long.flac"), 45.0, rate=44_100)
    loud = np.random.default_rng(1).normal(0, 0.1, 45 * 24_000)
    sf.write("season/dead.flac", np.stack([loud, 0 * loud], axis=1), 24_000)
    sf.write("season/three.flac", np.stack([loud, 0 * loud, loud[::-1]], axis=1), 24_000)
    died = loud * (np.arange(len(loud)) < len(loud) * 0.6)
    sf.write("season/dies.flac", np.stack([loud, died * 0.011], axis=1), 24_000)
    damaged = bytearray(Path("season/long.flac").read_bytes())
    damaged[-60_000:-59_000] = bytes(1000)
    Path("season/damaged.flac").write_bytes(damaged)
    monkeypatch.setattr(cutting_module, "PIECE_WINDOWS", 2)
    with monkeypatch.context() as patch:
        patch.setattr(work, "DEAR", ())
        expected = _bytes(run(out="twice"))
    assert b"damaged.flac" in expected["not_heard.csv"]
    monkeypatch.setattr(work, "Spool", lambda: Spool(most_bytes=2_000_000))  # 23 s
    examined, scored = _listened(monkeypatch)
    assert _bytes(run(out="once")) == expected
    names = ["damaged.flac", "dead.flac", "dies.flac", "long.flac", "three.flac"]
    assert sorted(examined) == names
    # one that becomes quiet on the way counts until then: only at its end is it known to be dead
    assert {name for name in scored if name.endswith(".flac")} == {"dies.flac"}
    assert scored.count("dies.flac") == 8
    few = _bytes(
        run("season/long.flac", out="few")
    )  # fewer files than workers: pieces side by side
    assert scored.count("long.flac") == 8
    assert few == _bytes(run("season/long.flac", out="again", batch=3))


def _listened(monkeypatch) -> tuple[list[str], list[str]]:
    """The files that are examined from now on, and those of which a piece is decoded once more."""
    examined, scored = [], []
    examine, score = work.examine_file, work.score

    def examining(path, *given):
        examined.append(path.name)
        return examine(path, *given)

    def scoring(recording, *given):
        scored.append(recording.path.name)
        return score(recording, *given)

    monkeypatch.setattr(work, "examine_file", examining)
    monkeypatch.setattr(work, "score", scoring)
    return examined, scored


@pytest.mark.parametrize("changed", ["size", "inode", "mtime", "ctime"])
def test_a_disk_that_is_mounted_again_is_not_read_again(run, monkeypatch, changed):
    """FAT and exFAT number their files anew; another size or time is another file."""
    write_sound(Path("season/a.wav"), 6.0)
    state = {"size": 1, "inode": 2, "mtime": 3, "ctime": 4}
    for module in ("work", "store"):
        monkeypatch.setattr(f"chorus.detection.{module}.version_of", lambda _: list(state.values()))
    run()
    examined, _ = _listened(monkeypatch)
    state[changed] = 5
    run()
    assert examined == ([] if changed == "inode" else ["a.wav"])


def test_damaged_remains_are_computed_again(run):
    write_sound(Path("season/a.wav"), 9.0)
    expected = _bytes(run())
    (unit,) = Path("out", KNOWN, "logits").rglob("*.npy")
    unit.write_bytes(unit.read_bytes()[:-4])
    assert _bytes(run()) == expected


def test_tables_of_recordings_that_are_gone_are_named_and_stay(run):
    write_sound(Path("season/a.wav"), 6.0)
    write_sound(Path("season/b.wav"), 6.0, seed=1)
    first = run(formats=("raven", "kaleidoscope"), counted=True)
    assert first.of_before == [] and first.gone == []
    Path("season/a.wav").unlink()
    Path("season/b.wav").write_bytes(b"")  # told in not_heard.csv, and not gone
    table = Path("out/raven/season/a.wav.selections.txt")
    before = table.read_text()
    Path("out/raven/notes.txt").write_text("of a person")
    again = run(formats=("raven",), counted=True)
    raven = ["raven/season/a.wav.selections.txt", "raven/season/b.wav.selections.txt"]
    assert again.of_before == ["kaleidoscope.csv", *raven]
    assert again.gone == ["season/a.wav"]
    assert any(
        "1 recordings are not in these: season/a.wav" in sentence for sentence in again.in_words()
    )
    assert table.read_text() == before
    (said,) = [sentence for sentence in again.in_words() if "earlier run" in sentence]
    assert said.endswith(f": {', '.join(again.of_before)}")
    assert run(counted=True).gone == []


def test_sites_by_a_table(run):
    write_sound(Path("season/Moth11_20240312_203000.wav"), 3.0)
    write_sound(Path("season/Moth12_20240312_203000.wav"), 3.0)
    Path("sites.csv").write_text("recorder,site\nMoth11,Sylvan Pond\n")
    assert read(run(sites=Path("sites.csv")), "detections")["site"].tolist() == ["Sylvan Pond", ""]
    Path("sites.csv").write_text("recorder,site\nMoth11,A\nMoth11,B\n")
    with pytest.raises(DataError, match="'Moth11' two sites"):
        run(sites=Path("sites.csv"))
    # as a spreadsheet writes it in half of Europe
    Path("sites.csv").write_bytes("\ufeffRecorder;Site\r\nMoth12 ;Étang\r\nmoth11;A\r\n".encode())
    found = run(sites=Path("sites.csv"), counted=True)
    assert read(Path("out"), "detections")["site"].tolist() == ["", "Étang"]
    assert found.not_in_sites == ["Moth11"] and found.not_here == ["moth11"]
    said = " ".join(found.in_words())
    assert "no line of the recorders Moth11:" in said and "names moth11, which recorded no" in said
    Path("sites.csv").write_bytes(b"recorder,site\nMoth11,Caf\xe9\n")
    with pytest.raises(DataError, match=r"sites\.csv is not in UTF-8: save it as CSV in UTF-8"):
        run(sites=Path("sites.csv"))


def test_what_cannot_be_is_refused_before_any_work(run):
    with pytest.raises(DataError, match="there is no season"):
        run()
    Path("season").mkdir()
    with pytest.raises(DataError, match="no recordings in season: it is empty"):
        run()
    Path("season/notes.txt").write_text("rain")
    with pytest.raises(DataError, match="no recordings in season: 1 other files"):
        run()
    with pytest.raises(ParameterError, match="min_score: 2 is not allowed: from 0 to 1"):
        run(min_score=2)
    with pytest.raises(ParameterError, match=r"band: 660,270 is not allowed: .* the lower one"):
        run(band=(660.0, 270.0))
    with pytest.raises(ParameterError, match="'ravens' is not allowed: raven, audacity"):
        run(formats=("ravens",))


def test_a_model_that_does_not_fit_is_refused(tmp_path, models):
    weights = models / "detector.safetensors"
    about = json.loads((models / "detector.json").read_text())
    for name, change, words in (
        (
            "encoder",
            {"encoder_id": "birdnet-static1-000000000000"},
            "but the one here is 'birdnet-static1-55f3",
        ),
        ("unknown", {"encoder_id": "yamnet-1"}, "of no encoder that is known here"),
        ("edited", {"weights_sha256": "0" * 64}, "damaged, or belongs to another"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "detector.safetensors").write_bytes(weights.read_bytes())
        (folder / "detector.json").write_text(json.dumps(about | change))
        with pytest.raises(ModelError, match=words):
            find_detector(str(folder))
    (tmp_path / "edited" / "detector.safetensors").unlink()
    with pytest.raises(ModelError, match="should hold one head"):
        find_detector(str(tmp_path / "edited"))


def test_several_classes(tmp_path, one_thread):
    models = keep(made_up_head(("coast", "hills", "north")), tmp_path, threshold=None)
    write_sound(tmp_path / "a.wav", 60.0)
    detector = find_detector(str(models))
    out = tmp_path / "out"
    detect([tmp_path / "a.wav"], out, detector, Options(), TimeRules(), one_thread, workers=1)
    windows = read(out, "detections")
    assert (
        len(set(windows["label"])) > 1
        and (windows["score"] > 1 / 3).all()
        and windows["detected"].all()
    )
    changes = (windows["label"] != windows["label"].shift()).sum()
    assert len(read(out, "events")) == changes


def test_killed_again_and_again_it_loses_and_doubles_nothing(tmp_path, models, run):
    """Recordings and a hostile one, three kills, and the bytes of a run that nobody disturbed."""
    season = tmp_path / "season"
    for number in range(20):
        write_sound(season / f"Moth{number % 3}_20240312_20{number:02d}00.wav", 15.0, seed=number)
    hostile = season / "Moth9_20240312_230000.wav"
    hostile.write_bytes((season / "Moth0_20240312_200000.wav").read_bytes()[:100_000])
    broken = tmp_path / "broken"
    known = 0
    for _ in range(3):
        process = _start(models, tmp_path, broken)
        known = _kill_after(process, broken, known + 3)
    assert not (broken / "detections.parquet").exists() and known < 20
    main(["detect", str(models), "season", "--out", str(broken), "--workers", "1"])
    assert _bytes(broken) == _bytes(run(out="whole"))
    windows = read(broken, "detections")
    assert windows.groupby("file").size().tolist() == [5] * 20
    assert not windows.duplicated(["file", "start"]).any()
    assert len(pd.read_csv(broken / "not_heard.csv")) == 1


def _start(models: Path, folder: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "chorus",
        "detect",
        str(models),
        "season",
        "--out",
        str(out),
        "--workers",
        "2",
    ]
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=folder, env=environment, **quiet)


def _kill_after(process: subprocess.Popen[bytes], out: Path, units: int) -> int:
    """Kill it as soon as so many units of work are known; returns how many are."""
    while len(list((out / KNOWN / "logits").rglob("*.npy"))) < units and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return len(list((out / KNOWN / "logits").rglob("[!.]*.npy")))


def test_a_few_reasons_are_named_and_the_others_counted():
    reasons = Counter({"silent": 4, "cut off": 3, "no audio": 2, "empty file": 1, "damaged": 1})
    said = Summary(reasons=reasons).in_words()[1]
    assert said.startswith(
        "11 files could not be used: silent (4), cut off (3), no audio (2), others (2)"
    )
    assert "others" not in Summary(reasons=Counter({"silent": 4})).in_words()[1]


def test_the_command(tmp_path, models, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_sound(Path("season/Pond/Moth11_20240312_203000.wav"), 9.0)
    Path("season/bad.wav").write_bytes(b"RIFF")
    arguments = [
        "--workers",
        "1",
        "--format",
        "raven,kaleidoscope",
        "--species",
        "Rana draytonii_Red-legged frog",
    ]
    main(["detect", str(models), "season", *arguments])
    said = capsys.readouterr().out
    assert "CC BY-NC-SA" in said and "1 recordings, 0.0 hours, 3 windows" in said
    assert "1 files could not be used" in said
    assert Path("detections/raven/season/Pond/Moth11_20240312_203000.wav.selections.txt").is_file()
    with pytest.raises(SystemExit, match="error: nowhere is no folder with a head"):
        main(["detect", "nowhere", "season"])
