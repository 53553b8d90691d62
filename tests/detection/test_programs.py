"""Tables for other programs, against their public formats: the columns, and what each program reads out of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from chorus.detection.events import events
from chorus.detection.programs import Names, Writer, audacity, birdnet, kaleidoscope, raven
from chorus.survey.reading import read_table

NAMES = Names("Rana draytonii_California red-legged frog")
# Raven's manual: these make a selection table; of BirdNET-Analyzer, what analyze/utils.py writes in release 2.4.
OF_RAVEN = [
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
]
OF_KALEIDOSCOPE = (
    "INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name,confidence,lat,lon,week,overlap,"
    "sensitivity"
)
OF_BIRDNET = "Start (s),End (s),Scientific name,Common name,Confidence,File"


def _windows(*rows: tuple[str, float, float]) -> pd.DataFrame:
    """Windows of 3 s: file, start, score; all from 0.5 on are detections."""
    table = pd.DataFrame(rows, columns=["file", "start", "score"])
    known = {"recorder": "Moth11", "site": "Pond", "night": "2024-03-12", "local_time": pd.NaT}
    detected = table["score"] >= 0.5
    return table.assign(
        end=table["start"] + 3,
        label="positive",
        probability=table["score"],
        detected=detected,
        **known,
    )


ROWS = _windows(
    ("season/Pond/a.wav", 0.0, 0.9), ("season/Pond/a.wav", 3.0, 0.95), ("season/Pond/a.wav", 6.0, 0.1),
    ("season/Pond/a.wav", 3605.5, 0.625), ("season/Pond/b, c.wav", 0.0, 0.7),
)  # fmt: skip
CALLED = ROWS[ROWS["detected"]]


def test_events_join_what_touches():
    found = events(ROWS)
    assert found[["start", "end", "windows", "score"]].to_numpy().tolist() == [
        [0, 6, 2, 0.95],
        [3605.5, 3608.5, 1, 0.625],
        [0, 3, 1, 0.7],
    ]
    assert len(events(ROWS, gap=3600)) == 2
    assert len(events(ROWS.iloc[:0])) == 0


def test_events_of_overlapping_windows():
    overlapping = _windows(*(("a.wav", start, 0.8) for start in (0.0, 1.0, 2.0, 8.0)))
    assert events(overlapping)[["start", "end", "windows"]].to_numpy().tolist() == [
        [0, 5, 3],
        [8, 11, 1],
    ]


def test_raven_reads_selections():
    text = raven(events(ROWS).iloc[:2], NAMES, (270, 660))
    table = pd.read_csv(io.StringIO(text), sep="\t")
    assert list(table)[:7] == OF_RAVEN
    assert table["Selection"].tolist() == [1, 2] and set(table["View"]) == {"Spectrogram 1"}
    assert table["Begin Time (s)"].tolist() == [0, 3605.5] and table["End Time (s)"].tolist() == [
        6,
        3608.5,
    ]
    assert set(table["Low Freq (Hz)"]) == {270} and set(table["High Freq (Hz)"]) == {660}
    assert table["Species"].tolist() == ["California red-legged frog"] * 2


def test_audacity_reads_labels():
    lines = audacity(events(ROWS).iloc[:2], NAMES).splitlines()
    assert [line.split("\t") for line in lines] == [
        ["0", "6", "California red-legged frog 0.9500"],
        ["3605.5", "3608.5", "California red-legged frog 0.6250"],
    ]


def test_kaleidoscope_reads_a_table():
    header, *rows = csv.reader(io.StringIO(kaleidoscope(CALLED, NAMES, 1.5)))
    assert header == OF_KALEIDOSCOPE.split(",")
    first = dict(zip(header, rows[0], strict=True))
    where = [first[column] for column in ("INDIR", "FOLDER", "IN FILE", "OFFSET", "DURATION")]
    assert where == ["season", "Pond", "a.wav", "0", "3"]
    assert (first["scientific_name"], first["confidence"], first["overlap"]) == (
        "Rana draytonii",
        "0.9000",
        "1.5",
    )
    assert rows[-1][2] == "b, c.wav" and len(rows) == 4


def test_birdnet_reads_results():
    header, *rows = csv.reader(io.StringIO(birdnet(CALLED, NAMES)))
    assert header == OF_BIRDNET.split(",")
    frog = ["Rana draytonii", "California red-legged frog"]
    assert rows[0] == ["0", "3", *frog, "0.9000", "season/Pond/a.wav"]


def test_what_has_no_name_keeps_its_class():
    assert (
        birdnet(CALLED, Names()).splitlines()[1] == "0,3,positive,positive,0.9000,season/Pond/a.wav"
    )


@pytest.mark.parametrize(
    ("program", "ending"), [("raven", "selections.txt"), ("birdnet", "BirdNET.results.csv")]
)
def test_a_recording_without_detections_has_an_empty_table(tmp_path, program, ending):
    writer = Writer(tmp_path, [program], NAMES, (0, 24_000), 0.0)
    writer.add(["../season/quiet.wav"], ROWS.iloc[:0], events(ROWS.iloc[:0]))
    (written,) = tmp_path.rglob("*.*")
    assert written == tmp_path / program / "season" / f"quiet.wav.{ending}"
    assert len(written.read_text().splitlines()) == 1


def test_recordings_of_one_name_keep_their_own_tables(tmp_path):
    files = ["../season/a.wav", "season/a.wav"]
    rows = _windows((files[0], 0.0, 0.9), (files[1], 6.0, 0.8))
    Writer(tmp_path, ["audacity"], NAMES, (0, 24_000), 0.0).add(files, rows, events(rows))
    begins = {path.name: path.read_text().split("\t")[0] for path in tmp_path.rglob("*.txt")}
    assert begins == {"a.wav.labels.txt": "0", "a.wav (2).labels.txt": "6"}


def test_names_as_long_as_a_disk_allows_keep_their_own_tables(tmp_path):
    files = [f"season/{'é' * 110}_{number:022}.wav" for number in range(2)]  # 247 bytes
    rows = _windows((files[0], 0.0, 0.9), (files[1], 6.0, 0.8))
    for program, ending in (("raven", ".selections.txt"), ("birdnet", ".BirdNET.results.csv")):
        Writer(tmp_path, [program], NAMES, (0, 24_000), 0.0).add(files, rows, events(rows))
        tables = {path: path.read_text() for path in (tmp_path / program).rglob("*é*")}
        assert len(tables) == 2 and all(path.name.endswith(ending) for path in tables)
        for file in files:
            assert sum(file in text for text in tables.values()) == 1


def test_the_survey_knows_our_tables_for_what_they_are(tmp_path):
    Path(tmp_path, "clips.csv").write_text(birdnet(CALLED, NAMES))
    with pytest.raises(Exception, match="a result table of BirdNET-Analyzer"):
        read_table(tmp_path / "clips.csv", ["path", "label"], ["path", "label"])
