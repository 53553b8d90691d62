"""Editing while a stage runs: DVC alone records what the stage never used; ours fails, and leaves no record."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import yaml

from end_to_end.project import ROOT
from folder import Folder

WAITS = """from pathlib import Path
from time import sleep
Path("started").touch()
while not Path("go").exists(): sleep(0.05)
"""
SCRIPTS = {
    "alone.py": f"{WAITS}Path('out').write_text(Path('params.yaml').read_text())\n",
    "ours.py": '"""A stage that takes its time."""\n'
    "import stage\nimport helper\n"
    "def main():\n"
    "    dropout = stage.params('train')['dropout']\n"
    + "".join(f"    {line}\n" for line in WAITS.splitlines())
    + "    Path('out').write_text(str(dropout))\n"
    "stage.run(main)\n",
    "helper.py": "ONE = 1\n",
}
PARAMS = "train:\n  dropout: 0.25\nother: 1\nfolder: recordings\n"
CODE = {"code": {"cache": False, "persist": True}}
FINGERPRINT = {"cmd": "python src/fingerprint.py", "deps": ["src"], "outs": [CODE]}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A study whose code has been fingerprinted and whose stage has not run; to be copied."""
    study = Folder(tmp_path_factory.mktemp("edits") / "study")
    shutil.copytree(
        ROOT / "src", study.folder / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, text in SCRIPTS.items():
        (study.folder / "src" / name).write_text(text)
    (study.folder / "params.yaml").write_text(PARAMS)
    (study.folder / "recordings").mkdir()
    (study.folder / "recordings/one.wav").write_text("one")
    study.git_init()
    study.dvc_init()
    # as in this repository: what Python compiles is no change of the code
    (study.folder / ".dvcignore").write_text("__pycache__\n")
    of_stage(study, "ours.py")
    study.run("dvc", "repro", "fingerprint")
    return study


@pytest.fixture
def study(tmp_path, begun):
    shutil.copytree(begun.folder, tmp_path / "study")
    return Folder(tmp_path / "study")


def of_stage(study: Folder, script: str) -> None:
    """The study consists of the fingerprints and one stage."""
    deps = ["code/train.txt", "${folder}"]
    stage = {"cmd": f"python src/{script}", "params": ["train"], "deps": deps, "outs": ["out"]}
    stages = {"fingerprint": FINGERPRINT, "train": stage}
    (study.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))


def started(study: Folder, script: str = "ours.py"):
    """A stage in the middle of its work."""
    of_stage(study, script)
    process = study.begin("dvc", "repro")
    until = time.monotonic() + 60
    while not (study.folder / "started").exists():
        assert process.poll() is None and time.monotonic() < until, process.communicate()[0]
        time.sleep(0.02)
    return process


def ended(study: Folder, process) -> tuple[int, str]:
    (study.folder / "go").touch()
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def lock(folder: Path) -> str:
    return (folder / "dvc.lock").read_text() if (folder / "dvc.lock").exists() else ""


def test_dvc_alone_records_an_edit_that_the_stage_never_saw(study):
    """Why there is src/record.py; should DVC change its mind (treeverse/dvc#11058), this test will say so."""
    process = started(study, "alone.py")
    (study.folder / "params.yaml").write_text(PARAMS.replace("0.25", "0.9"))
    assert ended(study, process)[0] == 0
    assert "dropout: 0.9" in lock(study.folder)
    assert "up to date" in study.run("dvc", "status")


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("params.yaml", "0.25", "0.9", "train.dropout"),
        ("params.yaml", "dropout: 0.25", "dropout: 0.25\n  epochs: 3", "train.epochs"),
        ("src/helper.py", "ONE = 1", "ONE = 2", "src/helper.py"),
        ("src/chorus/files.py", "import json", "import json, ast", "src/chorus/files.py"),
        ("recordings/one.wav", "one", "another", "recordings/one.wav"),
        ("recordings/two.wav", "", "a recording that came meanwhile", "recordings/two.wav"),
    ],
)
def test_an_edit_while_a_stage_runs_is_named_and_not_recorded(study, file, old, new, named):
    process = started(study)
    path = study.folder / file
    path.write_text(path.read_text().replace(old, new) if path.exists() else new)
    status, output = ended(study, process)
    assert (
        status != 0
        and f"error: changed while the stage ran: {named}; what it made is recorded nowhere"
        in output
    )
    assert "train:" not in lock(study.folder)
    study.run("dvc", "repro")  # the repeated command makes it with what is there now
    assert (study.folder / "out").read_text() == ("0.9" if new == "0.9" else "0.25")
    assert "up to date" in study.run("dvc", "status")


def test_what_the_stage_does_not_depend_on_may_be_edited(study):
    process = started(study)
    (study.folder / "params.yaml").write_text(PARAMS.replace("other: 1", "other: 2"))
    (study.folder / "src/chorus/mining.py").write_text("")
    helper = study.folder / "src/helper.py"
    helper.write_text(f"# one\n{helper.read_text()}")
    assert ended(study, process)[0] == 0
    assert "dropout: 0.25" in lock(study.folder)


def test_a_params_file_in_the_middle_of_an_edit_is_a_change(study):
    process = started(study)
    (study.folder / "params.yaml").write_text("train: {dropout: [\n")
    status, output = ended(study, process)
    assert (
        status != 0
        and "error: changed while the stage ran: " in output
        and "train.dropout" in output
    )


def test_code_that_its_fingerprint_does_not_know_makes_nothing(study):
    """DVC would record the model of the new code under the old one, where a stage is run without those before it."""
    process = started(study)
    assert ended(study, process)[0] == 0
    before = lock(study.folder)
    (study.folder / "src/helper.py").write_text("ONE = 2\n")
    output = study.run("dvc", "repro", "--force", "--single-item", "train", fails=True)
    assert (
        "error: src/helper.py: not as in code/, which dvc repro without --single-item brings up to date"
        in output
    )
    assert lock(study.folder) == before
    study.run("dvc", "repro", "train")
    assert "up to date" in study.run("dvc", "status")


def test_a_comment_runs_nothing_and_an_edit_of_a_helper_runs_the_stage(study):
    process = started(study)
    assert ended(study, process)[0] == 0
    helper = study.folder / "src/helper.py"
    helper.write_text('"""A helper."""\nONE = 1  # one\n')
    assert "Stage 'train' didn't change" in study.run("dvc", "repro")
    helper.write_text("ONE = 2\n")
    assert "Running stage 'train'" in study.run("dvc", "repro")
