"""What the code of a stage *is*: one line for each of our files that it runs, with a hash of what the file means.

DVC does not see a helper that a stage imports unless it is listed, and a stage that depended on a whole package would
run at every edit of it. So each stage depends on one text file, `code/<stage>.txt`, which follows from the imports: a
comment or a docstring changes none of its lines, and an edit of a helper changes the texts of the stages that use it.

* A module means its syntax tree without docstrings; a data file means its bytes.
* Imports count wherever they stand, also inside a function. An import that is computed cannot be followed: refused.
* A stage of a study imports from the study's own `src` first, then from the root's, as `src/run.py` starts it.
* A data file belongs to the module beside it that has its name or names it in a string. One of no module: refused.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chorus.errors import DataError

FOLDER = Path("code")  # of a repository: the texts
SOURCE = Path("src")  # of a repository, and of a study in it: what they are of
LAUNCHER = "run.py"  # in the root's: starts a study's stages
_COMPUTED_IMPORTS = {
    "__import__",
    "eval",
    "exec",
    "import_module",
    "run_module",
    "run_path",
    "spec_from_file_location",
}
_METHODS = {"eval", "exec"}  # as a method they are something else: `model.eval()`
_NO_MEANING = {"kind", "type_comment"}  # fields of a syntax tree: a string's prefix u, a comment
_TELLING = (ast.Import, ast.ImportFrom, ast.Call, ast.Constant)  # what a module imports and reads


def fingerprints(root: Path, stages: Mapping[str, Any]) -> dict[str, str]:
    """The fingerprint of each stage whose command is a script of this repository, by its name.

    A stage that depends on all of `src` needs none: the one that writes the fingerprints.

    Args:
        root: the folder of dvc.yaml: the repository, or a study in it.
        stages: the stages of dvc.yaml; a command is "python src/<script>.py", perhaps with arguments, and in a study
            "python ../../src/run.py <stage>" or "python ../../src/<script>.py".

    Raises:
        DataError: a stage does not depend on its fingerprint; a file cannot be read as Python, or has an import or
            data that cannot be followed.
    """
    code = Code(_shared(root, stages), root / SOURCE)
    code.refuse_strays()
    found = {}
    for name, stage in stages.items():
        script, deps = _script(root, stage["cmd"]), stage.get("deps", ())
        # The stage that writes the texts would depend on what it writes.
        if script is None or SOURCE.as_posix() in deps:
            continue
        if (text := f"{FOLDER}/{name}.txt") not in deps:
            raise DataError(
                f"the stage {name} runs code of ours: add {text} to its deps in dvc.yaml"
            )
        found[name] = code.fingerprint(script)
    return found


def stale(root: Path, stages: Mapping[str, Any]) -> list[str]:
    """The texts in `code/` that are not what the code is now: paths, relative to the repository.

    Raises:
        DataError: see `fingerprints`.
    """
    found = []
    for name, text in fingerprints(root, stages).items():
        path = FOLDER / f"{name}.txt"
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text:
            found.append(path.as_posix())
    return found


def differences(one: str, other: str) -> list[str]:
    """The files that two fingerprints do not have in common: paths, relative to the repository."""
    lines = set(one.splitlines()) ^ set(other.splitlines())
    return sorted({line.split("  ", 1)[1] for line in lines})


class Code:
    """The files in the folders on Python's path that are ours, each read once.

    Args:
        shared: the root's `src`. Paths are written relative to the folder around it.
        own: a study's `src`, which comes first on the path; None, or the same folder: there is no other.
    """

    def __init__(self, shared: Path, own: Path | None = None) -> None:
        self._root = shared.resolve().parent
        self._folders = list(dict.fromkeys(folder.resolve() for folder in (own, shared) if folder))
        self._modules: dict[Path, _Module] = {}
        # Most modules are shared by most stages, so that looking for each once is what makes a check quick.
        self._imports: dict[Path, list[Path]] = {}
        self._files: dict[str, list[Path]] = {}

    def fingerprint(self, script: Path) -> str:
        """One line a file that running `script` may import or read: the hash of what it means, and its path.

        Raises:
            DataError: see `fingerprints`.
        """
        lines = []
        for file in self._used_by(script.resolve()):
            lines.append((self._shown(file), self._meaning(file)))
        return "".join(f"{meaning}  {path}\n" for path, meaning in sorted(lines))

    def refuse_strays(self) -> None:
        """Refuse a data file of no module: which stages it changes could not be told.

        Raises:
            DataError: names it.
        """
        paths: list[Path] = []
        for folder in self._folders:
            paths += folder.rglob("*")
        claimed: set[Path] = set()
        for path in paths:
            if path.suffix == ".py":
                claimed.update(self._data_of(path))
        for path in sorted(paths):
            if _is_data(path) and path not in claimed:
                raise DataError(
                    f"{self._shown(path)} is data of no module: name it in the module that reads it"
                )

    def _shown(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix()

    def _used_by(self, script: Path) -> set[Path]:
        found: set[Path] = set()
        pending = [script]
        while pending:
            file = pending.pop()
            if file not in found:
                found |= {file, *self._data_of(file)}
                pending += self._imported_by(file)
        return found

    def _imported_by(self, module: Path) -> list[Path]:
        if module not in self._imports:
            self._imports[module] = []
            for name in sorted(_imported_names(self._module(module).nodes, self._shown(module))):
                if name not in self._files:
                    self._files[name] = self._files_of(name)
                self._imports[module] += self._files[name]
        return self._imports[module]

    def _files_of(self, name: str) -> list[Path]:
        """The files of a dotted name and of the packages around it, in the first folder that has it; none: not ours."""
        for folder in self._folders:
            found: list[Path] = []
            path = folder
            for part in name.split("."):
                path = path / part
                found += filter(Path.is_file, (path.with_suffix(".py"), path / "__init__.py"))
            if found:
                return found
        return []

    def _data_of(self, module: Path) -> list[Path]:
        """The data beside a module that have its name, or that one of its strings names."""
        beside = [path for path in module.parent.iterdir() if _is_data(path)]
        if not beside:
            return []
        nodes = self._module(module).nodes
        strings = {node.value for node in nodes if isinstance(node, ast.Constant)}
        return [path for path in beside if path.stem == module.stem or path.name in strings]

    def _module(self, module: Path) -> _Module:
        if module not in self._modules:
            try:
                tree = ast.parse(module.read_bytes())
            except (SyntaxError, ValueError) as error:  # ValueError: a null byte
                raise DataError(f"{self._shown(module)} is not Python: {error}") from None
            nodes: list[ast.AST] = []
            text = _written(tree, nodes)
            self._modules[module] = _Module(_hash(text.encode()), nodes)
        return self._modules[module]

    def _meaning(self, file: Path) -> str:
        """A hash of what a file means."""
        return self._module(file).meaning if file.suffix == ".py" else _hash(file.read_bytes())


class _Module(NamedTuple):
    """What a Python file means, and the nodes of its syntax tree that tell what it imports and reads."""

    meaning: str
    nodes: list[ast.AST]


def _script(root: Path, command: object) -> Path | None:
    """The script of ours that a command runs, of a launched stage the stage's own; None: it runs none."""
    words = command.split() if isinstance(command, str) else []
    while words and not words[0].endswith(".py"):  # python and its options
        words = words[1:]
    if not words or (script := root / words[0]).parent.name != SOURCE.name:
        return None
    if script.name == LAUNCHER and len(words) > 1:
        return root / SOURCE / f"{words[1]}.py"
    return script


def _shared(root: Path, stages: Mapping[str, Any]) -> Path:
    """The root's `src`, as the commands of a study's stages name it; of the root itself its own."""
    for stage in stages.values():
        for word in str(stage["cmd"]).split():
            folder = (root / word).parent
            if word.startswith("../") and word.endswith(".py") and folder.name == SOURCE.name:
                return folder
    return root / SOURCE


def _hash(content: bytes) -> str:
    """16 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def _imported_names(nodes: list[ast.AST], module: str) -> set[str]:
    """The dotted names that a module may import; `module` is its path, for the errors."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise DataError(
                    f"{module}:{node.lineno}: a relative import: write the module's whole name"
                )
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _is_computed_import(node.func):
            raise DataError(
                f"{module}:{node.lineno}: an import that is computed cannot be followed: write it out"
            )
    return names


def _is_computed_import(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in _COMPUTED_IMPORTS
    return isinstance(called, ast.Attribute) and called.attr in _COMPUTED_IMPORTS - _METHODS


def _is_data(path: Path) -> bool:
    return path.is_file() and path.suffix not in (".py", ".pyc") and not path.name.startswith(".")


def _written(value: object, nodes: list[ast.AST]) -> str:
    """A syntax tree as text: names of nodes and what they hold, without docstrings and places.

    Fields that hold nothing are left out, as a later Python may have more of them.

    Args:
        nodes: gets the imports, calls and constants that the text is of: one way through the tree is half the time.
    """
    if isinstance(value, list):
        return f"[{','.join([_written(one, nodes) for one in value])}]"
    if not isinstance(value, ast.AST):
        return f"{type(value).__name__}:{value!r}"
    if isinstance(value, _TELLING):
        nodes.append(value)
    shown = []
    for name, held in ast.iter_fields(value):
        if name in _NO_MEANING:
            continue
        if name == "body" and _has_docstring(value):
            held = held[1:]
        if held is not None and held != []:
            shown.append(f"{name}={_written(held, nodes)}")
    return f"{type(value).__name__}({','.join(shown)})"


def _has_docstring(node: ast.AST) -> bool:
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    return ast.get_docstring(node, clean=False) is not None
