"""Folders in the exact layouts of corpora, tiny: each sound is a tone of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf


def tone(number: int, seconds: float = 1.5, rate: int = 16_000) -> np.ndarray:
    """int16 (n,): no two numbers sound the same."""
    time = np.arange(int(seconds * rate)) / rate
    return (8_000 * np.sin(2 * np.pi * (200 + 13 * number) * time)).astype(np.int16)


def sphere(path: Path, pcm: np.ndarray) -> None:
    """A SPHERE file as TIMIT has them: 1,024 bytes of text, then little-endian samples."""
    fields = {
        "channel_count": f"-i {1}",
        "sample_count": f"-i {len(pcm)}",
        "sample_rate": "-i 16000",
        "sample_n_bytes": "-i 2",
        "sample_byte_format": "-s2 01",
        "sample_sig_bits": "-i 16",
    }
    text = (
        "NIST_1A\n   1024\n"
        + "".join(f"{name} {value}\n" for name, value in fields.items())
        + "end_head\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode().ljust(1024) + pcm.astype("<i2").tobytes())


def wav(path: Path, pcm: np.ndarray, rate: int = 16_000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, pcm, rate, format=path.suffix[1:].upper())


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


def tsv(path: Path, *rows: list[str], encoding: str = "utf-8") -> None:
    write(path, "".join("\t".join(row) + "\n" for row in rows), encoding)


def timit(root: Path) -> Path:
    """Two dialects, two speakers each, SA1 and SX1; one speaker in RIFF."""
    number = 0
    for side, dialect, speaker in (
        ("TRAIN", "DR1", "FCJF0"),
        ("TRAIN", "DR1", "MDAC0"),
        ("TEST", "DR7", "FCAU0"),
        ("TEST", "DR8", "MBCG0"),
    ):
        for sentence, words in (
            ("SA1", "She had your dark suit."),
            ("SX37", "Critical equipment needs maintenance."),
        ):
            place = root / side / dialect / speaker / sentence
            number += 1
            writer = wav if speaker == "MDAC0" else sphere
            writer(place.with_suffix(".WAV"), tone(number))
            write(place.with_suffix(".TXT"), f"0 24000 {words}\n")
            write(place.with_suffix(".PHN"), "0 9640 h#\n")
    write(root / "DOC" / "SPKRINFO.TXT", "; speakers\n")
    return root


COMMON_VOICE = [
    "client_id",
    "path",
    "sentence",
    "up_votes",
    "down_votes",
    "age",
    "gender",
    "accents",
    "locale",
    "segment",
]


def common_voice(root: Path) -> Path:
    rows = [
        [
            "c1",
            "common_voice_en_1.mp3",
            'He said "go" there.',
            "2",
            "0",
            "twenties",
            "male",
            "Texan",
            "en",
            "",
        ],
        [
            "c1",
            "common_voice_en_2.mp3",
            "It is raining.",
            "3",
            "1",
            "twenties",
            "male",
            "Texan",
            "en",
            "",
        ],
        [
            "c2",
            "common_voice_en_3.mp3",
            "It is raining.",
            "2",
            "0",
            "",
            "female_feminine",
            "England English",
            "en",
            "",
        ],
        ["c3", "common_voice_en_4.mp3", "Good day.", "2", "0", "", "", "", "en", ""],
    ]
    tsv(root / "validated.tsv", COMMON_VOICE, *rows)
    for number in range(1, 6):
        wav(
            root / "clips" / f"common_voice_en_{number}.mp3", tone(20 + number, rate=32_000), 32_000
        )
    return root


CORAAL_TURNS = [
    ["1", "ATL_int_01", "0.0", "How are you?", "0.9"],
    ["2", "ATL_se0_ag1_f_01", "1.0", "I was born [here] /RD-NAME-1/, (Pause 0.2)", "2.0"],
    ["3", "ATL_se0_ag1_f_01", "2.0", "(pause 0.30)", "2.3"],
    ["4", "ATL_se0_ag1_f_01", "2.3", "in the city. <laugh>", "3.5"],
    ["5", "ATL_se0_ag1_f_01", "4.5", "And you?", "6.0"],
    ["6", "ATL_int_01", "5.5", "Mhm.", "5.8"],
    ["7", "ATL_se0_ag1_f_01", "8.0", "Backwards.", "7.0"],
    ["8", "ATL_se0_ag1_f_01", "soon", "No time.", "9.0"],
    ["9", "ATL_misc_01", "9.0", "Hi.", "9.5"],
]


def coraal(root: Path) -> Path:
    columns = ["CORAAL.Sub", "CORAAL.Spkr", "CORAAL.File", "Audio.Folder", "Gender", "Age", "Notes"]
    known = [
        "ATL",
        "ATL_se0_ag1_f_01",
        "ATL_se0_ag1_f_01_1",
        "ATL_audio_part01_2020.05",
        "Female",
        "24",
        "",
    ]
    tsv(root / "ATL_metadata_2018.10.06.txt", columns, known, known)
    tsv(
        root / "ATL_textfiles_2020.05" / "ATL_se0_ag1_f_01_1.txt",
        ["Line", "Spkr", "StTime", "Content", "EnTime"],
        *CORAAL_TURNS,
    )
    wav(
        root / "ATL_audio_part01_2020.05" / "ATL_se0_ag1_f_01_1.wav", tone(40, 12.0, 44_100), 44_100
    )
    return root


def accent_archive(root: Path) -> Path:
    header = (
        "age,age_onset,birthplace,filename,native_language,sex,speakerid,country,file_missing?,,,\n"
    )
    lines = [
        '24,0,"atlanta, georgia, usa",english1,english,female,61,usa,FALSE,,,\n',
        '30,12,"tbilisi, georgia",georgian1,georgian,male,62,georgia,FALSE,,,\n',
        '18,5,"paris, france",french1,french,male,63,france,TRUE,,,\n',
    ]
    write(root / "speakers_all.csv", header + "".join(lines))
    for number, name in enumerate(("english1", "georgian1", "unlisted1")):
        wav(
            root / "recordings" / "recordings" / f"{name}.mp3",
            tone(60 + number, 2.0, 44_100),
            44_100,
        )
    return root


def listed(root: Path) -> Path:
    write(
        root / "clips.csv",
        "path,speaker,label,onset,end,transcript\n"
        "a.wav,ann,West,,,zero\nlong.flac,ben,South,0.5,2.5,one\nlong.flac,ben,South,3,5,two\n",
    )
    wav(root / "a.wav", tone(80))
    wav(root / "long.flac", np.concatenate([tone(81, 2.8), tone(82, 2.8)]))
    return root
