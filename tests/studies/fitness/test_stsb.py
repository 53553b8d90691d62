"""STS-B-DIR: its files are read as they are published, and what is none is named."""

from __future__ import annotations

import pytest

from chorus.errors import DataError
from fitness import stsb

HEAD = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
ROW = '0\tmain\tMSRvid\t2012\t1\tnone\tnone\tA "plane is taking off.\tAn air plane is taking off.\t{score}\n'


def write(folder, score="2.600"):
    for part in stsb.PARTS:
        (folder / f"{part}_new.tsv").write_text(
            HEAD + ROW.format(score="5.000") + ROW.format(score=score)
        )


def test_a_row_is_two_sentences_and_a_score_on_our_scale(tmp_path):
    write(tmp_path)
    parts = stsb.read(tmp_path)
    assert list(parts) == ["train", "dev", "test"]
    assert parts["test"]["score"].tolist() == [10.0, 5.2]
    assert (
        parts["test"]["sentence1"][0] == 'A "plane is taking off.'
    )  # a quotation mark opens nothing
    assert parts["test"]["first"][0] != parts["test"]["second"][0]


@pytest.mark.parametrize("score", ["", "five", "5.1", "-1"])
def test_a_score_that_is_none_is_named(tmp_path, score):
    write(tmp_path, score)
    with pytest.raises(DataError, match=r"train_new.tsv, row 3: the score .* is not from 0 to 5"):
        stsb.read(tmp_path)


def test_a_missing_file_says_where_it_is(tmp_path):
    with pytest.raises(DataError, match=r"train_new.tsv is missing: it is in github.com/YyzHarry"):
        stsb.read(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEAD.encode() + b"\t".join([b"a"] * 12),
        (HEAD + ROW.format(score=1)).encode() + b"\t".join([b"a"] * 12),
        HEAD.encode() + b"caf\xe9",
    ],
    ids=["empty", "more fields", "later, more fields", "another encoding"],
)
def test_a_file_that_is_no_such_table_is_named(tmp_path, content):
    write(tmp_path)
    (tmp_path / "dev_new.tsv").write_bytes(content)
    with pytest.raises(DataError, match=r"dev_new.tsv cannot be read: "):
        stsb.read(tmp_path)
