"""What goes wrong between machines: DVC with a real S3 server that dies, holds damaged or missing objects, or refuses.

After each fault: a message, nothing half-written taken for good, and the repeated command completes.
"""

from __future__ import annotations

import configparser
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import s3fs

from chorus.sharing.server import S3Server
from end_to_end.sharing import URL, Machine, free_port

VERIFY = "verify"
PUSH = "push"
PIPELINE = (
    "stages:\n  copy: {cmd: cp source.txt copied.txt, deps: [source.txt], outs: [copied.txt]}\n"
)
IMPATIENT = {"AWS_MAX_ATTEMPTS": "1"}  # a machine that does not wait long for a server that is gone


class Size(NamedTuple):
    """Of the data: so many shards of so many bytes, and one file as large as 60 of them."""

    nights: int
    night: int


SMALL = Size(nights=16, night=3_000)
LARGE = Size(nights=60, night=300_000)  # on its way for long enough to be stopped in the middle


class Cloud(S3Server):
    """The server, and what bit rot or a careless hand does to what it holds."""

    @property
    def files(self) -> s3fs.S3FileSystem:
        keys = configparser.ConfigParser()
        keys.read(self.credentials)
        return s3fs.S3FileSystem(
            key=keys["default"]["aws_access_key_id"],
            secret=keys["default"]["aws_secret_access_key"],
            client_kwargs={"endpoint_url": self.endpoint},
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    def place(self, name: str) -> str:
        return f"{URL.removeprefix('s3://')}/files/md5/{name[:2]}/{name[2:]}"

    def names(self) -> set[str]:
        return {
            path[-33:].replace("/", "")
            for path in self.files.find(self.place("")[:-2])
            if ".dir" not in path
        }

    def flip(self, name: str) -> None:
        content = bytearray(self.files.cat_file(self.place(name)))
        content[len(content) // 2] ^= 1
        self.files.pipe_file(self.place(name), bytes(content))

    def remove(self, name: str) -> None:
        self.files.rm_file(self.place(name))


@pytest.fixture(scope="module")
def port():
    """One for the servers of all tests, which run one after the other: it is committed with the remote."""
    return free_port()


@pytest.fixture
def cloud(tmp_path, port):
    with Cloud(tmp_path / "s3", port) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def begun(tmp_path_factory, port):
    """The studies of authors, by size: made once, and then copied."""

    @cache
    def begun(size: Size) -> Machine:
        home = tmp_path_factory.mktemp("begun")
        return new_study(home / "author", size, Cloud(home / "s3", port))

    return begun


@pytest.fixture
def size():
    return SMALL


@pytest.fixture
def author(tmp_path, begun, size, cloud):
    """Has a folder of shards and one larger file, as `data/raw` and a model are, not pushed yet."""
    author = Machine(tmp_path / "author", IMPATIENT)
    shutil.copytree(begun(size).folder, author.folder)
    author.use_keys(cloud.credentials)
    return author


@pytest.fixture
def shared(author, cloud):
    """Has pushed it: a remote holds what the cache does, under the same names."""
    cloud.files.put(f"{author.folder}/.dvc/cache/files", f"{URL}/", recursive=True)
    return author


def new_study(folder: Path, size: Size, cloud: Cloud) -> Machine:
    author = Machine(folder, IMPATIENT)
    shards = author.folder / "shards"
    shards.mkdir(parents=True)
    noise = random.Random(1)
    for night in range(size.nights):
        (shards / f"{night:03d}.tar").write_bytes(noise.randbytes(size.night))
    (author.folder / "model").write_bytes(noise.randbytes(60 * size.night))
    # one content, one object, two files
    shutil.copy(author.folder / "model", author.folder / "twin")
    author.git_init("author")
    author.dvc_init()
    author.add_remote(cloud)
    author.run("dvc", "add", "-q", "shards", "model", "twin")
    author.commit("data")
    return author


def clone(author: Machine, folder: Path, cloud: Cloud, verify: bool = True) -> Machine:
    """A second machine."""
    other = Machine.clone(author.folder, folder, cloud, IMPATIENT)
    if not verify:
        other.use_keys(cloud.credentials, verify="false")
    return other


def killed(cloud: Cloud, machine: Machine, command: str, far_enough: Callable[[], bool]) -> str:
    """Kill the server in the middle of a command; returns what the command says."""
    process = machine.start("dvc", command)
    until = time.monotonic() + 60
    while not far_enough():
        assert process.poll() is None, f"it ended before: {process.communicate()[0]}"
        assert time.monotonic() < until
        time.sleep(0.01)
    cloud.stop(kill=True)
    output, _ = process.communicate(timeout=240)
    assert process.returncode != 0, output
    assert "Could not connect" in output or "Connection" in output or "closed" in output, output
    assert "Traceback" not in output
    return output


def of(machine: Machine, path: str) -> str:
    return machine.hashes()[path]


def whole(machine: Machine, author: Machine) -> bool:
    """Whether a machine has all data, each byte, and DVC says so."""
    return machine.hashes() == author.hashes() and "up to date" in machine.run("dvc", "status")


@pytest.mark.slow
@pytest.mark.parametrize("size", [LARGE], ids=["large"])
def test_the_server_is_killed_in_the_middle_of_a_push(author, size, cloud, tmp_path):
    nights = f"*_{size.night}"
    objects = tmp_path / "s3/objects"
    killed(cloud, author, "push", lambda: len(list(objects.rglob(nights))) > size.nights // 4)
    cloud.start()
    assert not [
        path for path in cloud.files.find(URL) if path.endswith(".dir")
    ]  # no list of files before the files
    assert "pushed" in author.run("dvc", "push")
    assert re.search(
        r"on the remote: all [1-9]\d* objects are whole", author.run("chorus", VERIFY, "--remote")
    )
    other = clone(author, tmp_path / "other", cloud)
    other.run("dvc", "pull")
    assert whole(other, author)


@pytest.mark.slow
@pytest.mark.parametrize("size", [LARGE], ids=["large"])
def test_the_server_is_killed_in_the_middle_of_a_pull(shared, size, cloud, tmp_path):
    other = clone(shared, tmp_path / "other", cloud)
    killed(cloud, other, "pull", lambda: len(other.cached()) > size.nights // 4)
    assert 0 < len(other.cached()) < size.nights + 3
    assert not (other.folder / "shards").exists()  # DVC shows a folder when it is complete
    assert other.damaged() == set()
    cloud.start()
    other.run("dvc", "pull")
    assert whole(other, shared)
    assert other.damaged() == set()


def test_dvc_takes_a_damaged_object_for_good_unless_told_to_verify(shared, cloud, tmp_path):
    """Why docs/sharing.md wants `verify true`; should DVC change its mind, this test will say so."""
    cloud.flip(of(shared, "model"))
    other = clone(shared, tmp_path / "other", cloud, verify=False)
    other.run("dvc", "pull")
    assert "up to date" in other.run("dvc", "status")
    assert of(other, "model") != of(shared, "model")
    output = other.run("chorus", VERIFY, fails=True)
    assert f"damaged here: model = twin ({of(shared, 'model')})" in output
    assert "error: 1 object is damaged or missing: chorus verify --repair throws away" in output
    cloud.files.put_file(shared.folder / "model", cloud.place(of(shared, "model")))
    assert "thrown away; dvc pull brings it: model = twin" in other.run(
        "chorus", VERIFY, "--repair"
    )
    other.run("dvc", "pull")
    assert whole(other, shared)


def test_a_damaged_object_is_refused_and_repaired_from_who_has_it(shared, cloud, tmp_path):
    for path in ("model", "shards/007.tar"):
        cloud.flip(of(shared, path))
    other = clone(shared, tmp_path / "other", cloud)
    output = other.run("dvc", "pull", fails=True)
    assert "Checkout failed for following targets" in output and "Traceback" not in output
    assert not (other.folder / "model").exists() and other.damaged() == set()
    output = other.run("chorus", VERIFY, "--remote", fails=True)  # names what DVC does not
    assert (
        "damaged on the remote: model" in output
        and "damaged on the remote: shards/007.tar" in output
    )
    assert "up to date" in shared.run("dvc", "push")  # pushing again mends nothing
    output = shared.run("chorus", VERIFY, "--remote", "--repair")
    assert "uploaded again: model" in output and "uploaded again: shards/007.tar" in output
    other.run("dvc", "pull")
    assert whole(other, shared)


def test_a_missing_object_is_named_and_repaired_from_who_has_it(shared, cloud, tmp_path):
    names = {of(shared, "model"), of(shared, "shards/007.tar")}
    for name in names:
        cloud.remove(name)
    other = clone(shared, tmp_path / "other", cloud)
    output = other.run("dvc", "pull", fails=True)
    assert all(name in output for name in names) and "Traceback" not in output
    assert "Some of the cache files do not exist neither locally nor on remote" in output
    assert "The specified key does not exist" in output
    assert names.isdisjoint(other.cached()) and other.damaged() == set()
    output = other.run("chorus", VERIFY, "--remote", fails=True)
    assert (
        "missing on the remote: model" in output
        and "missing on the remote: shards/007.tar" in output
    )
    shared.run("dvc", "push")
    assert names - cloud.names() == {
        of(shared, "shards/007.tar")
    }  # DVC sees the folder's list, and looks no further
    assert "uploaded again: shards/007.tar" in shared.run("chorus", VERIFY, "--remote", "--repair")
    other.run("dvc", "pull")
    assert whole(other, shared)


def test_a_missing_list_of_a_folders_files_is_named_and_repaired_from_who_has_it(
    shared, cloud, tmp_path
):
    cloud.remove(next(name for name in shared.cached() if name.endswith(".dir")))
    other = clone(shared, tmp_path / "other", cloud)
    assert "Checkout failed for following targets" in other.run("dvc", "pull", fails=True)
    output = other.run("chorus", VERIFY, "--remote", fails=True)
    assert (
        "error: the list of files of shards is neither here nor on the remote: chorus verify"
        in output
    )
    assert "uploaded again: shards (" in shared.run("chorus", VERIFY, "--remote", "--repair")
    other.run("dvc", "pull")
    assert whole(other, shared)


def test_without_a_server_it_says_so_at_once(shared, cloud, tmp_path):
    other = clone(shared, tmp_path / "other", cloud)
    cloud.stop()
    for command in (["dvc", "pull"], ["chorus", VERIFY, "--remote"]):
        assert "Could not connect to the endpoint URL" in other.run(*command, fails=True)
    (other.folder / "new").write_text("something to push\n")
    other.run("dvc", "add", "-q", "new")
    assert "Could not connect to the endpoint URL" in other.run("dvc", "push", fails=True)


def test_who_has_no_whole_copy_cannot_repair(shared, cloud, tmp_path):
    cloud.remove(of(shared, "model"))
    other = clone(shared, tmp_path / "other", cloud)
    output = other.run("chorus", VERIFY, "--remote", "--repair", fails=True)
    assert output.endswith("--remote --repair on a machine that has it whole\n")


def test_wrong_credentials_are_said_so(shared, cloud, tmp_path):
    other = clone(shared, tmp_path / "other", cloud)
    (other.folder / "new").write_text("something to push\n")
    other.run("dvc", "add", "-q", "new")
    wrong = tmp_path / "wrong"
    wrong.write_text("[default]\naws_access_key_id = chorus\naws_secret_access_key = mistyped\n")
    other.use_keys(wrong)
    for command in (["dvc", "push"], ["dvc", "pull", "model.dvc"], ["chorus", VERIFY, "--remote"]):
        output = other.run(*command, fails=True)
        assert "Forbidden" in output or "request signature" in output, output
        assert "mistyped" not in output and "Traceback" not in output
    other.use_keys(None)
    assert "Unable to locate credentials" in other.run("dvc", "pull", fails=True)
    other.use_keys(None, profile="chorus")
    assert "The config profile (chorus) could not be found" in other.run("dvc", "pull", fails=True)
    other.use_keys(cloud.credentials)
    other.run("dvc", "pull", "model.dvc", "shards.dvc", "twin.dvc")
    assert "1 file pushed" in other.run("dvc", "push")
    assert of(other, "model") == of(shared, "model")


@pytest.mark.slow
@pytest.mark.parametrize("size", [LARGE], ids=["large"])
def test_a_disk_that_fills_up_during_a_pull(shared, cloud, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=80m", "none", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        other = clone(shared, disk / "other", cloud)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(disk).free - 10_000_000))
        output = other.run("dvc", "pull", fails=True)
        assert "No space left on device" in output and "Traceback" not in output
        assert not (other.folder / "shards").exists() and other.damaged() == set()
        ballast.unlink()
        # room for one copy, not for the one in the cache and the one in the study: links instead
        other.run("dvc", "config", "--local", "cache.type", "hardlink,copy")
        other.run("dvc", "pull")
        assert whole(other, shared) and other.damaged() == set()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_experiments_older_than_the_remote_are_pushed_with_a_remote_of_ones_own(tmp_path, cloud):
    """DVC reads the remote from the experiment's own commit: without one, it pushes no data, and is content."""
    author = Machine(tmp_path / "author", IMPATIENT)
    author.folder.mkdir()
    author.git_init("author")
    author.dvc_init()
    (author.folder / "source.txt").write_text("one\n")
    (author.folder / "dvc.yaml").write_text(PIPELINE)
    author.run("dvc", "repro", "-q")
    author.commit("without a remote")
    (author.folder / "source.txt").write_text("two\n")
    author.run("dvc", "exp", "run", "-q", "-n", "old")
    author.run("git", "checkout", "-q", ".")
    author.add_remote(cloud)
    author.commit("the remote comes late")
    author.run("git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "origin.git"))
    author.run("git", "remote", "add", "origin", str(tmp_path / "origin.git"))
    author.run("git", "push", "-q", "origin", "main")
    assert "uploaded" not in author.run("dvc", "exp", "push", "origin", "old")
    assert cloud.names() == set()
    other = Machine.clone(tmp_path / "origin.git", tmp_path / "other", cloud)
    other.run("dvc", "exp", "pull", "--no-cache", "origin", "old")
    get = ("dvc", "get", ".", "copied.txt", "--rev", "old", "-o", "old.txt")
    (other.folder / ".dvc/config.local").unlink()
    assert "No storage files available" in other.run(*get, fails=True)
    for machine in (author, other):
        machine.use_keys(cloud.credentials)
    assert "config file error: expected 'url'" in author.run(
        "dvc", "exp", "push", "origin", "old", fails=True
    )
    for machine in (author, other):  # as docs/sharing.md says
        for option in (["url", URL], ["endpointurl", cloud.endpoint], ["verify", "true"]):
            machine.run("dvc", "remote", "modify", "--local", "storage", *option)
        machine.run("dvc", "remote", "default", "--local", "storage")
    assert "1 file uploaded" in author.run("dvc", "exp", "push", "origin", "old")
    assert len(cloud.names()) == 1
    other.run(*get)
    assert (other.folder / "old.txt").read_text() == "two\n"


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGKILL"])
def test_an_interrupted_push_to_s3_loses_data_with_dvc_and_none_with_ours(
    author, size, cloud, ending
):
    """As tests/end_to_end/test_push.py, with a real server."""
    author.run(
        "python", str(Path(__file__).with_name("interrupted.py")), ending, "push", fails=True
    )
    author.run("dvc", "push")
    author.run("dvc", "push")
    assert "in sync" in author.run("dvc", "status", "--cloud")
    objects = size.nights + 2  # the files, and the list of those in the folder
    assert len(cloud.files.find(URL)) < objects
    assert f"on the remote: all {objects} objects" in author.run("chorus", PUSH)
    assert len(cloud.files.find(URL)) == objects


def test_a_bucket_that_does_not_exist_is_said_so(author):
    author.run("dvc", "remote", "modify", "--local", "storage", "url", "s3://mistyped/dvc")
    for command in ([PUSH], [VERIFY, "--remote"]):
        output = author.run("chorus", *command, fails=True)
        assert "The specified bucket does not exist" in output and "missing" not in output
