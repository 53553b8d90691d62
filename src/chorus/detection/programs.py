"""Detections as other programs read them.

* Raven: a selection table for each recording (tabs; Begin Time (s), End Time (s), Low Freq (Hz), High Freq (Hz), ...).
* Audacity: a label track for each recording (start, end, text; tabs, no header).
* Kaleidoscope: one CSV of all, as BirdNET-Analyzer writes it (INDIR, FOLDER, IN FILE, OFFSET, DURATION, ...).
* BirdNET-Analyzer: a result CSV for each recording (Start (s), End (s), Scientific name, Common name, ...).

Raven and Audacity show events, the other two list the windows that reach the threshold.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from chorus.clips import POSITIVE
from chorus.errors import ParameterError
from chorus.files import write_text
from chorus.storages import files_in, is_file

RAVEN = (
    "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)",
    "Species", "Score", "Begin Path", "File Offset (s)",
)  # fmt: skip
KALEIDOSCOPE = (
    "INDIR", "FOLDER", "IN FILE", "OFFSET", "DURATION", "scientific_name", "common_name", "confidence", "lat", "lon",
    "week", "overlap", "sensitivity",
)  # fmt: skip
BIRDNET = ("Start (s)", "End (s)", "Scientific name", "Common name", "Confidence", "File")


class Names:
    """What the classes are called in other programs.

    species: of the class positive, such as "Rana draytonii_California red-legged frog": scientific and common name
    with "_" between, or one name for both; "" leaves the class's own.
    """

    def __init__(self, species: str = "") -> None:
        self._species = species

    def scientific(self, label: str) -> str:
        """The first part of a class's name."""
        return self._name(label).split("_", 1)[0]

    def common(self, label: str) -> str:
        """What follows, or the same."""
        return self._name(label).split("_", 1)[-1]

    def _name(self, label: str) -> str:
        return self._species if label == POSITIVE and self._species else label


def raven(rows: pd.DataFrame, names: Names, band: tuple[float, float]) -> str:
    """The selection table of one recording.

    Args:
        rows: events of it. band: the frequencies between which boxes are drawn, in Hz.
    """
    lines = [
        (
            number, "Spectrogram 1", 1, _seconds(row.start), _seconds(row.end), f"{band[0]:g}", f"{band[1]:g}",
            names.common(row.label), f"{row.score:.4f}", row.file, _seconds(row.start),
        )
        for number, row in enumerate(rows.itertuples(), start=1)
    ]  # fmt: skip
    return _text([RAVEN, *lines], "\t")


def audacity(rows: pd.DataFrame, names: Names) -> str:
    """The label track of one recording, of its events."""
    lines = [
        (_seconds(row.start), _seconds(row.end), f"{names.common(row.label)} {row.score:.4f}")
        for row in rows.itertuples()
    ]
    return _text(lines, "\t")


def kaleidoscope(rows: pd.DataFrame, names: Names, overlap: float) -> str:
    """The table of windows of many recordings. Where they were recorded in latitude and longitude is not known: -1."""
    # Kaleidoscope opens INDIR/FOLDER/IN FILE: the path in three.
    lines = []
    for row in rows.itertuples():
        path = PurePosixPath(row.file)
        where = (path.parent.parent.as_posix(), path.parent.name, path.name)
        when = (_seconds(row.start), _seconds(row.end - row.start))
        what = (names.scientific(row.label), names.common(row.label), f"{row.score:.4f}")
        lines.append((*where, *when, *what, -1, -1, -1, f"{overlap:g}", 1))
    return _text([KALEIDOSCOPE, *lines], ",")


def birdnet(rows: pd.DataFrame, names: Names) -> str:
    """The result table of one recording, of its windows."""
    lines = [
        (
            _seconds(row.start), _seconds(row.end), names.scientific(row.label), names.common(row.label),
            f"{row.score:.4f}", row.file,
        )
        for row in rows.itertuples()
    ]  # fmt: skip
    return _text([BIRDNET, *lines], ",")


PROGRAMS = ("raven", "audacity", "kaleidoscope", "birdnet")
_KALEIDOSCOPE = "kaleidoscope.csv"
_LONGEST_NAME = 240  # bytes; disks allow 255, and a file has a longer name while it is written
_ENDINGS = {
    "raven": ".selections.txt",
    "audacity": ".labels.txt",
    "birdnet": ".BirdNET.results.csv",
}


def check_programs(programs: Iterable[str]) -> None:
    """Whether there is a table for each.

    Raises:
        ParameterError: a program that is not known.
    """
    for program in programs:
        if program not in PROGRAMS:
            raise ParameterError(f"--format: {program!r} is not allowed: {', '.join(PROGRAMS)}")


class Writer:
    """Writes what was asked for, recording by recording, into a folder for each program.

    A recording without detections gets a table without rows: it was listened to.
    """

    def __init__(
        self,
        folder: Path,
        programs: Sequence[str],
        names: Names,
        band: tuple[float, float],
        overlap: float,
    ) -> None:
        """
        Raises:
            ParameterError: a program that is not known.
        """
        check_programs(programs)
        self._folder, self._programs, self._names = folder, programs, names
        self._band, self._overlap = band, overlap
        self._listed: list[pd.DataFrame] = []
        self._taken: dict[tuple[str, Path], str] = {}
        self._written: set[str] = set()

    def add(self, files: Sequence[str], detections: pd.DataFrame, events: pd.DataFrame) -> None:
        """The tables of some recordings."""
        # Kaleidoscope's table is of all recordings and is written in the end: only detected rows are kept so long.
        called = detections[detections["detected"]]
        if "kaleidoscope" in self._programs:
            self._listed.append(called)
        for program in self._programs:
            if program in _ENDINGS:
                self._write(program, files, called if program == "birdnet" else events)

    def _write(self, program: str, files: Sequence[str], rows: pd.DataFrame) -> None:
        """One program's table of each recording."""
        of_file = dict(list(rows.groupby("file", sort=False)))
        for file in files:
            place = Path(program) / self._place(program, file)
            write_text(self._folder / place, self._text(program, of_file.get(file, rows.iloc[:0])))
            self._written.add(place.as_posix())

    def _place(self, program: str, file: str) -> Path:
        """Where a recording's table goes in its program's folder."""
        # ../a/x.wav and a/x.wav would share one place, and the later table would replace the earlier one.
        number, place = 1, _beside(file, _ENDINGS[program])
        while self._taken.setdefault((program, place), file) != file:
            number += 1
            place = _beside(file, f" ({number}){_ENDINGS[program]}")
        return place

    def _text(self, program: str, rows: pd.DataFrame) -> str:
        if program == "raven":
            return raven(rows, self._names, self._band)
        if program == "audacity":
            return audacity(rows, self._names)
        return birdnet(rows, self._names)

    def finish(self) -> None:
        """The table of all recordings."""
        if "kaleidoscope" in self._programs and self._listed:
            table = kaleidoscope(pd.concat(self._listed), self._names, self._overlap)
            write_text(self._folder / _KALEIDOSCOPE, table)
            self._written.add(_KALEIDOSCOPE)

    def not_written(self, out: Path) -> list[str]:
        """The tables of this kind in a folder of results that are none of this run, such as those of recordings that
        are gone; as paths below it, sorted.

        Args:
            out: where the results lie in the end, on this machine or elsewhere (`chorus.places`).
        """
        there = []
        for program, ending in _ENDINGS.items():
            for parts in files_in(out / program):
                if parts[-1].endswith(ending):
                    there.append("/".join((program, *parts)))
        if is_file(out / _KALEIDOSCOPE):
            there.append(_KALEIDOSCOPE)
        return sorted(set(there) - self._written)


def _beside(file: str, ending: str) -> Path:
    """The recording's path below the program's folder; nothing leads out of that."""
    parts = [part for part in PurePosixPath(file).parts if part not in ("/", "..", ".")]
    # With the ending it may be too long for a disk; at the end of a name stands when it was recorded.
    name = parts[-1].encode()[-(_LONGEST_NAME - len(ending)) :].decode(errors="ignore")
    return Path(*parts[:-1], f"{name}{ending}")


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _text(lines: Iterable[Sequence[object]], separator: str) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator, lineterminator="\n").writerows(lines)
    return buffer.getvalue()
