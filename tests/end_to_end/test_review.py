"""Reviews of branches, in a clone of a bare repository and with data in a DVC remote, as a pull request would be."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from end_to_end.conftest import EVALUATED
from end_to_end.project import Project
from folder import Folder

SUBSET = "hardneg_conf_min_30"


class Reviewer(Folder):
    """A clone with the code and no data of its own."""

    def review(self, branch: str, *options: str) -> str:
        self.run("git", "fetch", "-q")
        return self.run("chorus", "review", "origin/main", f"origin/{branch}", *options)


@pytest.fixture(scope="module")
def author(finished, tmp_path_factory):
    """The study up to its evaluation, pushed to a bare repository and a DVC remote."""
    home = tmp_path_factory.mktemp("review")
    project = finished.copy(home / "author")
    project.git("reset", "-q", "--hard", EVALUATED)
    project.git("init", "-q", "--bare", "-b", "main", str(home / "bare.git"))
    project.git("remote", "add", "origin", str(home / "bare.git"))
    project.dvc("remote", "add", "-d", "store", str(home / "store"))
    project.commit("where the data lies")
    _publish(project, "main")
    return project


@pytest.fixture(scope="module")
def reviewer(author):
    folder = author.folder.parent / "reviewer"
    author.git("clone", "-q", str(author.folder.parent / "bare.git"), str(folder))
    return Reviewer(folder)


@pytest.fixture(scope="module")
def harder(author):
    """A branch with another composition, made as CONTRIBUTING.md says: experiment, apply, commit, push."""
    author.git("checkout", "-q", "-b", "harder", "main")
    author.dvc("exp", "run", "-n", "hard", "-S", f"compose.negative_subsets=[{SUBSET}]", "evaluate")
    author.git("checkout", "-q", ".")
    author.dvc("exp", "apply", "hard")
    author.commit("hard negatives")
    _publish(author, "harder")
    return "harder"


@pytest.fixture(scope="module")
def elsewhere(author):
    """A branch with another OOD site."""
    _branch(author, "elsewhere")
    author.dvc("exp", "run", "-S", "split.ood_sites=[Cole Creek]", "evaluate")
    author.commit("another pond")
    _publish(author, "elsewhere")
    return "elsewhere"


def _publish(project: Project, branch: str) -> None:
    project.dvc("push")
    project.git("push", "-q", "origin", branch)


def _branch(project: Project, name: str) -> None:
    project.git("checkout", "-q", "-f", "-b", name, "main")


def _members(project: Project, branch: str) -> pd.DataFrame:
    project.git("checkout", "-q", "-f", branch)
    project.dvc("checkout")
    return pd.read_csv(project.folder / "data/manifests/train.csv", dtype=str).set_index("clip_id")


def test_a_new_composition_is_told_in_clips_and_metrics(author, harder, reviewer, tmp_path):
    reviewer.review(
        harder, "--out", str(tmp_path / "review.md"), "--images", str(tmp_path / "images")
    )
    text = (tmp_path / "review.md").read_text(encoding="utf-8")
    assert "This changes parameters and data." in text
    assert f"`compose.negative_subsets` `[]` → `['{SUBSET}']`" in text
    assert "Ran with other inputs: compose, train, evaluate." in text
    before, after = _members(author, "main"), _members(author, harder)
    entered, left = (
        after.drop(before.index, errors="ignore"),
        before.drop(after.index, errors="ignore"),
    )
    assert set(entered["source"]) == {SUBSET} and len(entered) > 0
    row = f"| training set | {len(before)} | {len(after)} | {len(entered)}: {len(entered)} negative from {SUBSET} | "
    assert row in text
    assert f"| {len(left)}: {len(left)} negative |" in text
    assert entered.index[0] in text
    same = next(line for line in text.splitlines() if line.startswith("Same clips as before"))
    places = [
        same.index(f"split {name}") for name in ("train", "validation", "test_iid", "test_ood")
    ]
    assert places == sorted(places)
    old = json.loads(author.git("show", "main:metrics/evaluation.json"))["ood"]["auprc"]
    new = json.loads(author.git("show", "harder:metrics/evaluation.json"))["ood"]["auprc"]
    word = "better" if new > old else "worse"
    assert (
        f"| ood.auprc | {old:.3f} | {new:.3f} | {new - old:+.3f} | {word}; seed noise unknown |"
        in text
    )
    assert "not produced by" not in text and "not run" not in text and "test split" not in text
    links = [part.partition(")")[0] for part in text.split("](")[1:]]
    assert links == ["images/evaluation.png", "images/training.png"]
    assert all((tmp_path / link).read_bytes().startswith(b"\x89PNG") for link in links)


def test_the_workspace_can_be_reviewed_before_it_is_committed(author, harder, tmp_path):
    author.git("checkout", "-q", "-f", harder)
    author.git("reset", "-q", "--soft", "main")
    try:
        options = ("--images", str(tmp_path), "--image-base", "https://example.org/pr-1/")
        text = author.run("chorus", "review", *options)
    finally:
        author.git("reset", "-q", "--hard", "origin/harder")
    assert ") → workspace\n" in text and "training set" in text and SUBSET in text
    assert "(https://example.org/pr-1/evaluation.png)" in text


def test_what_happened_on_main_since_is_not_held_against_a_branch(author, harder, reviewer):
    _branch(author, "later")
    (author.folder / "src/gallery.py").write_text("# gone\n")
    author.commit("something else")
    author.git("push", "-q", "origin", "later:main")
    try:
        text = reviewer.review(harder)
    finally:
        author.git("push", "-q", "-f", "origin", "main:main")
    assert "src/gallery.py" not in text and "origin/main has gone on since" in text


def test_a_metric_edited_by_hand_is_warned_of(author, reviewer):
    _branch(author, "edited")
    path = author.folder / "metrics/evaluation.json"
    metrics = json.loads(path.read_text())
    path.write_text(json.dumps(metrics | {"ood": metrics["ood"] | {"f1": 0.999}}, indent=2) + "\n")
    author.commit("better")
    author.git("push", "-q", "origin", "edited")
    text = reviewer.review("edited")
    warning = (
        "metrics/evaluation.json is not what the stage evaluate made: dvc.lock has another hash."
    )
    assert f"> * **Metrics not produced by the committed dvc.lock:** {warning}" in text
    author.run("chorus", "check", "--results", fails=True)


def test_parameters_that_were_changed_and_not_run_are_warned_of(author, reviewer):
    _branch(author, "forgotten")
    author.params({"compose.balance": False})
    author.commit("all negatives")
    author.git("push", "-q", "origin", "forgotten")
    text = reviewer.review("forgotten")
    assert (
        "**Changed, but not run:** the stage compose was not run since a change of compose." in text
    )
    assert (
        "`compose.balance` `True` → `False`" in text and "No stage ran with other inputs." in text
    )


def test_another_ood_site_is_another_test(elsewhere, reviewer):
    text = reviewer.review(elsewhere)
    assert "**The test split changed** (test_ood): " in text
    ood = next(line for line in text.splitlines() if line.startswith("| ood.f1 |"))
    assert ood.endswith("| not comparable: other test clips |")
    assert "| split test_ood |" in text


def test_without_the_data_the_review_says_so(author, elsewhere, reviewer):
    store = author.folder.parent / "store"
    shutil.move(store, store.with_name("away"))
    shutil.rmtree(reviewer.folder / ".dvc/cache", ignore_errors=True)
    try:
        text = reviewer.review(elsewhere)
    finally:
        shutil.move(store.with_name("away"), store)
    assert "cannot be read here (`dvc pull` first, or credentials?)" in text
    assert "* `data/manifests/train.csv`: " in text and "| training set |" not in text
    assert "**The test split may have changed:** data/manifests/splits.csv differs" in text
    assert "| ood.auprc |" in text


def test_a_revision_that_is_not_there_is_one_line(author):
    result = author.run("chorus", "review", "nowhere", fails=True)
    assert "unknown Git revision 'nowhere'" in result and "Traceback" not in result
