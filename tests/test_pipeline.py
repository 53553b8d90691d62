"""dvc.yaml against the code: a helper that a stage imports but does not list is invisible to DVC."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from imports import local_imports

ROOT = Path(__file__).parents[1]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def _code_deps(stage: str) -> set[Path]:
    return {Path(dep) for dep in STAGES[stage]["deps"] if dep.startswith("src/")}


def _covers(dep: Path, file: Path) -> bool:
    return dep == file or dep in file.parents


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_all_code_it_imports_and_no_other(stage):
    script = ROOT / STAGES[stage]["cmd"].split()[-1]
    imported, listed = local_imports(script), _code_deps(stage)
    missing = {str(file) for file in imported if not any(_covers(dep, file) for dep in listed)}
    needless = {str(dep) for dep in listed if not any(_covers(dep, file) for file in imported)}
    assert not missing, f"add to deps of {stage}: {sorted(missing)}"
    assert not needless, f"remove from deps of {stage}: {sorted(needless)}"


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_depends_on_the_whole_library(stage):
    """It would run again, and re-embed everything, at every edit anywhere."""
    assert not _code_deps(stage) & {Path("src"), Path("src/chorus")}


def test_the_check_sees_the_data_of_a_module():
    assert Path("src/chorus/health/rules.yaml") in local_imports(ROOT / "src/diagnose.py")


def test_the_check_sees_an_import_inside_a_function(tmp_path, monkeypatch):
    (tmp_path / "chorus").mkdir()
    (tmp_path / "chorus" / "__init__.py").touch()
    (tmp_path / "chorus" / "helper.py").touch()
    (tmp_path / "script.py").write_text("def f():\n    from chorus import helper\n")
    monkeypatch.setattr("imports.SRC", tmp_path)
    names = {file.name for file in (tmp_path / file for file in local_imports(tmp_path / "script.py"))}
    assert names == {"script.py", "__init__.py", "helper.py"}
