"""A remote that is not there is said to be so: nothing is "missing" on it, and nothing is pushed to its place."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dvc_s3 import S3FileSystem

from chorus.sharing.patience import limit_waiting
from folder import Folder

SRC = Path(__file__).parents[2] / "src"
PUSH, VERIFY = ["push"], ["verify"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = Folder(tmp_path_factory.mktemp("remotes") / "author")
    study.folder.mkdir()
    (study.folder / "scores.csv").write_bytes(b"1" * 3_000)
    study.git_init()
    study.dvc_init()
    study.run("dvc", "add", "-q", "scores.csv")
    return study


@pytest.fixture
def author(study):
    yield study
    (study.folder / ".dvc/config").write_text("")


def share(author, url, **options):
    """As `dvc remote add -d shared URL` and `dvc remote modify` for each option, which take seconds."""
    lines = ["[core]", "remote = shared", "['remote \"shared\"']", f"url = {url}"]
    lines += [f"{option} = {value}" for option, value in options.items()]
    (author.folder / ".dvc/config").write_text("\n".join(lines) + "\n")


def test_a_folder_where_no_disk_is_mounted(author, tmp_path):
    share(author, tmp_path / "disk/shared")
    for command in (PUSH, [*VERIFY, "--remote"]):
        assert "is not there: is its disk mounted?" in author.run("chorus", *command, fails=True)
    assert not (tmp_path / "disk").exists()
    (tmp_path / "disk").mkdir()
    assert "uploaded: 1; on the remote: all 1 objects" in author.run("chorus", *PUSH)


def test_a_server_that_does_not_answer_and_the_password_in_its_address(author):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = "user"  # no file of this repository may hold what looks like a password in an address
    share(author, f"http://{user}:S3cret/S3@127.0.0.1:{port}/x")
    said = author.run("chorus", *PUSH, fails=True)
    assert "the remote cannot be used: " in said and "S3cret" not in said


@pytest.fixture(params=["silent", "closing"])
def mute(request):
    """The port of a server that takes connections, and says nothing or closes them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections = []

        def accept() -> None:
            with suppress(OSError):  # the server is closed: the test is over
                while True:
                    connections.append(server.accept()[0])
                    if request.param == "closing":
                        connections.pop().close()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("kind", ["s3", "http"])
def test_a_server_that_takes_connections_and_says_nothing_is_not_without_objects(
    author, mute, kind
):
    address = f"http://127.0.0.1:{mute}"
    options = {"read_timeout": 1, "connect_timeout": 1}
    if kind == "s3":
        share(
            author,
            "s3://bucket/x",
            endpointurl=address,
            access_key_id="a",
            secret_access_key="b",
            **options,
        )
    else:
        share(author, f"{address}/x", **options)
    said = author.run("chorus", *VERIFY, "--remote", fails=True)
    assert address in said and "missing" not in said and "Traceback" not in said
    # of a server that hangs up it depends on the moment which library notices first
    known = ("does not answer within 2 s", "cannot be used: ", "is the server up")
    assert any(words in said for words in known)


class Answering(BaseHTTPRequestHandler):
    """An S3 server that holds nothing, takes what it is given, and says no more after so many requests."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
        if len(self.server.asked) > self.server.patience:
            self.server.over.wait()
            return
        listed = self.command == "GET"
        body = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>" if listed else b""
        self.send_response(200 if listed or self.command == "PUT" else 404)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = answer  # noqa: N815

    def log_message(self, *_):
        pass


def test_an_s3_server_that_falls_silent_midway_is_given_up_in_one_sentence(author):
    """After its first answers; botocore and s3fs together would wait 25 read timeouts for each request."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        server.asked, server.patience, server.over = [], 2, threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = {
            "read_timeout": 1,
            "connect_timeout": 1,
            "access_key_id": "a",
            "secret_access_key": "b",
        }
        share(
            author,
            "s3://bucket/x",
            endpointurl=f"http://127.0.0.1:{server.server_port}",
            region="x",
            **options,
        )
        said = author.run("chorus", *PUSH, fails=True)
        server.over.set()
        server.shutdown()
    assert (
        len(
            [
                line
                for line in said.splitlines()
                if line.startswith("error: the remote cannot be used: ")
            ]
        )
        == 1
    )
    assert "Traceback" not in said and 2 < len(server.asked) <= 2 + 10


def test_s3_is_not_waited_for_without_end_and_the_options_of_a_remote_win():
    limit_waiting()
    limit_waiting()  # twice is once
    limits = ("connect_timeout", "read_timeout")
    plain, patient = S3FileSystem(url="s3://b"), S3FileSystem(url="s3://b", read_timeout=600)
    assert [plain.fs_args["config_kwargs"][limit] for limit in limits] == [10, 30]
    assert [patient.fs_args["config_kwargs"][limit] for limit in limits] == [10, 600]


@pytest.mark.parametrize(
    ("status", "sentence"), [(401, "401"), (500, "500"), (404, "1 missing"), (410, "1 missing")]
)
def test_http_tells_a_refusal_from_an_object_that_is_not_there(author, status, sentence):
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        share(author, f"http://127.0.0.1:{server.server_port}/x")
        said = author.run("chorus", *VERIFY, "--remote", fails=True)
        server.shutdown()
    assert sentence in said
    assert ("missing" in said) == (status in (404, 410))
