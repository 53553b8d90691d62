"""Commands that start in copies of a process: each is what it would be as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import prepared
import psutil
import pytest

from chorus.experiments import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands start as always")

ABOUT = """
import json, os, sys
about = {
    "arguments": sys.argv, "folder": os.getcwd(), "first": sys.path[0], "file": __file__,
    "value": os.environ.get("DVC_VALUE"), "given": sys.stdin.read(), "ours": "chorus" in sys.modules,
    "loaded": "colorsys" in sys.modules, "name": __name__, "main": sys.modules["__main__"].__file__,
    "process": os.getpid(),
}
import colorsys
print(json.dumps(about))
"""


@pytest.fixture
def script(tmp_path):
    """Writes a script, whose folder has a module beside it."""

    def write(text: str) -> Path:
        path = tmp_path / "scripts" / "script.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


PYTHON = sys.executable
CHANGES = "PYTEST_CURRENT_TEST"  # and in another environment there are no copies


@pytest.fixture
def warmed(monkeypatch):
    monkeypatch.delenv(CHANGES, raising=False)
    with warm.commands():
        yield


def run(
    *command: object, env: Mapping[str, str] = os.environ, **options: Any
) -> subprocess.CompletedProcess[str]:
    asked = [str(part) for part in command]
    environment = {name: value for name, value in env.items() if name != CHANGES}
    return subprocess.run(
        asked, env=environment, capture_output=True, text=True, timeout=60, **options
    )


def start(*command: object) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != CHANGES}
    return subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.PIPE)


@pytest.fixture(scope="module", autouse=True)
def none_of_other_files():
    """What the tests' own commands are copied from would count as a prepared process of these."""
    prepared.end_all_but({})


def copied() -> list[psutil.Process]:
    """The prepared process, and its copies."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if warm.serves(" ".join(child.cmdline())):
                found.append(child)
    return found


def until(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def prepared_process() -> psutil.Process:
    """The only one: on a busy machine one may still be starting, or another's last one still ending."""
    until(lambda: len(copied()) == 1)
    return copied()[0]


@pytest.mark.usefixtures("warmed")
def test_a_copy_has_the_folder_arguments_environment_and_files_of_its_caller(script, tmp_path):
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    path = script(ABOUT)
    environment = os.environ | {"DVC_VALUE": "ä\udc80"}
    options = {"cwd": elsewhere, "env": environment, "input": "in"}
    about = json.loads(run("python", path, "a b", "", "ü", **options).stdout)
    alike = json.loads(run(sys.executable, path, "a b", "", "ü", **options).stdout)
    for its_own in (about, alike):
        assert its_own.pop("process") != os.getpid()
    assert about == alike


@pytest.mark.usefixtures("warmed")
def test_a_copy_may_use_what_its_caller_may(script):
    path = script(
        "import os, resource\n"
        "mask = os.umask(0)\n"
        "print(sorted(os.sched_getaffinity(0)), oct(mask), resource.getrlimit(resource.RLIMIT_CORE))\n"
    )
    limited = "umask 027; ulimit -c 0; exec taskset -c 0 {} {}"
    copy, alike = (run("sh", "-c", limited.format(python, path)) for python in ("python", PYTHON))
    assert copy.stdout == alike.stdout == "[0] 0o27 (0, 0)\n"


@pytest.mark.usefixtures("warmed")
def test_what_a_command_had_to_load_the_next_one_finds_loaded_but_never_what_is_ours(script):
    source = str(Path(warm.__file__).parents[3])
    path = script(f"import sys; sys.path.insert(0, {source!r}); import chorus\n{ABOUT}")
    told = [json.loads(run("python", path, input="").stdout) for _ in range(2)]
    assert [about["loaded"] for about in told] == [False, True]
    ours = script(ABOUT)
    assert not json.loads(run("python", ours, input="").stdout)["ours"]


@pytest.mark.usefixtures("warmed")
@pytest.mark.parametrize(
    "end",
    [
        "pass",
        "sys.exit()",
        "sys.exit(3)",
        "sys.exit('a sentence')",
        "1 / 0",
        "sys.exit(-1)",
        "raise KeyboardInterrupt",
    ],
)
def test_a_copy_ends_as_the_script_would(script, end):
    path = script(f"import atexit, sys\natexit.register(print, 'last')\nprint('first')\n{end}\n")
    warm_end, cold_end = run("python", path), run(sys.executable, path)
    assert (warm_end.returncode, warm_end.stdout) == (cold_end.returncode, cold_end.stdout)
    assert warm_end.stderr.splitlines()[-1:] == cold_end.stderr.splitlines()[-1:]


@pytest.mark.usefixtures("warmed")
def test_a_signal_reaches_the_copy_and_its_end_by_one_is_told(script):
    path = script(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\ntime.sleep(60)\n"
    )
    asker = start("python", path)
    assert asker.stdout
    asker.stdout.readline()
    asker.terminate()
    assert asker.wait(20) == 7
    killed = run("python", script("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"))
    assert killed.returncode == -signal.SIGKILL


@pytest.mark.usefixtures("warmed")
def test_with_its_caller_a_copy_is_killed_and_what_that_has_started(script):
    path = script(
        "import subprocess, sys\n"
        "process = subprocess.Popen(['sleep', '60'])\nprint(process.pid, flush=True)\n"
        "process.wait()\n"
    )
    asker = start("python", path)
    assert asker.stdout
    started = psutil.Process(int(asker.stdout.readline()))
    asker.kill()
    asker.wait()
    until(lambda: not started.is_running() or started.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.usefixtures("warmed")
def test_for_a_caller_that_is_gone_before_it_is_answered_nothing_runs(script, tmp_path):
    path = script("import time\ntime.sleep(1)\nopen('ran', 'w').close()\n")
    server = prepared_process()
    request = {"arguments": [str(path)], "folder": str(tmp_path), "environment": server.environ()}
    content = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect(str(Path(server.cmdline()[-1], "address")))
        socket.send_fds(asker, [len(content).to_bytes(8, "big")], [0, 1, 2])
        asker.sendall(content)
    time.sleep(2)
    assert copied() == [server]
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("warmed")
@pytest.mark.parametrize(
    "sent", [b"", b"1", (9).to_bytes(8, "big"), (9).to_bytes(8, "big") + b"{}"]
)
def test_a_caller_that_hangs_up_midway_ends_nobody_else(script, sent):
    slow = start("python", script("import time\nprint(1, flush=True)\ntime.sleep(2)\n"))
    assert slow.stdout and slow.stdout.readline() == b"1\n"
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect(str(Path(os.environ["PATH"].split(os.pathsep)[0], "address")))
        asker.send(sent)
    assert slow.wait(20) == 0
    assert copied()


@pytest.mark.usefixtures("warmed")
def test_a_copy_does_not_outlive_what_keeps_it(script):
    path = script("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    asker = start("python", path)
    assert asker.stdout
    copy = psutil.Process(int(asker.stdout.readline()))
    keeper = copy.parent()
    assert keeper
    keeper.kill()
    assert asker.wait(20) == 1
    until(lambda: not copy.is_running() or copy.status() == psutil.STATUS_ZOMBIE)


def test_nothing_is_left_of_it_and_without_it_commands_start_as_always(script):
    path = script(ABOUT)
    before = os.environ["PATH"]
    with warm.commands():
        processes = copied()
        assert len(processes) == 1
        processes[0].kill()
        processes[0].wait()
        assert json.loads(run("python", path, input="").stdout)["given"] == ""
    assert os.environ["PATH"] == before
    assert not copied()
    assert not Path(before.split(os.pathsep)[0], "ask").exists()


@pytest.mark.usefixtures("warmed")
def test_a_python_that_is_told_something_else_at_its_start_is_no_copy(script):
    path = script("import sys\nprint(sys.flags.safe_path, sys.flags.optimize)\n")
    safe = os.environ | {"PYTHONSAFEPATH": "1"}
    assert run("python", path, env=safe).stdout == "True 0\n"
    missing = run("python", path.with_name("none.py"))
    assert missing.returncode == 2
    assert len(missing.stderr.splitlines()) == 1
    assert run("python", "-O", path).stdout == "False 1\n"
    assert run("python", "-c", "print(1)").stdout == "1\n"


def test_where_no_socket_can_be_commands_start_as_always(script, tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with warm.commands():
        assert not copied()
        assert run("python", script("print(1)\n")).stdout == "1\n"


def test_it_ends_with_the_process_that_it_works_for(script):
    source = str(Path(warm.__file__).parents[3])
    holder = script(
        f"import sys, time\nsys.path.insert(0, {source!r})\n"
        "from chorus.experiments import warm\n"
        "with warm.commands():\n    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    process = start(sys.executable, holder)
    assert process.stdout
    process.stdout.readline()
    server = prepared_process()
    process.kill()
    process.wait()
    until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.usefixtures("warmed")
def test_the_kernels_of_a_copy_are_those_that_were_chosen_before_its_libraries_were_loaded(script):
    source = str(Path(warm.__file__).parents[3])
    path = script(
        "import sys\nloaded = 'numpy' in sys.modules\n"
        f"sys.path.insert(0, {source!r})\nimport chorus, numpy\nprint(loaded, chorus.PINNED)\n"
    )
    assert [run("python", path).stdout for _ in range(2)] == ["False True\n", "True True\n"]


@pytest.mark.usefixtures("warmed")
def test_copies_draw_other_numbers_where_nobody_gave_a_seed(script):
    path = script(
        "import random, numpy, torch\n"
        "print(random.random(), numpy.random.random(), torch.rand(1).item())\n"
    )
    draws = [run("python", path).stdout.split() for _ in range(3)]
    assert all(len(set(column)) == 3 for column in zip(*draws, strict=True))


def test_kernels_chosen_after_a_library_was_loaded_are_refused(script):
    source = str(Path(warm.__file__).parents[3])
    path = script(
        f"import sys, numpy\nsys.path.insert(0, {source!r})\nimport chorus\nprint(chorus.PINNED)"
    )
    unset = {name: value for name, value in os.environ.items() if name != "MKL_CBWR"}
    assert run(sys.executable, path, env=unset).stdout == "False\n"
    assert run(sys.executable, path).stdout == "True\n"


@pytest.mark.usefixtures("warmed")
def test_workers_of_a_copy_load_the_script_of_its_own_folder(tmp_path):
    """A path that is relative, as in dvc.yaml, in two folders one after the other."""
    text = (
        "import multiprocessing\n\ndef place(_):\n    return {!r}\n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('{}').Pool(1) as pool:\n"
        "        print(__file__, *pool.map(place, [0]))\n"
    )
    for method in ("spawn", "forkserver"):
        for name in ("one", "other"):
            path = tmp_path / method / name / "src/script.py"
            path.parent.mkdir(parents=True)
            path.write_text(text.format(name, method))
            done = run("python", "src/script.py", cwd=path.parents[1])
            assert done.stdout.split() == [str(path), name], done.stderr


@pytest.mark.usefixtures("warmed")
def test_what_was_written_to_files_that_nobody_closed_is_there(script, tmp_path):
    path = script(
        "def unused(): pass\n"  # holds the names of the script, and with them the file, in a cycle
        "file = open('written', 'w')\nfile.write('all of it')\n"
    )
    assert run("python", path, cwd=tmp_path).returncode == 0
    assert (tmp_path / "written").read_text() == "all of it"


def test_another_environment_is_another_python_and_what_libraries_add_to_it_is_there(
    script, monkeypatch
):
    path = script(
        "import os, sys\nprint('sklearn' in sys.modules, 'KMP_INIT_AT_FORK' in os.environ)\n"
        "import sklearn\n"
    )
    for name in ("KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK", CHANGES):  # sklearn may be loaded here
        monkeypatch.delenv(name, raising=False)
    with warm.commands():
        assert [run("python", path).stdout for _ in range(2)] == ["False False\n", "True True\n"]
        other = os.environ | {"OMP_NUM_THREADS": "2"}
        assert run("python", path, env=other).stdout == "False False\n"


def test_the_prompt_of_an_activated_environment_is_no_other_environment(script, monkeypatch):
    """Bash takes it from what a stage is started in: all stages began cold where `activate` had exported it."""
    monkeypatch.setenv("PS1", "(.venv) $ ")
    monkeypatch.delenv(CHANGES)
    path = script(
        "import os, sys\nprint('PS1' in os.environ, 'colorsys' in sys.modules)\nimport colorsys\n"
    )
    with warm.commands():
        told = [run("bash", "-c", f"python {path}; true").stdout for _ in range(2)]
    assert told == ["False False\n", "False True\n"]


def test_after_a_library_that_starts_threads_there_are_no_copies(script, tmp_path, monkeypatch):
    (tmp_path / "threaded.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=[60], daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv(CHANGES)
    path = script("import sys\nprint('threaded' in sys.modules)\n")
    with warm.commands():
        server = prepared_process()
        Path(server.cmdline()[-1], "1.json").write_text(json.dumps(["threaded"]))
        assert run("python", path).stdout == "False\n"
        until(lambda: not copied())
        assert run("python", path).stdout == "False\n"
