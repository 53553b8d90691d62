"""chorus season and chorus review-queue: the tables and pages of a season, and the pages in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf
from browser import BACKSPACE, browser, needs_browser, wait_for
from season.seasons import write_predictions, write_season

from chorus.commands import main
from chorus.errors import DataError, ParameterError
from chorus.files import read_csv, read_json, write_json
from chorus.labels.reviewed import read_reviews
from chorus.places import place
from chorus.season.gather import best_windows, hourly_counts, nightly_counts, read_season
from chorus.season.page import PAGE, _about, filled
from chorus.sharing.server import BUCKET
from end_to_end.sharing import storage


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A season of which one recording has its sound, and the pages of it."""
    folder = tmp_path_factory.mktemp("study")
    write_season(folder / "found")
    write_predictions(folder / "predictions.parquet")
    noise = np.random.default_rng(1).integers(-9_000, 9_000, 120 * 8_000, dtype=np.int16)
    (folder / "season/Pond").mkdir(parents=True)
    sf.write(folder / "season/Pond/A0_20240302_210000.wav", noise, 8_000)
    predictions = [
        "--predictions",
        str(folder / "predictions.parquet"),
        "--recordings",
        str(folder),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chorus.commands.season._SLIDER", (0.0, 2.0))
        main(["season", str(folder / "found"), *predictions])
    queue = ["--recordings", str(folder), "--uncertain", "4", "--unconfirmed", "1", "--random", "5"]
    main(["review-queue", str(folder / "found"), *queue])
    return folder


def content(page: Path) -> dict:
    return data_of(page.read_text(encoding="utf-8"))


def data_of(page: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_counts_are_by_site_and_night_and_nights_without_a_detection_count(folder):
    heard = read_season(folder / "found")
    counts = nightly_counts(heard, 0.6)
    assert len(counts) == 3 * 6 and set(counts["windows"]) == {40}
    by_hand = heard.windows[
        (heard.windows["score"] >= 0.6) & (heard.windows["night"] == "2024-03-02")
    ]
    assert counts.loc[counts["night"] == "2024-03-02", "positive"].sum() == len(by_hand)
    assert nightly_counts(heard, 1.0)["positive"].sum() == 0
    hours = hourly_counts(heard, 0.6)
    assert hours.loc["Pond", 21] == counts.loc[counts["site"] == "Pond", "positive"].sum()
    best = best_windows(heard, 0.6, 2)
    assert (
        best.groupby("site").size().max() == 2
        and best.drop_duplicates(["site", "night"]).shape == best.shape
    )


def test_the_tables_and_the_page_say_the_same(folder):
    page = content(folder / "found/season.html")
    sites = pd.read_csv(folder / "found/season_sites.csv").set_index("site")
    assert sites.loc["Pond", "presence"] > 0.99 and sites.loc["Ditch", "presence"] < 0.5
    level = next(one for one in page["levels"] if one["threshold"] == page["threshold"])
    assert [site["site"] for site in level["sites"]] == ["Ditch", "Pond", "Stream"]
    assert level["sites"][1]["presence"] == pytest.approx(sites.loc["Pond", "presence"], rel=1e-5)
    assert level["minutes"] == pytest.approx(level["positive"] * 3 / 60)
    night = level["nights"][0]
    rates = level["rates"]["false_positives"]
    assert night["false"] == pytest.approx((night["windows"] - night["calls"]) * rates["rate"])
    assert night["false_low"] <= night["false"] <= night["false_high"]
    assert [one["calls"] for one in level["certainty"]] == [1, 5, 20, 100]
    assert all(one["chance"] <= one["independent"] + 1e-12 for one in level["certainty"])
    heard = [clip for clip in page["clips"] if clip["sound"]]
    assert heard and all(clip["missing"] for clip in page["clips"] if not clip["sound"])


def test_a_page_needs_nothing_from_elsewhere_and_names_cannot_break_it(folder):
    for name in ("season", "queue"):
        text = (folder / f"found/{name}.html").read_text(encoding="utf-8")
        assert "default-src 'none'" in text and not re.search(
            r"https?://(?!www\.w3\.org/2000/svg)", text
        )
        assert text.count("</script>") == 2
    named = filled(PAGE, {"file": "</script><script>alert(1)</script>"})
    assert named.count("</script>") == 2 and "alert(1)" in named


@pytest.mark.slow
def test_a_season_may_lie_on_s3(folder, tmp_path, monkeypatch):
    """Tables, recordings and pages; what the pages say, show and play is what they do for files of this machine."""
    monkeypatch.setattr("chorus.commands.season._SLIDER", (0.0, 2.0))
    with storage(tmp_path):
        far = f"s3://{BUCKET}"
        _upload(folder, place(far))
        queue = ["--uncertain", "4", "--unconfirmed", "1", "--random", "5"]
        main(["season", f"{far}/found", "--predictions", str(folder / "predictions.parquet")])
        main(["review-queue", f"{far}/found", *queue])
        season = (place(far) / "found/season.html").read_text(encoding="utf-8")
        queue_there = (place(far) / "found/queue.html").read_text(encoding="utf-8")
        sites = (place(far) / "found/season_sites.csv").read_bytes()
    here, there = content(folder / "found/season.html"), data_of(season.replace(f"{far}/", ""))
    for clip in [*here["clips"], *there["clips"]]:
        clip["missing"] = bool(clip["missing"])
    assert here == there and any(clip["sound"] for clip in there["clips"])
    assert sites == (folder / "found/season_sites.csv").read_bytes()
    for clip in data_of(queue_there)["clips"]:
        assert bool(clip["sound"]) == clip["file"].endswith("A0_20240302_210000.wav")


def _upload(folder: Path, bucket: Path) -> None:
    """The season of `folder`, with the recordings named as they are there."""
    (sound,) = folder.glob("season/*/*.wav")
    (bucket / sound.relative_to(folder).as_posix()).write_bytes(sound.read_bytes())
    for name in ("detections", "recordings"):
        table = pd.read_parquet(folder / f"found/{name}.parquet")
        named = table.assign(file=f"s3://{BUCKET}/" + table["file"])
        (bucket / f"found/{name}.parquet").write_bytes(named.to_parquet(index=False))
    model = (folder / "found/model.json").read_bytes()
    (bucket / "found/model.json").write_bytes(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--threshold", "1.5"], "threshold: 1.5 is not allowed: from 0, the least score"),
        (["--split", "test_iid"], "has no clips of test_iid"),
        (["--label", "owl", "--occupied", "1"], "occupied: 1.0 is not allowed"),
        (["--clips", "-1"], "--clips: -1 is not allowed"),
    ],
)
def test_what_cannot_be_is_refused(folder, arguments, message):
    predictions = ["--predictions", str(folder / "predictions.parquet")]
    with pytest.raises(SystemExit, match=message):
        main(["season", str(folder / "found"), *predictions, *arguments])


def test_what_is_left_out_or_counts_twice_is_said(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("chorus.commands.season._SLIDER", (0.0,))
    write_season(tmp_path / "found")
    recordings = pd.read_parquet(tmp_path / "found/recordings.parquet")
    recordings.loc[[0, 3, 5], "sha256"] = "of one content"
    recordings.loc[1, "night"] = ""
    recordings.to_parquet(tmp_path / "found/recordings.parquet", index=False)
    given = ["--predictions", str(folder / "predictions.parquet"), "--recordings"]
    main(["season", str(tmp_path / "found"), *given, str(folder), "--clips", "1"])
    said = capsys.readouterr().out
    assert "1 recordings of unknown nights are left out." in said
    assert "2 recordings hold the same bytes as another one" in said
    main(["season", str(tmp_path / "found"), *given, str(tmp_path), "--clips", "1"])
    assert re.search(
        r"\d of the best clips have no sound: --recordings says", capsys.readouterr().out
    )


def test_a_class_that_the_detector_does_not_know_is_no_quiet_season(tmp_path):
    write_season(tmp_path, nights=1, windows=4)
    model = read_json(tmp_path / "model.json") | {"classes": ["negative", "positive"]}
    write_json(tmp_path / "model.json", model)
    with pytest.raises(ParameterError, match="label: 'frog' is not allowed: positive"):
        read_season(tmp_path, "frog")


@pytest.mark.parametrize(
    ("text", "message"), [("{", "model.json cannot be read: "), ("[]", "describes no detector")]
)
def test_a_damaged_description_of_the_detector_is_named(text, message, tmp_path):
    write_season(tmp_path, nights=1, windows=4)
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(DataError, match=re.escape(message)):
        read_season(tmp_path)


def test_a_page_says_that_windows_overlap(tmp_path):
    write_season(tmp_path, nights=1, windows=4)
    assert "overlap" not in _about(read_season(tmp_path))
    model = read_json(tmp_path / "model.json") | {"options": {"overlap": 1.5}}
    write_json(tmp_path / "model.json", model)
    assert "Its windows overlap by 1.5 s" in _about(read_season(tmp_path))


def test_a_table_of_high_scores_alone_knows_no_lower_threshold(folder, tmp_path):
    write_season(tmp_path / "found")
    model = json.loads((tmp_path / "found/model.json").read_text())
    (tmp_path / "found/model.json").write_text(json.dumps(model | {"options": {"min_score": 0.7}}))
    with pytest.raises(SystemExit, match=r"threshold: 0.6 is not allowed: from 0.7"):
        main(
            [
                "season",
                str(tmp_path / "found"),
                "--predictions",
                str(folder / "predictions.parquet"),
            ]
        )


@needs_browser
def test_the_season_in_a_browser_also_on_a_phone(folder, tmp_path):
    with browser(tmp_path) as window:
        window.resize(390, 844)
        window.open(folder / "found/season.html")
        assert window.run("return document.documentElement.scrollWidth <= innerWidth")
        assert "Pond" in window.text("#sites") and "3 sites" in window.text("#about")
        before = window.text("#burden")
        assert window.text("#whose") == "(the detector's own)"
        window.run("const s = document.getElementById('threshold'); s.value = s.max; s.oninput()")
        assert window.text("#burden") != before and window.text("#whose") == ""
        window.click("#calendars .day:not(.none)")
        assert "windows positive" in window.text("#calendars .says")
        assert window.run("return document.querySelectorAll('#table tr').length") == 18


@needs_browser
def test_answers_by_key_are_kept_undone_and_exported(folder, tmp_path):
    with browser(tmp_path) as window:
        page = folder / "found/queue.html"
        window.open(page)
        window.press("1")
        assert "Say first who listens" in window.text("#notice") and "0 answered" in window.text(
            "#count"
        )
        window.type("#who", "Ada")
        window.press("1", "3", "0", "u")
        assert "4 answered" in window.text("#count")
        window.press(BACKSPACE)
        assert "3 answered" in window.text("#count") and window.text("#place").startswith("4 of")
        window.open(page)  # as after closing the browser: by file://, without a server
        assert "3 answered" in window.text("#count")
        window.click("#export")
        name = f"reviewed_{content(page)['queue']}.csv"
        exported = wait_for(tmp_path / name)
    answers = read_reviews([exported])
    assert answers["label"].tolist()[:4] == ["positive", "positive", "negative", ""]
    assert answers["quality"].tolist()[:3] == ["high", "low", ""]
    assert set(answers["who"]) == {"Ada", ""} and set(answers["model"]) == {"a detector"}
    assert set(answers["threshold"]) == {0.6}
    heard = read_season(folder / "found").windows.set_index(["file", "start"])["score"]
    kept = answers.set_index(["file", "start"])["score"]
    assert (kept == heard[kept.index]).all()  # to the last digit
    assert len(read_csv(exported)) == len(content(folder / "found/queue.html")["clips"])
