"""One look for all pages: a palette, a frame that loads nothing, and how they are rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chorus.pictures.look import AMBER, BLUE, FAINT, GREEN, GREY, INK, ORANGE, SKY

FOLDER = Path(__file__).parent
# Around every page: it says that nothing is fetched, run or sent, whatever a clip is called. A page that must run its
# own script says so in the block `scripts`.
SHELL = "shell.html"
# The colours of the pictures, and tints that only text on paper needs. A page that can be dark has the second set too.
LIGHT = {
    "ink": INK, "quiet": "#667079", "paper": "#ffffff", "soft": "#f5f7f8", "line": FAINT, "grey": GREY,
    "blue": BLUE, "orange": ORANGE, "green": GREEN, "amber": AMBER,
    "good": "#00664a", "watch": "#7a5200", "trouble": "#9b3f00", "unknown": "#4a5560",
    "good-soft": "#dff3ec", "watch-soft": "#fdf0cf", "trouble-soft": "#fbe0d3", "unknown-soft": "#eceff2",
    "blue-soft": "#e8f1f7", "notice": "#fff8e6",
}  # fmt: skip
DARK = {
    "ink": "#e6e9eb", "quiet": "#a3acb3", "paper": "#16191c", "soft": "#202529", "line": "#363d43",
    "blue": SKY, "amber": AMBER, "good": "#33c79b", "watch": "#e8a33d", "trouble": "#ff7b6b", "unknown": "#a3acb3",
}  # fmt: skip


def render(
    page: str,
    filters: Mapping[str, Callable[..., Any]],
    *,
    folder: Path = FOLDER,
    dark: bool = False,
    **context: Any,
) -> str:
    """A page as HTML: the same text for the same content.

    Args:
        page: the name of its template and its style sheet, without ending.
        filters: what the template calls beside jinja's own.
        folder: where the two lie.
        dark: whether it follows a reader's dark desktop.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Escaped by default, and a name that is missing is an error: a page with a gap would look finished.
    environment = Environment(
        loader=FileSystemLoader([folder, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters
    style = _palette(dark) + (folder / f"{page}.css").read_text(encoding="utf-8")
    return environment.get_template(f"{page}.html").render(style=style, shell=SHELL, **context)


def _palette(dark: bool) -> str:
    scheme = "light dark" if dark else "light"
    text = f":root {{ color-scheme: {scheme}; {_variables(LIGHT)} }}\n"
    if dark:
        text += f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n"
    return text


def _variables(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
