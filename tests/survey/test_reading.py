"""CSV files as people's programs write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chorus.errors import DataError
from chorus.survey.reading import WrittenTable, read_table, suggest_columns


def _read(folder: Path, content: bytes | str) -> WrittenTable:
    path = folder / "clips.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_table(path, ("path", "label"), ("path", "label", "site", "call_type"))


@pytest.mark.parametrize(
    "content",
    [
        "path,label,site\na.wav,frog,\nb.wav,no,Pond\n",
        "path;label;site\r\na.wav;frog;\r\nb.wav;no;Pond\r\n",
        "\ufeff Path , LABEL,site\na.wav,frog\nb.wav, no ,Pond,,,\n",
        " \n\t\npath;label;site\na.wav;frog;\nb.wav;no;Pond\n",
        '"path";"label";"site"\n"a.wav";"frog";\n"b.wav";"no";"Pond"\n',
        "\n\npath,label,site\n,,\na.wav,frog,\n , ,\npath,label,site\nb.wav,no,Pond\n,,\n,,\n",
    ],
)
def test_one_table_in_many_dialects(tmp_path, content):
    cells = _read(tmp_path, content).cells
    assert cells.to_dict("records") == [
        {"path": "a.wav", "label": "frog", "site": ""},
        {"path": "b.wav", "label": "no", "site": "Pond"},
    ]


def test_what_was_skipped_is_counted(tmp_path):
    table = _read(tmp_path, "path,label\n,\na.wav,x\n\nPath,Label\nb.wav,x\n,\n")
    assert table.notes == {"blank_rows": 3, "repeated_headers": 1} and len(table.cells) == 2


def test_names_of_columns_may_have_blanks(tmp_path):
    assert "call_type" in _read(tmp_path, "path,label,Call Type\na.wav,x,growl\n").cells


def test_a_row_with_more_fields_than_the_header_is_marked(tmp_path):
    table = _read(tmp_path, "path,label\na.wav,x\na, b.wav,x\n")
    assert dict(table.overlong) == {1: 3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "path,label\n0.wav,x\n".encode("utf-16"),
            "is in UTF-16, not in UTF-8: save it as CSV in UTF-8",
        ),
        ("path,label\n0.wav,x\n".encode("utf-16-le"), "is not in UTF-8"),
        ("path,label\nprès.wav,x\n".encode("cp1252"), "is not in UTF-8: save it as CSV in UTF-8"),
        (b"PK\x03\x04\0\0", "is a workbook of a spreadsheet program"),
        (
            b"path\tlabel\n0.wav\tx\n",
            "separates its columns by tabs: save it as CSV in UTF-8, with commas",
        ),
        (b"path|label\n0.wav|x\n", "separates its columns by vertical bars"),
        (b"sep=,\npath,label\n0.wav,x\n", "begins with the line 'sep=,'.*delete it"),
        (
            b"Selection\tView\tChannel\tBegin Time (s)\n1\tSpectrogram 1\t1\t3.0\n",
            "is a selection table of Raven: .*cut",
        ),
        (b"0.000000\t3.000000\tfrog\n3.0\t6.0\tfrog\n", "is a label track of Audacity"),
        (
            b"Start (s),End (s),Scientific name,Common name,Confidence\n0,3,Rana,frog,0.9\n",
            "BirdNET-Analyzer",
        ),
        (
            b"INDIR,FOLDER,IN FILE,CHANNEL,OFFSET,DURATION\nx,,a.wav,0,0,3\n",
            "result table of Kaleidoscope",
        ),
        (b"file,start_time,end_time,frog\na.wav,0,3,0.5\n", "OpenSoundscape"),
        (
            b"File;Label\na.wav;x\n",
            "lacks the column 'path'; it has: file, label; rename 'file' to 'path'",
        ),
        (
            b"path,species\na.wav,x\n",
            "lacks the column 'label'; it has: path, species; rename 'species' to 'label'",
        ),
        (b"pth,lable\na.wav,x\n", "rename 'pth' to 'path', rename 'lable' to 'label'"),
        (b"x,y,z\n1,2,3\n", "lacks the columns 'path' and 'label'; it has: x, y, z"),
        (b"", "is empty"),
        (b",,\n,,\n", "is empty"),
        (b"path,label\n,\n", "lists no recordings"),
        (b"path,label,Path\na.wav,x,b.wav\n", "has the column 'path' twice"),
        (b'path,label\n"a.wav,x\n', "is no readable CSV file: line 2: unexpected end of data"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_remedy(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        _read(tmp_path, content)


def test_a_column_is_suggested_once():
    assert suggest_columns(["station", "pond", "notes"], {"site", "date"}) == {"station": "site"}
    assert suggest_columns(["timestamp", "sites"], {"site", "date"}) == {
        "timestamp": "date",
        "sites": "site",
    }
