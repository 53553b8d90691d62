"""A folder to type commands in, as a person would: with the Python, DVC and git of the tests, and nobody's settings."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import prepared
import psutil
from dvc.repo import Repo

SOURCE = Path(__file__).parents[1] / "src"
CHORUS = Path(__file__).with_name("typed_chorus.py")


def _on_one_processor() -> tuple[str, ...]:
    if not hasattr(os, "sched_getaffinity"):  # macOS, where nothing can be kept to one
        return ()
    processors = sorted(os.sched_getaffinity(0))
    # the processes of pytest-xdist take different ones, or they would wait for the same
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return "taskset", "-c", str(processors[own % len(processors)])


# What a command begins with, to run on one processor with all that it starts. On several, each worker of a stage loads
# the libraries anew, which takes longer than what a small study gives it to do.
ON_ONE_PROCESSOR = _on_one_processor()


def default_remote(url: Path, name: str = "shared") -> str:
    """What `dvc remote add -d NAME URL` writes into .dvc/config."""
    return f"[core]\n    remote = {name}\n['remote \"{name}\"']\n    url = {url}\n"


class Folder:
    """folder: where commands run. environment: theirs; no keys, caches or imports of whoever runs the tests."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = {}) -> None:
        self.folder = folder
        own = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AWS_", "PYTHONPATH", "PYTEST_"))
        }
        path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        self.environment = own | path | dict(environment)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command, as always; what it writes to both streams is in its stdout."""
        return self._start(*self.typed(*command))

    def begin(self, *command: str) -> subprocess.Popen[str]:
        """As `start`; but `chorus`, `dvc`, `python SCRIPT` and the stages that they start are copies of a prepared
        process (`prepared.py`)."""
        return self._start(*self._copied(*command))

    def ended(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What `begin` starts, when it has ended, well or badly; its streams apart."""
        program, environment = self._copied(*command)
        return subprocess.run(
            program, cwd=self.folder, env=environment, text=True, capture_output=True, check=False
        )

    def _copied(self, *command: str) -> tuple[tuple[str, ...], dict[str, str]]:
        if command[0] == "chorus":
            command = ("python", str(CHORUS), str(self._source()), *command[1:])
        if command[0] in ("dvc", "python", "taskset"):  # the last starts what its arguments say
            return command, prepared.environment(self.environment)
        return self.typed(*command)

    def _start(
        self, program: tuple[str, ...], environment: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            program,
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def typed(self, *command: str) -> tuple[tuple[str, ...], dict[str, str]]:
        """What is started where a command is typed, and its environment."""
        environment = dict(self.environment)
        if (
            command[0] == "chorus"
        ):  # that of the checkout around the folder, else that which is tested
            environment["PYTHONPATH"] = str(self._source())
        if command[0] in ("chorus", "dvc", "python"):
            module = () if command[0] == "python" else ("-m", command[0])
            command = (sys.executable, *module, *command[1:])
        return command, environment

    def run(self, *command: str, fails: bool = False, patience: float = 300) -> str:
        """What a command writes to both streams; it must end well, or badly if it `fails`, within seconds."""
        process = self.begin(*command)
        output, _ = process.communicate(timeout=patience)
        assert (process.returncode != 0) == fails, f"{' '.join(command)}:\n{output}"
        return output

    def _source(self) -> Path:
        around = (self.folder.resolve(), *self.folder.resolve().parents)
        return next(
            (folder / "src" for folder in around if (folder / "src/chorus/__init__.py").is_file()),
            SOURCE,
        )

    def git_init(self, name: str = "test") -> None:
        self.run("git", "init", "-q", "-b", "main")
        self.introduce(name)

    def dvc_init(self, config: str = "", *, subdir: bool = False) -> None:
        """`dvc init`, in this process, as starting DVC costs more than what it does; config: of .dvc/config."""
        Repo.init(str(self.folder), subdir=subdir).close()
        (self.folder / ".dvc/config").write_text(config, encoding="utf-8")

    def introduce(self, name: str) -> None:
        """Who commits here."""
        self.run("git", "config", "user.name", name)
        self.run("git", "config", "user.email", f"{name}@example.org")

    def commit(self, message: str = "change") -> str:
        """Commit all; the hash."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)
        return self.run("git", "rev-parse", "HEAD").strip()

    def processes(self, what: str) -> list[psutil.Process]:
        """The living processes at work in this folder whose command line holds `what`."""
        found = []
        for process in psutil.process_iter():
            try:
                here = Path(process.cwd()).is_relative_to(self.folder)
                if (
                    here
                    and what in " ".join(process.cmdline())
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def wait_for(self, what: str) -> psutil.Process:
        for _ in range(1200):
            if found := self.processes(what):
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"{what} never ran")
