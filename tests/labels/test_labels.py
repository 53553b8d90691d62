"""Labels of other programs, as they come and as they should not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from chorus.commands import main
from chorus.errors import ChorusError, DataError, ParameterError
from chorus.files import read_csv
from chorus.labels import Wishes, collect
from chorus.labels.collect import sounds_below, tables_in

ALL = Wishes(positive=("RADR",), negative=("*",))
RAVEN = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tSpecies\n"


def sound(folder: Path, name: str = "A1_20240312_203000.wav", seconds: float = 60.0) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1).integers(-9_000, 9_000, int(seconds * 8_000), dtype=np.int16)
    sf.write(path, noise, 8_000)
    return path


def spans(folder: Path, wishes: Wishes = ALL) -> list[tuple[str, str, str]]:
    clips = collect(folder, tables_in([folder]), wishes).clips
    return list(zip(clips["label"], clips["onset"], clips["end"], strict=True))


def refused(folder: Path, wishes: Wishes = ALL) -> list[tuple[str, str]]:
    return [
        (one.source, one.reason) for one in collect(folder, tables_in([folder]), wishes).refused
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sound(tmp_path)
    return tmp_path


def write(
    folder: Path, text: str | bytes, name: str = "A1_20240312_203000.Table.1.selections.txt"
) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)


def test_a_raven_selection_stands_once_for_all_its_views(folder):
    row = "1\t{}\t1\t12.5\t15.5\t270\t660\tRADR\n"
    write(folder, RAVEN + row.format("Waveform 1") + row.format("Spectrogram 1"))
    found = collect(folder, tables_in([folder]), ALL)
    assert not found.refused
    expected = {
        "path": "A1_20240312_203000.wav", "label": "positive", "onset": "12.5", "end": "15.5", "marked_as": "RADR",
        "low_hz": "270", "high_hz": "660", "confidence": "",
        "marked_in": "A1_20240312_203000.Table.1.selections.txt:2",
    }  # fmt: skip
    assert found.clips.to_dict("records") == [expected]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\t", ","),
        lambda text: text.replace("\t", ";").replace("12.5", "12,5").replace("15.5", "15,5"),
        lambda text: text.replace("12.5", "12,5").replace("15.5", "15,5"),
        lambda text: "\n".join(text.split("\n")[1:]),  # without its header
        lambda text: text + "\n\n" + text,  # with the header again
        lambda text: "\n".join(
            "\t".join(f'"{cell}"' for cell in line.split("\t")) for line in text.strip().split("\n")
        ),
        lambda text: text.replace("Begin Time (s)", "BEGIN TIME (S)"),
        lambda text: text.replace("Species", "Frog"),  # the only column that is not Raven's
    ],
)
def test_a_raven_table_however_it_is_written(folder, change):
    write(folder, change(RAVEN + "1\tSpectrogram 1\t1\t12.5\t15.5\t270\t660\tRADR\n"))
    assert (spans(folder), refused(folder)) == ([("positive", "12.5", "15.5")], [])


@pytest.mark.parametrize(
    ("begin", "end", "reason"),
    [
        ("-1", "2", "negative begin: -1 s"),
        ("9", "7", "ends before it begins: 9 to 7 s"),
        ("7", "7", "a point and no span: at 7 s; --widen 3 makes it three seconds"),
        ("59", "63", "beyond the end of the file: ends at 63 of 60.000 s"),
        ("70", "73", "beyond the end of the file: begins at 70 of 60.000 s"),
        ("", "2", "begin is no number: empty"),
        ("0:05", "2", "begin is no number: 0:05"),
        ("nan", "2", "begin is no number: nan"),
        ("1,5", "2.5", "ambiguous begin: 1,5 in a table that writes other numbers with a point"),
    ],
)
def test_times_that_cannot_be_are_named(folder, begin, end, reason):
    good = "1\tSpectrogram 1\t1\t12.5\t15.5\t270\t660\tRADR\n"
    write(folder, RAVEN + good + f"2\tSpectrogram 1\t1\t{begin}\t{end}\t270\t660\tRADR\n")
    assert spans(folder) == [("positive", "12.5", "15.5")]
    assert refused(folder) == [("A1_20240312_203000.Table.1.selections.txt:3", reason)]


def test_frequencies_that_are_no_band_cost_no_clip(folder):
    for low, high in (("900", "100"), ("", ""), ("x", "y"), ("-5", "10")):
        write(folder, RAVEN + f"1\tSpectrogram 1\t1\t12.5\t15.5\t{low}\t{high}\tRADR\n")
        clips = collect(folder, tables_in([folder]), ALL).clips
        assert clips[["low_hz", "high_hz"]].to_numpy().tolist() == [["", ""]]


def test_labels_are_text_whatever_is_in_them(folder):
    label = 'Grenouille, "à pattes" rouges 🐸; RADR'
    write(folder, RAVEN + f"1\tSpectrogram 1\t1\t1\t4\t270\t660\t{label}\n")
    assert spans(folder, Wishes((label,), ("*",))) == [("positive", "1", "4")]
    quoted = label.replace('"', '""')
    write(folder, RAVEN.replace("\t", ",") + f'1,Spectrogram 1,1,1,4,270,660,"{quoted}"\n')
    assert spans(folder, Wishes((label.upper(),), ("*",))) == [("positive", "1", "4")]


def test_several_tables_of_one_recording_and_overlapping_selections(folder):
    write(folder, RAVEN + "1\tS 1\t1\t1\t4\t270\t660\tRADR\n2\tS 1\t1\t2\t5\t270\t660\tRADR\n")
    two = (
        "1\tS 1\t1\t1\t4\t9\t99\tRADR\n2\tS 1\t1\t3\t6\t9\t99\towl\n3\tS 1\t1\t30\t33\t9\t99\towl\n"
    )
    write(folder, RAVEN + two, "A1_20240312_203000.Table.2.selections.txt")
    assert spans(folder) == [
        ("positive", "1", "4"),
        ("positive", "2", "5"),
        ("negative", "30", "33"),
    ]
    assert sorted(reason for _, reason in refused(folder)) == [
        "marked twice",
        "negative by '*' alone, beside a positive",
    ]
    named = Wishes(
        ("RADR",), ("owl",)
    )  # said to be a negative: the survey keeps both out, as people contradict
    assert ("negative", "3", "6") in spans(folder, named)


def test_one_span_with_two_labels_is_kept_out(folder):
    write(
        folder,
        RAVEN
        + "1\tS 1\t1\t1\t4\t9\t99\tRADR\n2\tS 1\t1\t1\t4\t9\t99\tno\n3\tS 1\t1\t7\t9\t9\t99\tno\n",
    )
    named = Wishes(("RADR",), ("no",))
    assert spans(folder, named) == [("negative", "7", "9")]
    assert [reason for _, reason in refused(folder, named)] == [
        "marked as negative and positive"
    ] * 2


def test_a_raven_table_over_several_files(tmp_path):
    sound(tmp_path, "one.wav"), sound(tmp_path, "two.wav")
    head = RAVEN.strip() + "\tBegin File\tEnd File\tFile Offset (s)\n"
    rows = (
        "1\tS 1\t1\t10\t13\t270\t660\tRADR\tone.wav\tone.wav\t10\n"
        "2\tS 1\t1\t70\t73\t270\t660\tRADR\ttwo.wav\ttwo.wav\t10\n"
        "3\tS 1\t1\t59\t61\t270\t660\tRADR\tone.wav\ttwo.wav\t59\n"
    )
    write(tmp_path, head + rows, "all.txt")
    clips = collect(tmp_path, tables_in([tmp_path]), ALL).clips
    assert clips[["path", "onset", "end"]].to_numpy().tolist() == [
        ["one.wav", "10", "13"],
        ["two.wav", "10", "13"],
    ]
    assert refused(tmp_path) == [
        ("all.txt:4", "begins in one.wav and ends in two.wav: a clip lies in one file")
    ]
    without = head.replace("\tFile Offset (s)", "") + "".join(
        row.rpartition("\t")[0] + "\n" for row in rows.splitlines()
    )
    write(tmp_path, without, "all.txt")
    with pytest.raises(SystemExit, match="times over several files without the column File Offset"):
        main(["labels", str(tmp_path), "--positive", "RADR"])


def test_audacity_with_frequencies_and_points(folder):
    text = "1,5\t4,5\tRADR\n\\\t270,0\t660,0\n7\t7\tRADR\n9\t12\t\n20\t23\towl\n"
    write(folder, text, "A1_20240312_203000.txt")
    found = collect(folder, tables_in([folder]), Wishes(("RADR",), ("*",), widen=3))
    assert found.clips[["label", "onset", "end", "low_hz"]].to_numpy().tolist() == [
        ["positive", "1.5", "4.5", "270"], ["positive", "5.5", "8.5", ""], ["negative", "20", "23", ""],
    ]  # fmt: skip
    assert [one.reason for one in found.refused] == ["unknown label: none is written"]


BIRDNET = {
    "csv": "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
    "0.0,3.0,Rana draytonii,RADR,0.9,{path}\n57.0,60.5,Bubo,owl,0.8,{path}\n3.0,6.0,Rana draytonii,RADR,0.2,{path}\n",
    "raven": "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tCommon Name\t"
    "Species Code\tConfidence\tBegin Path\tFile Offset (s)\n"
    "1\tSpectrogram 1\t1\t0.0\t3.0\t0\t15000\tRADR\tradr\t0.9\t{path}\t0.0\n"
    "2\tSpectrogram 1\t1\t57.0\t60.5\t0\t15000\towl\towl\t0.8\t{path}\t57.0\n"
    "3\tSpectrogram 1\t1\t3.0\t6.0\t0\t15000\tRADR\tradr\t0.2\t{path}\t3.0\n",
    "r": "filepath,start,end,scientific_name,common_name,confidence,lat,lon,week\n"
    "{path},0.0,3.0,Rana,RADR,0.9,,,\n{path},57.0,60.5,Bubo,owl,0.8,,,\n{path},3.0,6.0,Rana,RADR,0.2,,,\n",
    "kaleidoscope": "INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name,confidence,lat,lon\n"
    "/data,{folder},{name},0.0,3.0,Rana,RADR,0.9,,\n/data,{folder},{name},57.0,3.5,Bubo,owl,0.8,,\n"
    "/data,{folder},{name},3.0,3.0,Rana,RADR,0.2,,\n",
}


@pytest.mark.parametrize("kind", BIRDNET)
@pytest.mark.parametrize(
    "path", ["/mnt/other/pond/A1.wav", "C:\\data\\pond\\A1.wav", "pond/A1.wav"]
)
def test_birdnet_in_a_range_of_confidence(tmp_path, kind, path):
    sound(tmp_path, "pond/A1.wav")
    sound(tmp_path, "stream/A1.wav")
    folder, _, name = path.replace("\\", "/").rpartition("/")
    write(
        tmp_path,
        BIRDNET[kind].format(path=path, folder=folder, name=name),
        "BirdNET_CombinedTable.csv",
    )
    found = collect(tmp_path, tables_in([tmp_path]), Wishes(("RADR",), ("*",), confidence=(0.5, 1)))
    assert found.clips[["path", "label", "onset", "end", "confidence"]].to_numpy().tolist() == [
        ["pond/A1.wav", "positive", "0", "3", "0.9"], ["pond/A1.wav", "negative", "57", "60", "0.8"],
    ]  # fmt: skip
    assert (found.left_out, found.cut_short, found.refused) == (1, 1, [])


def test_recordings_that_a_table_may_mean(tmp_path):
    row = RAVEN.strip() + "\tBegin Path\n" + "1\tS 1\t1\t1\t4\t270\t660\tRADR\t{}\n"
    (
        sound(tmp_path, "a/x.wav"),
        sound(tmp_path, "b/x.wav"),
        sound(tmp_path, "b/y.flac"),
        sound(tmp_path, "b/y.wav"),
    )
    sound(tmp_path.parent, "outside.wav")
    reasons = {
        "x.wav": "2 recordings could be meant: a/x.wav, b/x.wav",
        "../outside.wav": "path outside the folder: it leaves the folder of clips.csv",
        "/elsewhere/z.wav": "missing sound file: no recording is called /elsewhere/z.wav",
        "z.wav": "missing sound file: no recording is called z.wav",
    }
    for path, reason in reasons.items():
        write(tmp_path, row.format(path), "all.txt")
        assert refused(tmp_path) == [("all.txt:2", reason)], path
    (tmp_path / "all.txt").unlink()
    write(
        tmp_path, RAVEN + "1\tS 1\t1\t1\t4\t270\t660\tRADR\n", "b/x.Table.1.selections.txt"
    )  # the one beside it
    write(tmp_path, RAVEN + "1\tS 1\t1\t1\t4\t270\t660\tRADR\n", "b/y.Table.1.selections.txt")
    write(tmp_path, RAVEN + "1\tS 1\t1\t1\t4\t270\t660\tRADR\n", "b/y.wav.Table.1.selections.txt")
    assert collect(tmp_path, tables_in([tmp_path]), ALL).clips["path"].tolist() == [
        "b/x.wav",
        "b/y.wav",
    ]
    assert refused(tmp_path) == [
        ("b/y.Table.1.selections.txt:2", "2 recordings could be meant: b/y.flac, b/y.wav")
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "hello\nworld\n",
            "no table of Raven, Audacity or BirdNET that is known: it begins 'hello'",
        ),
        (b"Selection\tLabel\n1\tgr\xfcn\n", "not in UTF-8: save it as UTF-8"),
        (b"\0\1\2\3", "no text: it holds zero bytes"),
        (
            RAVEN.replace("\t", ",") + '1,S 1,1,1,4,9,99,"open\n',
            "no readable table: line 3: unexpected end of data",
        ),
    ],
)
def test_what_is_no_table_is_named_and_the_others_are_read(folder, text, reason):
    write(folder, text, "notes.txt")
    write(folder, RAVEN + "1\tS 1\t1\t1\t4\t270\t660\tRADR\n")
    assert (spans(folder), refused(folder)) == ([("positive", "1", "4")], [("notes.txt", reason)])


def test_a_row_with_too_many_cells_is_named(folder):
    write(
        folder, RAVEN + "1\tS 1\t1\t1\t4\t270\t660\tRADR\n2\tS 1\t1\t5\t8\t270\t660\tRADR\tmore\n"
    )
    assert refused(folder) == [
        ("A1_20240312_203000.Table.1.selections.txt:3", "9 cells under 8 columns")
    ]


def test_a_folder_for_each_class(tmp_path):
    for name in ("frog/a.wav", "noise/b.wav", "noise/rain/c.wav", "d.wav"):
        sound(tmp_path, name, 3)
    # What cannot be read is for the survey to name; what macOS puts beside a file is no recording.
    for name in ("noise/d.mp2", "noise/e.m4a", "noise/._b.wav"):
        (tmp_path / name).write_bytes(b"no sound")
    found = collect(tmp_path, None, Wishes(("frog",), ("*",)))
    assert found.clips[["path", "label", "onset"]].to_numpy().tolist() == [
        ["frog/a.wav", "positive", ""], ["noise/b.wav", "negative", ""], ["noise/d.mp2", "negative", ""],
        ["noise/e.m4a", "negative", ""], ["noise/rain/c.wav", "negative", ""],
    ]  # fmt: skip
    assert [(one.source, one.reason) for one in found.refused] == [
        ("d.wav", "in no folder of a class")
    ]


def test_labels_of_other_names_are_listed(folder):
    write(
        folder,
        RAVEN
        + "1\tS 1\t1\t1\t4\t9\t99\tfrog\n2\tS 1\t1\t5\t8\t9\t99\tfrog\n3\tS 1\t1\t7\t9\t9\t99\towl\n",
    )
    with pytest.raises(DataError, match=r"there are frog \(2\), owl \(1\); say --positive NAME"):
        collect(folder, tables_in([folder]), Wishes())


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (Wishes(("a",), ("A",)), "label 'a' cannot be positive and negative"),
        (Wishes(confidence=(0.9, 0.1)), "confidence: 0.9-0.1 is not allowed"),
        (Wishes(widen=-1), "widen: -1 is not allowed"),
    ],
)
def test_wishes_that_cannot_be(folder, wishes, message):
    with pytest.raises(ParameterError, match=message):
        collect(folder, [], wishes)


def test_the_command_writes_the_table_once_and_says_what_it_did(folder, capsys):
    write(folder, RAVEN + "1\tS 1\t1\t1\t1.2\t270\t660\tRADR\n2\tS 1\t1\t5\t99\t9\t99\tRADR\n")
    main(["labels", str(folder), "--positive", "RADR"])
    said = capsys.readouterr().out
    assert (
        "1 in labels_quarantine.csv: beyond the end of the file (1)" in said and "--widen 3" in said
    )
    assert read_csv(folder / "clips.csv")["onset"].tolist() == ["1"]
    assert read_csv(folder / "labels_quarantine.csv")["source"].tolist() == [
        "A1_20240312_203000.Table.1.selections.txt:3"
    ]
    with pytest.raises(SystemExit, match="there already: --replace"):
        main(["labels", str(folder), "--positive", "RADR"])
    main(["labels", str(folder), "--positive", "RADR", "--replace"])
    for arguments, message in (
        (["--confidence", "high"], "--confidence: 'high' is not allowed: LOW-HIGH"),
        (["--tables", str(folder / "none")], "there is no"),
        (["--label-column", "Taxon"], "there is no column 'taxon'"),
    ):
        with pytest.raises(SystemExit, match=message):
            main(["labels", str(folder), "--positive", "RADR", "--replace", *arguments])


def test_the_survey_cuts_a_long_recording_where_the_labels_say(tmp_path):
    """From a labelled long WAV to the samples of the survey's clips."""
    from chorus import audio, survey
    from chorus.shards import Members

    recordings, out = tmp_path / "recordings", tmp_path / "raw"
    recordings.mkdir(), out.mkdir()
    whole = np.random.default_rng(3).integers(-9_000, 9_000, 120 * 48_000, dtype=np.int16)
    sf.write(recordings / "A1_20240312_235900.wav", whole, 48_000)
    rows = "1\tS 1\t1\t12.5\t15.5\t270\t660\tRADR\n2\tS 1\t1\t100\t103\t270\t660\tRADR\n3\tS 1\t1\t40\t43\t9\t99\towl\n"
    write(recordings, RAVEN + rows, "A1_20240312_235900.Table.1.selections.txt")
    main(["labels", str(recordings), "--positive", "RADR", "--negative", "*"])
    sources, rejected, _ = survey.user_sources(
        recordings, survey.SurveyOptions(source=str(recordings))
    )
    clips = survey.build(sources, out, workers=1).clips
    assert len(rejected) == 0 and len(clips) == 3 and set(clips["night"]) == {"2024-03-12"}
    expected = {12.5: "positive", 100.0: "positive", 40.0: "negative"}
    for onset, label in expected.items():
        row = clips[clips["source"] == f"A1_20240312_235900.wav@{onset:g}-{onset + 3:g}"].iloc[0]
        member = f"{row['clip_id']}.flac"
        with Members([out / row["shard"]], [member])[member] as file:
            pcm = audio.decode_flac(file.read())
        first = int(onset * 48_000)
        assert row["label"] == label and np.array_equal(pcm, whole[first : first + 144_000])


def test_a_table_to_begin_with(tmp_path, capsys):
    sound(tmp_path, "pond/A1_20240312_203000.wav", 1)
    sound(tmp_path, "pond/A1_20240313_013000.wav", 1)
    sound(tmp_path, "frog.wav", 1)
    main(["clips-csv", str(tmp_path), "--label", "negative"])
    assert "3 recordings, 1 of an unknown night" in capsys.readouterr().out
    expected = pd.DataFrame(
        [
            ("frog.wav", "negative", "", "", ""),
            ("pond/A1_20240312_203000.wav", "negative", "pond", "A1", "2024-03-12"),
            ("pond/A1_20240313_013000.wav", "negative", "pond", "A1", "2024-03-12"),
        ],
        columns=["path", "label", "site", "recorder", "date"],
    )
    pd.testing.assert_frame_equal(read_csv(tmp_path / "clips.csv"), expected, check_dtype=False)
    for arguments, message in (
        ([str(tmp_path)], "there already"),
        ([str(tmp_path / "none")], "there is no folder"),
        ([str(tmp_path), "--replace", "--time-zone", "Mars"], "--time-zone: 'Mars' is not allowed"),
    ):
        with pytest.raises(SystemExit, match=message):
            main(["clips-csv", *arguments])


def test_what_is_no_fault_of_a_table_refuses_no_label(folder, monkeypatch):
    write(folder, RAVEN + "1\tS\t1\t3\t6\t200\t900\tRADR\n")

    def fail(path):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(ChorusError, match=r"selections\.txt cannot be read now, Too many"):
        collect(folder, tables_in([folder]), ALL)


def test_a_name_in_another_encoding_is_told(tmp_path):
    (tmp_path / os.fsdecode(b"Ca\xf1on.wav")).touch()
    with pytest.raises(DataError, match=r"the name of Ca\\xf1on.wav is not in UTF-8: rename it"):
        sounds_below(tmp_path)


def test_a_folder_that_may_not_be_read_is_not_passed_over(folder, monkeypatch):
    write(folder, RAVEN + "1\tS\t1\t3\t6\t200\t900\tRADR\n")
    (folder / "Shut").mkdir()
    listed = os.scandir

    def refuse(path):
        if Path(path).name == "Shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    for look in (lambda: tables_in([folder]), lambda: sounds_below(folder)):
        with pytest.raises(DataError, match="Shut cannot be read: Permission denied"):
            look()
