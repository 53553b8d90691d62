"""Corpora in their exact layouts: what is in the table, and where everything else went."""

from __future__ import annotations

import re

import pytest

import corpus_trees as trees
from chorus.errors import DataError
from chorus.voices import corpora
from chorus.voices.corpora import accent_archive, common_voice, coraal, listed, timit
from chorus.voices.utterances import ABOUT

ALL = {
    "timit": (timit, trees.timit),
    "common_voice": (common_voice, trees.common_voice),
    "coraal": (coraal, trees.coraal),
    "accent_archive": (accent_archive, trees.accent_archive),
    "mine": (listed, trees.listed),
}


def by_path(found):
    return {one.about["audio_path"]: one.about for one in found.utterances}


def reasons(pairs):
    return dict(pairs)


def read(name, tmp_path):
    reader, tree = ALL[name]
    return reader.read(tree(tmp_path / name), name)


@pytest.mark.parametrize("name", ALL)
def test_every_utterance_says_all_that_a_table_asks_for_and_can_be_heard(name, tmp_path):
    found = read(name, tmp_path)
    assert found.utterances
    for one in found.utterances:
        assert set(one.about) == set(ABOUT)
        assert one.about["speaker_id"].startswith(f"{name}/")
        assert one.hear().seconds >= 1


def test_timit_speakers_dialects_and_sentences(tmp_path):
    found = read("timit", tmp_path)
    assert not found.rejected
    about = by_path(found)["timit/TRAIN/DR1/FCJF0/SA1.WAV"]
    expected = {
        "speaker_id": "timit/FCJF0",
        "original_accent_label": "DR1",
        "gender": "female",
        "transcript": "She had your dark suit.",
    }
    assert expected.items() <= about.items()
    assert len(found.utterances) == 8


@pytest.mark.parametrize(
    "form", [str.lower, lambda path: f"timit/{path}", lambda path: path + ".wav"]
)
def test_timit_in_other_spellings_of_its_layout(tmp_path, form):
    trees.wav(tmp_path / form("TRAIN/DR2/MABC0/SI42.WAV"), trees.tone(1))
    trees.write(
        tmp_path / form("TRAIN/DR2/MABC0/SI42.TXT").removesuffix(".wav"), "0 24000 Hello.\n"
    )
    (about,) = by_path(timit.read(tmp_path, "timit")).values()
    assert (about["speaker_id"], about["original_accent_label"]) == ("timit/MABC0", "DR2")
    assert about["transcript"] == "Hello."


def test_timit_files_elsewhere_are_rejected(tmp_path):
    trees.wav(tmp_path / "TRAIN/DR9/MABC0/SI42.WAV", trees.tone(1))
    found = timit.read(tmp_path, "timit")
    assert not found.utterances
    assert "layout" in reasons(found.rejected)["timit/TRAIN/DR9/MABC0/SI42.WAV"]


def test_common_voice_keeps_quotes_votes_and_leaves_out_what_nobody_validated(tmp_path):
    found = read("common_voice", tmp_path)
    about = by_path(found)["common_voice/clips/common_voice_en_1.mp3"]
    assert about["transcript"] == 'He said "go" there.'
    assert about["original_accent_label"] == "Texan"
    assert by_path(found)["common_voice/clips/common_voice_en_2.mp3"]["quality_score"] == "0.750"
    assert found.left_out == [
        ("common_voice/clips/common_voice_en_5.mp3", "not listed in validated.tsv")
    ]


def common_voice_rows(tmp_path, *rows, header=trees.COMMON_VOICE, encoding="utf-8"):
    trees.common_voice(tmp_path)
    trees.tsv(tmp_path / "validated.tsv", header, *rows, encoding=encoding)
    return common_voice.read(tmp_path, "cv")


def row(client="c1", path="common_voice_en_1.mp3", accents="Texan"):
    return [client, path, "A sentence.", "2", "0", "", "", accents, "en", ""]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row(), row(client="c2")], "listed twice with contradicting speakers"),
        ([row(), row(accents="New York")], "listed twice with contradicting accents"),
        ([row(client="")], "no client_id"),
        ([row(path="")], "empty path"),
        ([row(path="gone.mp3")], "missing file"),
        ([row(path="../../secret.mp3")], "path outside the folder"),
        ([row()[:-3]], "wrong number of fields"),
    ],
)
def test_common_voice_rows_that_cannot_be_used_are_each_rejected(tmp_path, rows, reason):
    found = common_voice_rows(tmp_path, *rows)
    assert not found.utterances
    assert [text.startswith(reason) for _, text in found.rejected] == [True] * len(rows)


def test_common_voice_in_utf_16_and_a_row_twice(tmp_path):
    found = common_voice_rows(
        tmp_path, row(accents="Québécois"), row(accents="Québécois"), encoding="utf-16"
    )
    assert [one.about["original_accent_label"] for one in found.utterances] == ["Québécois"]
    assert [reason for _, reason in found.rejected] == ["listed twice"]


@pytest.mark.parametrize(
    ("header", "encoding", "words"),
    [
        (["who", *trees.COMMON_VOICE[1:]], "utf-8", "lacks the column 'client_id'; it has: who"),
        (
            [*trees.COMMON_VOICE[:7], "mood", "locale", "segment"],
            "utf-8",
            "lacks the column 'accents'",
        ),
        (
            ["client_id", "client_id", *trees.COMMON_VOICE[1:-1]],
            "utf-8",
            "has the column 'client_id' twice",
        ),
        (trees.COMMON_VOICE, "latin-1", "is not in UTF-8, see line 2"),
    ],
)
def test_common_voice_tables_that_cannot_be_used_are_one_sentence(
    tmp_path, header, encoding, words
):
    with pytest.raises(DataError, match=re.escape(words)):
        common_voice_rows(tmp_path, row(accents="Québécois"), header=header, encoding=encoding)


def test_coraal_turns_become_utterances_and_the_rest_is_named(tmp_path):
    found = read("coraal", tmp_path)
    sound = "coraal/ATL_audio_part01_2020.05/ATL_se0_ag1_f_01_1.wav"
    text = "coraal/ATL_textfiles_2020.05/ATL_se0_ag1_f_01_1.txt"
    about = by_path(found)
    assert list(about) == [f"{sound}@1-3.5"]  # two turns with a short pause between them
    assert about[f"{sound}@1-3.5"]["transcript"] == "I was born here , in the city."
    assert about[f"{sound}@1-3.5"]["state"] == "GA"
    assert reasons(found.rejected) == {
        f"{text}:8": "span ends before it begins: onset 8.0, end 7.0",
        f"{text}:9": "no number of seconds: onset soon (write it as 12.5)",
    }
    assert reasons(found.left_out)[f"{sound}@4.5-6"] == "somebody else speaks meanwhile: line 7"
    unknown = [reason for source, reason in found.left_out if source == text]
    assert unknown == [
        "speaker without metadata: ATL_int_01, 2 turns",
        "speaker without metadata: ATL_misc_01, 1 turns",
    ]


def test_coraal_files_without_their_other_half(tmp_path):
    trees.coraal(tmp_path)
    trees.wav(tmp_path / "ATL_audio_part01_2020.05" / "ATL_se0_ag2_m_01_1.wav", trees.tone(1))
    trees.tsv(tmp_path / "ATL_textfiles_2020.05" / "ATL_se0_ag3_m_01_1.txt", ["Line"], ["1"])
    found = coraal.read(tmp_path, "coraal")
    places = reasons(found.rejected + found.left_out)
    assert places["coraal/ATL_textfiles_2020.05/ATL_se0_ag3_m_01_1.txt"].startswith("missing file")
    assert (
        places["coraal/ATL_audio_part01_2020.05/ATL_se0_ag2_m_01_1.wav"]
        == "not listed in any transcript"
    )


def test_a_transcript_that_cannot_be_read_costs_its_interview_only(tmp_path):
    trees.coraal(tmp_path)
    text = tmp_path / "ATL_textfiles_2020.05" / "ATL_se0_ag1_f_01_1.txt"
    text.write_bytes(text.read_bytes().replace(b"city", b"cit\xe9"))
    ((source, reason),) = coraal.read(tmp_path, "coraal").rejected
    assert source.endswith("ATL_se0_ag1_f_01_1.wav")
    assert "is not in UTF-8" in reason


def test_coraal_without_metadata_is_refused(tmp_path):
    trees.coraal(tmp_path)
    (tmp_path / "ATL_metadata_2018.10.06.txt").unlink()
    with pytest.raises(DataError, match="has no metadata of CORAAL"):
        coraal.read(tmp_path, "coraal")


def test_the_accent_archive_tells_the_state_from_the_country(tmp_path):
    found = read("accent_archive", tmp_path)
    states = {one.about["original_accent_label"]: one.about["state"] for one in found.utterances}
    assert states == {"atlanta, georgia, usa": "georgia", "tbilisi, georgia": ""}
    assert reasons(found.rejected) == {"accent_archive/french1": "missing file"}
    assert reasons(found.left_out) == {
        "accent_archive/recordings/recordings/unlisted1.mp3": "not listed in speakers_all.csv"
    }


def test_two_people_of_the_archive_with_one_number_are_both_rejected(tmp_path):
    trees.accent_archive(tmp_path)
    table = tmp_path / "speakers_all.csv"
    table.write_text(table.read_text().replace(",62,", ",61,"))
    found = accent_archive.read(tmp_path, "saa")
    assert not found.utterances
    assert reasons(found.rejected)["saa/english1"] == "two speakers with one speakerid: 61"


@pytest.mark.parametrize("name", ["accent_archive", "coraal"])
def test_of_two_sounds_of_one_name_the_other_is_named(tmp_path, name):
    reader, tree = ALL[name]
    folder = tree(tmp_path / name)
    before = reader.read(folder, name)
    used = before.utterances[0].file
    second = folder / "backup" / used.name
    second.parent.mkdir()
    second.write_bytes(used.read_bytes())
    found = reader.read(folder, name)
    assert len(found.utterances) == len(before.utterances)
    named = {one.about["recording"] for one in found.utterances}
    named |= {source for source, _ in found.left_out}
    both = {f"{name}/{path.relative_to(folder).as_posix()}" for path in (used, second)}
    assert both <= named


def test_a_folder_of_ones_own_with_pieces_of_a_file(tmp_path):
    found = read("mine", tmp_path)
    assert list(by_path(found)) == ["mine/a.wav", "mine/long.flac@0.5-2.5", "mine/long.flac@3-5"]
    assert {one.about["recording"] for one in found.utterances} == {"mine/a.wav", "mine/long.flac"}
    assert [one.hear().seconds for one in found.utterances] == pytest.approx([1.5, 2.0, 2.0])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",ann,West,,,", "empty path"),
        ("a.wav,,West,,,", "no speaker"),
        ("b.wav,ann,West,,,", "missing file"),
        ("a.wav,ann,West,3,1,", "span ends before it begins"),
        ("a.wav,ann,West,,,zero,one", "wrong number of fields"),
    ],
)
def test_rows_of_ones_own_that_cannot_be_used(tmp_path, line, reason):
    trees.listed(tmp_path)
    trees.write(tmp_path / "clips.csv", f"path,speaker,label,onset,end,transcript\n{line}\n")
    found = listed.read(tmp_path, "mine")
    ((_, text),) = found.rejected
    assert text.startswith(reason)
    assert not found.utterances


def test_a_folder_of_corpora_reads_each_by_its_name_and_names_the_faulty_one(tmp_path):
    for name, (_, tree) in ALL.items():
        tree(tmp_path / name)
    found = corpora.read(tmp_path)
    assert {one.about["dataset_name"] for one in found.utterances} == set(ALL)
    (tmp_path / "mine" / "clips.csv").unlink()
    with pytest.raises(DataError, match=r"^mine: .*clips.csv is missing"):
        corpora.read(tmp_path)


def test_every_sound_of_every_corpus_is_somewhere(tmp_path):
    for name, (_, tree) in ALL.items():
        tree(tmp_path / name)
    found = corpora.read(tmp_path)
    named = " ".join([*by_path(found), *(source for source, _ in found.rejected + found.left_out)])
    for path in sorted(tmp_path.rglob("*")):
        if path.suffix.lower() in (".wav", ".mp3", ".flac"):
            assert path.relative_to(tmp_path).as_posix() in named
