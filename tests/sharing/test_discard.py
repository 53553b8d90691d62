"""What `chorus verify --repair` throws away: damaged objects and their copies, and no other file of the same name."""

from __future__ import annotations

from folder import Folder


def test_repairing_another_commit_leaves_the_files_of_this_one(tmp_path):
    study = Folder(tmp_path)
    scores = study.folder / "scores.csv"
    study.git_init()
    study.dvc_init()
    for version in ("first", "second"):
        scores.write_text(version)
        study.run("dvc", "add", "-q", "scores.csv")
        study.commit(version)
    for cached in (study.folder / ".dvc/cache/files/md5").glob("*/*"):
        if cached.read_text() == "first":
            cached.chmod(0o644)
            cached.write_text("rotten")
    said = study.run("chorus", "verify", "--rev", "HEAD~1", "--repair")
    assert "thrown away; dvc pull brings it: scores.csv" in said
    assert scores.read_text() == "second"
