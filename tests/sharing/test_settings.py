"""No secret gets into git: neither through .dvc/config nor in any other tracked file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from chorus.errors import DataError
from chorus.sharing.settings import find_config, refuse_secrets, secrets_in, unverified
from folder import Folder

ROOT = Path(__file__).parents[2]
CHECKED = "src/chorus/commands/check.py"
# put together here, so that no file of this repository looks as though it held a key
AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture
def project(tmp_path):
    """DVC's own commands write the config here; the check reads the params of this repository."""
    repository = Folder(tmp_path)
    repository.git_init()
    repository.dvc_init()
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"))
    _dvc(tmp_path, "remote", "add", "-d", "storage", "s3://bucket/chorus")
    _dvc(tmp_path, "remote", "modify", "storage", "verify", "true")
    return tmp_path


def _dvc(folder, *arguments):
    Folder(folder).run("dvc", *arguments)


def _check(folder):
    return Folder(folder).ended("chorus", "check")


def test_no_tracked_file_holds_a_secret():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert ROOT / ".dvc/config" in files and ROOT / CHECKED in files
    texts = {file: file.read_bytes().decode("utf-8", errors="replace") for file in files}
    assert {str(file): found for file, text in texts.items() if (found := secrets_in(text))} == {}
    refuse_secrets(texts[ROOT / ".dvc/config"])


@pytest.mark.parametrize("name", [".dvc/config.local", ".s3/credentials", ".s3/objects/x"])
def test_what_may_hold_secrets_is_ignored_by_git(name):
    assert (
        subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0
    )


def test_the_scan_finds_secrets():
    for text in (
        AWS_KEY,
        f"aws_secret_access_key = {SECRET}",
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "https://user" + ":password@example.org/x",
    ):
        assert len(secrets_in(f"first line\n{text}\nlast line")) == 1, text
    assert (
        secrets_in("export AWS_SECRET_ACCESS_KEY=...; s3://bucket/a; user@example.org; x: y@z")
        == []
    )


def test_a_remote_and_its_local_secrets_pass(project):
    _dvc(project, "remote", "modify", "--local", "storage", "access_key_id", AWS_KEY)
    _dvc(project, "remote", "modify", "--local", "storage", "secret_access_key", SECRET)
    result = _check(project)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_secret_without_local_stops_the_check_and_is_not_shown(project):
    _dvc(project, "remote", "modify", "storage", "secret_access_key", SECRET)
    result = _check(project)
    assert result.returncode == 1
    assert result.stderr.startswith(
        "error: .dvc/config holds secret_access_key of remote 'storage'"
    )
    assert SECRET not in result.stderr
    _dvc(project, "remote", "modify", "--unset", "storage", "secret_access_key")  # as it says
    assert _check(project).returncode == 0


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("azure://c/x", {"account_key": "k"}),
        ("ssh://h/x", {"password": "p"}),
        ("s3://b/x", {"session_token": "t"}),
    ],
)
def test_the_keys_of_other_storages_are_refused_too(url, options):
    text = f"['remote \"one\"']\n    url = {url}\n" + "".join(
        f"    {key} = {value}\n" for key, value in options.items()
    )
    with pytest.raises(DataError, match=next(iter(options))):
        refuse_secrets(text)
    with pytest.raises(DataError, match="a password in an address"):
        refuse_secrets("['remote \"one\"']\n    url = ssh://me" + ":pass@host/x\n")


def test_a_remote_that_takes_damaged_data_is_named(project):
    assert unverified(project / ".dvc") == []
    _dvc(project, "remote", "modify", "storage", "verify", "false")
    assert unverified(project / ".dvc") == ["dvc remote modify storage verify true"]
    assert (
        "warning: DVC would take damaged data: dvc remote modify storage verify true"
        in _check(project).stderr
    )


def test_what_counts_is_what_dvc_goes_by(project):
    """.dvc/config.local comes on top of .dvc/config, and may have remotes of its own."""
    _dvc(project, "remote", "modify", "storage", "verify", "false")
    _dvc(project, "remote", "modify", "--local", "storage", "verify", "true")
    _dvc(project, "remote", "add", "--local", "mine", "s3://bucket/mine")
    assert unverified(project / ".dvc") == ["dvc remote modify --local mine verify true"]
    _dvc(project, *unverified(project / ".dvc")[0].split()[1:])
    assert unverified(project / ".dvc") == []


def test_settings_that_dvc_refuses_are_one_sentence(project):
    (project / ".dvc/config.local").write_text("['remote \"other\"']\n    verify = true\n")
    result = _check(project)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert (
        result.stderr.startswith("error: DVC's settings cannot be read: ")
        and "'url'" in result.stderr
    )


def test_the_config_is_found_from_a_folder_inside(project):
    (project / "studies/accents").mkdir(parents=True)
    assert find_config(project / "studies/accents") == project / ".dvc/config"
