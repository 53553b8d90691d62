"""One finished study for all tests that begin where the pipeline has run: it takes a minute, a copy of it a second."""

from __future__ import annotations

import os

import pytest
from filelock import FileLock

from end_to_end.project import TINY, Project
from folder import ON_ONE_PROCESSOR

EVALUATED = "evaluated"  # the tag of the commit where everything up to the evaluation has run


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """The tiny study, run by the real DVC; copy it (`Project.copy`), never change it."""
    base = tmp_path_factory.getbasetemp()
    # The processes of pytest-xdist have a folder each, in one that they share: the first runs it, the others wait.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = shared / "finished", shared / "finished.done"
    with FileLock(shared / "finished.lock"):
        if not done.exists():
            folder.mkdir()
            _run(Project.new(folder))
            done.touch()
    return Project(folder)


def _run(project: Project) -> None:
    project.params(TINY)
    # test_demo.py has another one made by workers on all processors, and asks for the same bytes
    project.run(*ON_ONE_PROCESSOR, "dvc", "repro", "evaluate", patience=600)
    project.commit("evaluated")
    project.git("tag", EVALUATED)
    project.dvc("repro")
    project.commit("first run")
