"""How errors of a script reach a person."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml

SOURCE = Path(__file__).parents[1] / "src"


def test_ctrl_c_is_one_line_and_no_traceback():
    code = "import stage\ndef recipe(): raise KeyboardInterrupt\nstage.run(recipe)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "stopped: run the same command again\n")


DVC = yaml.safe_load((SOURCE.parent / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
SCRIPTS = sorted(stage["cmd"].split()[-1] for stage in DVC.values())


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


# All scripts in one process, as starting Python twice for each would take most of the time.
ASKED = """if True:
    import contextlib, io, json, runpy, sys
    sys.path.insert(0, sys.argv[1])
    answers = {}
    for script in sys.argv[2:]:
        for option in ("--help", "--no-such-option"):
            out, err, sys.argv = io.StringIO(), io.StringIO(), [script, option]
            try:
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    runpy.run_path(script, run_name="__main__")
                status = "went on"
            except SystemExit as end:
                status = end.code
            answers[script + option] = [status, out.getvalue(), err.getvalue()]
    print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """What each script answers to an option: exit status, output, errors; and the folder in which it was asked."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "data/raw").mkdir(parents=True)
    (folder / "data/raw/clips.csv").write_text("kept")
    scripts = [str(SOURCE.parent / script) for script in SCRIPTS]
    done = _python(folder, "-c", ASKED, str(SOURCE), *scripts)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_stage_has_help_and_refuses_what_it_does_not_know_and_touches_nothing(script, asked):
    answers, folder = asked
    status, out, _ = answers[f"{SOURCE.parent / script}--help"]
    assert status == 0 and out.startswith("usage: ") and len(out.splitlines()) > 4
    status, _, err = answers[f"{SOURCE.parent / script}--no-such-option"]
    assert status == 2 and "error: unrecognized arguments" in err
    assert [path.name for path in folder.rglob("*")] == ["data", "raw", "clips.csv"]
    assert (folder / "data/raw/clips.csv").read_text() == "kept"


@pytest.mark.parametrize(
    ("raised", "shown"),
    [
        (
            "OSError(28, 'No space left on device', 'a.tar')",
            "error: No space left on device: a.tar\n",
        ),
        ("PermissionError(13, 'Permission denied', 'x')", "error: Permission denied: x\n"),
        ("__import__('dvc.exceptions').exceptions.DvcException('a\\nb')", "error: DVC: a b\n"),
        ("__import__('pygit2').GitError('x is not owned by you')", "safe.directory"),
        (
            "__import__('botocore.exceptions').exceptions.NoCredentialsError()",
            "error: the storage: Unable to locate credentials\n",
        ),
        (
            "FileNotFoundError(2, 'No such file or directory', 'data/manifests/splits.csv')",
            "error: data/manifests/splits.csv is missing, which an earlier stage makes: dvc repro\n",
        ),
    ],
)
def test_errors_of_dvc_git_s3_and_the_disk_are_one_line(raised, shown):
    done = _python(SOURCE, "-c", f"import stage\ndef recipe(): raise {raised}\nstage.run(recipe)")
    assert done.returncode == 1 and shown in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("bug", ["KeyError('x')", "FileNotFoundError(2, 'No such file', 'fonts')"])
def test_a_bug_keeps_its_traceback(bug):
    done = _python(SOURCE, "-c", f"import stage\ndef recipe(): raise {bug}\nstage.run(recipe)")
    assert "Traceback" in done.stderr and bug.partition("(")[0] in done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A Python in which this checkout is installed as `pip install --editable` does it: by a .pth file."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "editable.pth").write_text(f"{sysconfig.get_path('purelib')}\n{SOURCE}\n")
    return folder / "bin/python"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Another checkout, as a queued experiment has one, with a script that says whose library it runs."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(SOURCE, folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src/where.py").write_text("import stage\nimport chorus\nprint(chorus.__file__)\n")
    return folder


def test_a_script_runs_the_library_of_its_own_checkout_not_the_installed_one(installed, checkout):
    done = subprocess.run(
        [installed, "src/where.py"], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == checkout / "src/chorus/__init__.py"


@pytest.mark.parametrize(
    ("options", "setting"), [(["-P"], {}), ([], {"PYTHONSAFEPATH": "1"}), (["-I"], {})]
)
def test_where_python_leaves_the_scripts_folder_out_the_installed_library_is_refused(
    installed, checkout, options, setting
):
    command = [installed, *options, "src/where.py"]
    done = subprocess.run(
        command, cwd=checkout, env=setting, capture_output=True, text=True, check=False
    )
    cause = "is PYTHONSAFEPATH set, or python -P?"
    sentence = (
        f"error: where.py would import stage from {SOURCE}, not from beside itself: {cause}\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)
