"""A study in a folder of its own: its stages run its checkout's code, and an edit runs the stages that use it."""

from __future__ import annotations

import shutil

import pytest
import yaml

from end_to_end.project import ROOT
from folder import Folder

CODE = {"code": {"cache": False, "persist": True}}
STAGES = {
    "fingerprint": {
        "cmd": "python ../../src/fingerprint.py",
        "deps": ["../../src", "src"],
        "outs": [CODE],
    },
    "one": {"cmd": "python ../../src/run.py one", "deps": ["code/one.txt"], "outs": ["one.txt"]},
    "two": {
        "cmd": "python ../../src/run.py two",
        "deps": ["code/two.txt", "one.txt"],
        "params": ["seed"],
        "metrics": [{"two.json": {"cache": False}}],
    },
}
STAGE = """import stage
from pathlib import Path
from toy.helper import text
from chorus.seeds import derive
def main():
    Path('one.txt').write_text(text())
stage.run(main)
"""
USER = STAGE.replace("from toy.helper import text\n", "from toy import both\n").replace(
    "Path('one.txt').write_text(text())", "Path('two.json').write_text(str(both.NUMBER))"
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Folder:
    root = Folder(tmp_path_factory.mktemp("repository"))
    shutil.copytree(ROOT / "src", root.folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (root.folder / ".gitignore").write_text("__pycache__/\n")
    (root.folder / ".dvcignore").write_text("__pycache__\n")
    study = Folder(root.folder / "studies/toy")
    package = study.folder / "src/toy"
    package.mkdir(parents=True)
    for path, text in {
        study.folder / "src/one.py": STAGE,
        study.folder / "src/two.py": USER,
        package / "__init__.py": "",
        package / "helper.py": "def text():\n    return 'one'\n",
        package / "both.py": "NUMBER = 1\n",
        study.folder / "params.yaml": "seed: 1\n",
        study.folder / "dvc.yaml": yaml.safe_dump({"stages": STAGES}),
    }.items():
        path.write_text(text)
    root.git_init()
    root.dvc_init()
    study.run("dvc", "repro", "-q")
    root.commit()
    return study


def edit(study: Folder, file: str, old: str, new: str) -> None:
    path = study.folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def number(study: Folder, value: int) -> None:
    (study.folder / "src/toy/both.py").write_text(f"NUMBER = {value}\n")


def ran(output: str) -> set[str]:
    return {name for name in STAGES if f"Running stage '{name}'" in output} - {"fingerprint"}


def test_the_texts_name_the_studys_own_files_and_those_of_the_root(toy):
    paths = [line.split("  ")[1] for line in (toy.folder / "code/one.txt").read_text().splitlines()]
    own = [path for path in paths if path.startswith("studies/")]
    assert own == [
        "studies/toy/src/one.py",
        "studies/toy/src/toy/__init__.py",
        "studies/toy/src/toy/helper.py",
    ]
    assert {"src/stage.py", "src/chorus/seeds.py"} <= set(paths)


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("src/toy/both.py", "NUMBER = 1", "NUMBER = 1  # one", set()),
        ("src/toy/both.py", "NUMBER = 1", "NUMBER = 2", {"two"}),
        ("src/toy/helper.py", "'one'", "'another'", {"one", "two"}),
        ("../../src/chorus/seeds.py", ">> 1", ">> 2", {"one", "two"}),
        ("../../src/train.py", "stage.run(main)", "stage.run(main, 1)", set()),
    ],
)
def test_an_edit_runs_the_stages_that_use_it_and_no_other(toy, file, old, new, stages):
    edit(toy, file, old, new)
    assert ran(toy.run("dvc", "repro")) == stages


def test_code_that_its_fingerprint_does_not_know_makes_nothing(toy):
    number(toy, 3)
    output = toy.run("dvc", "repro", "--force", "--single-item", "two", fails=True)
    assert "error: studies/toy/src/toy/both.py: not as in code/" in output
    toy.run("dvc", "repro", "-q")
    toy.commit()


def test_a_queued_experiment_runs_the_code_it_was_queued_with(toy):
    number(toy, 4)
    toy.run("dvc", "exp", "run", "--queue", "-n", "queued", "-S", "seed=2")
    number(toy, 5)
    toy.run("dvc", "exp", "run", "--run-all")
    names = toy.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    queued = next(name for name in names if name.endswith("/queued"))
    assert toy.run("git", "show", f"{queued}:studies/toy/two.json") == "4"
