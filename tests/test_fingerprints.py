"""What the code of a stage is: an edit that changes what it does changes its fingerprint, and no other edit does."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from chorus.errors import DataError
from chorus.fingerprints import Code, differences, fingerprints, stale

ROOT = Path(__file__).parents[1]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
FILES = {
    "src/train.py": "from lib.heads import fit\nfit()\n",
    "src/split.py": "def main():\n    import lib.splits\n",
    "src/lib/__init__.py": "",
    "src/lib/heads.py": '"""Heads."""\nfrom lib import seeds\n'
    'def fit():\n    """Fit."""\n    return seeds.draw() + 1\n',
    "src/lib/seeds.py": "class Draw:\n    '''A draw.'''\n    x = 1\n\ndef draw():\n    return 1\n",
    "src/lib/splits.py": "RULES = 'rules.yaml'\n",
    "src/lib/rules.yaml": "share: 0.1\n",
    "src/lib/other.py": "import numpy\n",
}
PIPELINE = {
    "fingerprint": {"cmd": "python src/fingerprint.py", "deps": ["src"]},
    "split": {"cmd": "python src/split.py", "deps": ["code/split.txt"]},
    "train": {"cmd": "python src/train.py", "deps": ["code/train.txt", "data"]},
    "copy": {"cmd": "cp a b", "deps": ["a"]},
}


@pytest.fixture
def project(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def _changed_by(project: Path, file: str, old: str, new: str) -> set[str]:
    """The stages whose fingerprints an edit changes."""
    before = fingerprints(project, PIPELINE)
    path = project / file
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    after = fingerprints(project, PIPELINE)
    return {name for name in before if before[name] != after[name]}


def test_a_stage_runs_what_it_imports_directly_or_not_at_its_top_or_inside_a_function(project):
    texts = fingerprints(project, PIPELINE)
    paths = {
        name: [line.split("  ")[1] for line in text.splitlines()] for name, text in texts.items()
    }
    heads = ["src/lib/__init__.py", "src/lib/heads.py", "src/lib/seeds.py", "src/train.py"]
    assert paths == {
        "split": ["src/lib/__init__.py", "src/lib/rules.yaml", "src/lib/splits.py", "src/split.py"],
        "train": heads,
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# ", "# "),
        ('"""Heads."""', '"""Heads on embeddings."""'),
        ('    """Fit."""\n', ""),
        ("return seeds.draw() + 1", "return (  # one more\n        seeds.draw() + 1\n    )"),
        ("\ndef fit", "\n\n\ndef fit"),
    ],
)
def test_comments_docstrings_and_layout_mean_nothing(project, old, new):
    (project / "src/lib/heads.py").write_text(FILES["src/lib/heads.py"] + "# the end\n")
    assert _changed_by(project, "src/lib/heads.py", old, new) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("src/lib/heads.py", "+ 1", "+ 1.0", {"train"}),
        ("src/lib/heads.py", "+ 1", "+ True", {"train"}),
        ("src/lib/heads.py", "+ 1", "- 1", {"train"}),
        ("src/lib/seeds.py", "x = 1", "x = '1'", {"train"}),
        ("src/lib/seeds.py", "x = 1", "x: int = 1", {"train"}),
        ("src/lib/seeds.py", "def draw()", "def draw(n=None)", {"train"}),
        ("src/lib/splits.py", "RULES", "rules", {"split"}),
        ("src/lib/rules.yaml", "0.1", "0.2", {"split"}),
        ("src/lib/other.py", "numpy", "torch", set()),
    ],
)
def test_an_edit_changes_the_stages_that_use_it_and_no_other(project, file, old, new, stages):
    assert _changed_by(project, file, old, new) == stages


def test_the_files_in_which_two_fingerprints_differ_are_named(project):
    before = fingerprints(project, PIPELINE)["train"]
    (project / "src/lib/seeds.py").write_text("def draw():\n    return 2\n")
    (project / "src/train.py").write_text("from lib import seeds\n")
    after = fingerprints(project, PIPELINE)["train"]
    assert differences(before, before) == []
    assert differences(before, after) == ["src/lib/heads.py", "src/lib/seeds.py", "src/train.py"]


@pytest.mark.parametrize(
    "line",
    [
        "importlib.import_module(name)",
        "import_module(name)",
        "__import__('lib.other')",
        "exec(text)",
        "eval('1')",
        "runpy.run_path(name)",
    ],
)
def test_an_import_that_is_computed_is_refused(project, line):
    (project / "src/lib/seeds.py").write_text(f"def draw():\n    {line}\n")
    with pytest.raises(
        DataError, match=r"seeds.py:2: an import that is computed cannot be followed"
    ):
        fingerprints(project, PIPELINE)


def test_a_model_may_be_set_to_evaluate(project):
    (project / "src/lib/seeds.py").write_text("model.eval()\nre.compile('x')\n")
    assert set(fingerprints(project, PIPELINE)) == {"split", "train"}


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("src/lib/seeds.py", "from . import other\n", "a relative import"),
        ("src/lib/seeds.py", "def (:\n", "is not Python"),
        ("src/lib/table.csv", "a\n", "table.csv is data of no module"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(project, file, text, sentence):
    (project / file).write_text(text)
    with pytest.raises(DataError, match=sentence):
        fingerprints(project, PIPELINE)


def test_a_stage_without_its_fingerprint_is_refused(project):
    pipeline = PIPELINE | {
        "score": {"cmd": "python src/train.py --score", "deps": ["code/train.txt"]}
    }
    with pytest.raises(DataError, match=r"the stage score runs code of ours: add code/score.txt"):
        fingerprints(project, pipeline)


def test_a_stale_or_missing_fingerprint_is_named(project):
    (project / "code").mkdir()
    for name, text in fingerprints(project, PIPELINE).items():
        (project / f"code/{name}.txt").write_text(text)
    assert stale(project, PIPELINE) == []
    (project / "src/lib/heads.py").write_text("def fit(): pass\n")
    (project / "code/split.txt").unlink()
    assert stale(project, PIPELINE) == ["code/split.txt", "code/train.txt"]


def test_every_stage_of_this_project_has_one_and_none_is_of_the_whole_library():
    found = fingerprints(ROOT, STAGES)
    assert set(found) == set(STAGES) - {"fingerprint"}
    everything = len(list((ROOT / "src").rglob("*.py")))
    assert all(len(text.splitlines()) < everything / 2 for text in found.values())


def test_the_rules_of_health_are_of_the_stage_that_judges_and_not_of_training():
    found = fingerprints(ROOT, STAGES)
    assert "src/chorus/health/rules.yaml" in found["diagnose"]
    assert "src/chorus/health/rules.yaml" not in found["train"]


def test_a_fingerprint_does_not_depend_on_where_the_repository_lies(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "project"
    project.rename(elsewhere)
    text = Code(elsewhere / "src").fingerprint(elsewhere / "src/train.py")
    assert str(elsewhere) not in text
    for name, content in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    assert Code(project / "src").fingerprint(project / "src/train.py") == text
