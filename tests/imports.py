"""Which of the project's own files a script imports, directly or through others, at its top or inside a function."""

from __future__ import annotations

import ast
from pathlib import Path

SRC = Path(__file__).parents[1] / "src"


def local_imports(script: Path) -> set[Path]:
    """All files under src/ that running `script` may import, itself included, relative to the repository.

    A module's own data, a YAML file of its name beside it, counts with it.
    """
    found: set[Path] = set()
    pending = [script.resolve()]
    while pending:
        file = pending.pop()
        if file not in found:
            found.add(file)
            pending += _imported_by(file)
            found.update(data for data in [file.with_suffix(".yaml")] if data.is_file())
    return {file.relative_to(SRC.parent) for file in found}


def _imported_by(file: Path) -> list[Path]:
    files: list[Path] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            files += _files_of(name)
    return files


def _files_of(module: str) -> list[Path]:
    """The files of a dotted name and of the packages around it; none when it is not ours."""
    parts = module.split(".")
    files = []
    for end in range(1, len(parts) + 1):
        path = SRC.joinpath(*parts[:end])
        candidates = [path.with_suffix(".py"), path / "__init__.py"]
        files += [candidate for candidate in candidates if candidate.is_file()]
    return files
