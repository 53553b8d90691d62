"""What kill -9 leaves behind: python benchmarks/kills.py [--times 8] [--seed 1] [--only run|sweep|push|pull ...]

Each command (dvc repro of a small demo survey, chorus sweep of four runs, chorus push, chorus pull) is first run
undisturbed. Then, from the same start, it is killed with SIGKILL at a random moment of the time that took, and begun
again, up to three times, and then let run to its end. Killed is everything that it has started, or half of the time its
process group alone, as a terminal or a job scheduler does it, which leaves the workers of a sweep at work. What is
there in the end must be what the undisturbed command left, byte for byte, and nothing may still be running. In caches
and remotes, DVC's temporary files do not count: push and pull remove them once they are an hour old.

Push and pull take turns between a folder and a real S3 server on this machine; of the sweep's stages, the long ones are
stand-ins. Prints kills and identical ends of each command; exits 1 if any end differs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import chorus  # noqa: E402, F401  # chooses kernels, before NumPy is loaded

# isort: split
import psutil  # noqa: E402
from s3fs import S3FileSystem  # noqa: E402

from chorus import seeds  # noqa: E402
from chorus.sharing.halves import is_half  # noqa: E402
from chorus.sharing.server import BUCKET, S3Server  # noqa: E402
from end_to_end.project import TINY, Project  # noqa: E402
from end_to_end.sharing import Machine, free_port  # noqa: E402
from end_to_end.study import Study, make_study, with_stand_ins  # noqa: E402

MARK = "DVC_SITE_CACHE_DIR"  # apart for each start, so that all processes of it are known by it
IN_A_ROW = 3  # kills, before a command is let run to its end
PATIENCE = 600  # seconds for a command to end, 30 for what it has started
NIGHTS, BYTES = (
    24,
    1_000_000,
)  # of what is pushed and pulled: three folders of so many files of this size
STORES = ("folder", "S3")


class Command(ABC):
    """A command, the state that it starts from, and what it leaves."""

    words: tuple[str, ...]
    goes_on = False  # begun again, it has less to do; else most of its time goes into its start

    @abstractmethod
    def start(self, folder: Path, number: int) -> Machine:
        """A fresh copy, in `folder`, of the state that the command starts from; number: of the copy, 0 undisturbed."""

    @abstractmethod
    def left(self, machine: Machine) -> dict[str, Any]:
        """What must be the same as without kills."""


class Run(Command):
    """The pipeline from nothing, on the smallest survey, with the real stages."""

    words = ("dvc", "repro")
    goes_on = True

    def __init__(self, scratch: Path) -> None:
        self._template = scratch / "template"
        self._template.mkdir(parents=True)
        project = Project(self._template)
        project.params(TINY | {"train.epochs": 3, "mine.head.epochs": 3})
        project.commit("tiny")

    def start(self, folder: Path, number: int) -> Machine:  # noqa: ARG002
        shutil.copytree(self._template, folder, symlinks=True)
        return marked(folder)

    def left(self, machine: Machine) -> dict[str, Any]:
        return _files(machine)


class Sweep(Command):
    """A grid of four runs, two at a time."""

    words = ("chorus", "sweep", "bench", "--jobs", "2")
    goes_on = True

    def __init__(self, scratch: Path) -> None:
        (scratch / "real").mkdir(parents=True)
        self._template = with_stand_ins(make_study(scratch / "real"), scratch / "template")

    def start(self, folder: Path, number: int) -> Machine:  # noqa: ARG002
        shutil.copytree(self._template.folder, folder, symlinks=True)
        return marked(folder)

    def left(self, machine: Machine) -> dict[str, Any]:
        scratch = machine.folder / ".dvc/tmp/exps"
        rows = [line.split() for line in machine.run("dvc", "queue", "status").splitlines()]
        return {
            **_files(machine, "generate"),
            "experiments": Study(machine.folder).results(),
            "tasks": sorted(words[-1] for words in rows if words),
            "checkouts of runs": sorted(path.name for path in scratch.glob("tmp*")),
        }


class Shared(Command):
    """Three folders of nights, and what a command did with them at a remote."""

    def __init__(self, scratch: Path, server: S3Server) -> None:
        self._scratch, self._server = scratch, server
        (scratch / "remote").mkdir(parents=True)  # the disk, on which push makes folders
        self._author = scratch / "author"
        for place, folder in enumerate(("raw", "embeddings", "subsets")):
            (self._author / folder).mkdir(parents=True)
            for night in range(NIGHTS):
                content = seeds.generator(place, "kills", night).bytes(BYTES)
                (self._author / folder / f"{night}.tar").write_bytes(content)
        author = Machine(self._author)
        author.git_init("author")
        author.run("dvc", "init", "-q")
        author.run("dvc", "add", "-q", "raw", "embeddings", "subsets")
        author.commit("data")

    def _with_remote(self, folder: Path, name: str, number: int) -> Machine:
        """A machine whose remote is called so, in a folder or on the server by turns."""
        machine = marked(folder)
        url = self._url(name, number)
        machine.run("dvc", "remote", "add", "-q", "--local", "-d", "shared", url)
        if url.startswith("s3:"):
            options = {
                "endpointurl": self._server.endpoint,
                "credentialpath": str(self._server.credentials),
                "verify": "true",
            }
            for option, value in options.items():
                machine.run("dvc", "remote", "modify", "-q", "--local", "shared", option, value)
        return machine

    def _url(self, name: str, number: int) -> str:
        on_server = STORES[number % 2] == "S3"
        return (
            f"s3://{BUCKET}/{self._scratch.name}/{name}"
            if on_server
            else str(self._scratch / "remote" / name)
        )

    def _objects(self, url: str) -> dict[str, str]:
        """Path -> MD5 of all that a remote holds."""
        if not url.startswith("s3:"):
            return {
                path.relative_to(url).as_posix(): _md5(path.read_bytes())
                for path in _all(Path(url))
            }
        store = S3FileSystem(
            profile="default", endpoint_url=self._server.endpoint, skip_instance_cache=True
        )
        root = url.removeprefix("s3://")
        return {
            path.removeprefix(f"{root}/"): _md5(store.cat_file(path)) for path in store.find(root)
        }


class Push(Shared):
    words = ("chorus", "push")

    def start(self, folder: Path, number: int) -> Machine:
        shutil.copytree(self._author, folder, symlinks=True)
        return self._with_remote(folder, folder.name, number)

    def left(self, machine: Machine) -> dict[str, Any]:
        url = machine.run("dvc", "remote", "list").split()[1]
        return {**_files(machine), "remote": self._objects(url)}


class Pull(Shared):
    words = ("chorus", "pull")

    def __init__(self, scratch: Path, server: S3Server) -> None:
        super().__init__(scratch, server)
        for number in range(len(STORES)):
            pushing = scratch / f"pushing_{number}"
            shutil.copytree(self._author, pushing, symlinks=True)
            self._with_remote(pushing, f"filled_{number}", number).run(*Push.words)

    def start(self, folder: Path, number: int) -> Machine:
        subprocess.run(["git", "clone", "-q", self._author, folder], check=True)
        return self._with_remote(folder, f"filled_{number % 2}", number)

    def left(self, machine: Machine) -> dict[str, Any]:
        return _files(machine)


def marked(folder: Path) -> Machine:
    """A machine whose processes can be told from all others."""
    return Machine(folder, {MARK: str(folder.with_name(f"{folder.name}_site"))})


def _files(machine: Machine, *stages: str) -> dict[str, Any]:
    """All files, the cache, and what DVC and git make of them; stages: that were run here, if not all."""
    cache = machine.folder / ".dvc/cache/files"
    return {
        "files": machine.hashes(),
        "cache": {
            path.relative_to(cache).as_posix(): _md5(path.read_bytes()) for path in _all(cache)
        },
        "dvc status": machine.run("dvc", "status"),
        "dvc checkout": machine.run("dvc", "checkout", *stages),
        "git status": machine.run("git", "status", "--porcelain"),
    }


def _all(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not is_half(path.name))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@contextmanager
def started(machine: Machine, words: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process group of its own; what it writes is in the file that `log_of` names."""
    command, environment = machine.typed(*words)
    with log_of(machine).open("wb") as log:
        yield subprocess.Popen(
            command,
            cwd=machine.folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def log_of(machine: Machine) -> Path:
    return machine.folder.with_name(f"{machine.folder.name}.log")


def alive(machine: Machine) -> list[psutil.Process]:
    """The living processes that were started in a machine, whatever they have become."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get(MARK) == machine.environment[MARK]
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def kill(machine: Machine, process: subprocess.Popen[bytes], *, everything: bool) -> None:
    """End a command's process group, or everything that it has started, without a chance to tidy up."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if everything:
        kill_all(machine)


def kill_all(machine: Machine) -> None:
    """End all that was started in a machine, and what that starts meanwhile."""
    while left := alive(machine):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def undisturbed(command: Command, folder: Path) -> tuple[dict[str, Any], float]:
    """What a command leaves, and the seconds that it takes."""
    machine = command.start(folder, 0)
    begin = time.monotonic()
    with started(machine, command.words) as process:
        status = process.wait(PATIENCE)
    seconds = time.monotonic() - begin
    if status:
        sys.exit(f"{' '.join(command.words)} fails undisturbed:\n{_end(machine)}")
    _wait_for_all(machine)
    return command.left(machine), seconds


def killed(
    command: Command, folder: Path, number: int, seconds: float, times: int, seed: int
) -> tuple[int, dict[str, Any] | str]:
    """Kill a command up to so many times until it ends by itself; how often, and what it leaves, or how it fails."""
    machine = command.start(folder, number)
    random = seeds.generator(seed, "kills", type(command).__name__, number)
    ahead = seconds
    for kills in range(times + 1):
        longest = (
            2 * ahead / (times - kills + 1) if command.goes_on else seconds
        )  # so that on average, all fit in
        moment = random.uniform(0, longest)
        ahead = max(ahead - moment, seconds / 4)
        with started(machine, command.words) as process:
            try:
                status = process.wait(PATIENCE if kills == times else moment)
            except subprocess.TimeoutExpired:
                kill(machine, process, everything=kills == times or bool(random.integers(2)))
                if kills == times:
                    return kills, f"no end in {PATIENCE} s: {_end(machine)}"
                print(
                    f"  {folder.name}: killed after {moment:.2f} s; {_end(machine, 1)}",
                    file=sys.stderr,
                    flush=True,
                )
                continue
        if status:
            kill_all(machine)
            return kills, f"exit status {status}: {_end(machine)}"
        still = _wait_for_all(machine)
        return kills, command.left(machine) | ({"still running": still} if still else {})
    raise AssertionError("the last one runs to its end")


def _wait_for_all(machine: Machine) -> list[str]:
    """The command lines of what does not end by itself in half a minute."""
    until = time.monotonic() + 30
    while (left := alive(machine)) and time.monotonic() < until:
        time.sleep(0.2)
    return [" ".join(process.cmdline()) for process in left]


def _end(machine: Machine, lines: int = 12) -> str:
    """The last lines that a command has written."""
    text = log_of(machine).read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def differences(expected: Any, found: Any, where: str = "") -> Iterator[str]:
    """Where two results differ, and how."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in [*expected, *(key for key in found if key not in expected)]:
            yield from differences(expected.get(key), found.get(key), f"{where}/{key}")
    elif expected != found:
        yield f"{where.lstrip('/')}: {str(found)[:500]} should be {str(expected)[:500]}"


def judge(
    name: str, command: Command, scratch: Path, times: int, seed: int
) -> tuple[int, int, int]:
    """Kills, ends, and identical ends of a command."""
    expected, seconds = undisturbed(command, scratch / f"{name}_0")
    print(f"{name}: {seconds:.1f} s undisturbed", file=sys.stderr, flush=True)
    kills = ends = identical = 0
    while kills < times:
        ends += 1
        count, found = killed(
            command, scratch / f"{name}_{ends}", ends, seconds, min(IN_A_ROW, times - kills), seed
        )
        kills += count
        different = [found] if isinstance(found, str) else list(differences(expected, found))
        identical += not different
        print(
            f"{name}: {count} kills, {len(different)} differences",
            *different[:10],
            sep="\n  ",
            file=sys.stderr,
        )
    return kills, ends, identical


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--times", type=int, default=8, help="kills of each command (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default: %(default)s)")
    kinds = ("run", "sweep", "push", "pull")
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds, help="default: all")
    arguments = parser.parse_args()
    os.environ["CHORUS_COLD"] = "1"  # what is killed starts as for a person: tests/prepared.py
    failed = False
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        server = S3Server(scratch / "s3", free_port())
        if {"push", "pull"} & set(arguments.only):
            stack.enter_context(server)
            os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(server.credentials)
        makers = {
            "run": Run,
            "sweep": Sweep,
            "push": lambda at: Push(at, server),
            "pull": lambda at: Pull(at, server),
        }
        lines = [f"{'command':<10}{'kills':>6}{'ends':>6}{'identical':>11}"]
        for name in arguments.only:
            command = makers[name](scratch / name)
            kills, ends, identical = judge(
                name, command, scratch / name, arguments.times, arguments.seed
            )
            lines.append(f"{name:<10}{kills:>6}{ends:>6}{identical:>11}")
            failed = failed or identical < ends
        print("\n".join(lines), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
