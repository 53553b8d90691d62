"""Every page for the browser says itself that it fetches, runs and sends nothing (Content Security Policy)."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PAGES = sorted(
    path
    for path in SOURCE.rglob("*")
    if path.suffix in (".py", ".html")
    and re.search(r"<head>\s*(\\n)?\s*<meta", path.read_text(encoding="utf-8"))
)

# A slider, answers by key: with scripts of their own, and none else's.
INTERACTIVE = ("season.html", "queue.html")
ALLOWS_SCRIPTS = "{% block scripts %}script-src 'unsafe-inline'; {% endblock %}"


def test_every_page_stands_in_the_one_shell():
    assert {path.name for path in PAGES} == {"shell.html"}
    templates = {path.name: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.html")}
    assert templates.keys() >= {"page.html", "health.html", *INTERACTIVE}
    for name, text in templates.items():
        if name == "shell.html":
            continue
        assert text.startswith("{% extends shell %}"), name
        assert (ALLOWS_SCRIPTS in text) == (name in INTERACTIVE)
        assert not re.search(
            r"\son[a-z]+=\"|javascript:|<script[^>]+src|innerHTML|document\.write|eval\(", text
        )
        if name not in INTERACTIVE:
            assert "<script" not in text and "block scripts" not in text


def test_every_style_takes_its_colours_from_the_one_palette():
    for path in SOURCE.rglob("*.css"):
        assert not re.search(r"#[0-9a-f]{3,8}\b", path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_page_allows_nothing_but_what_it_holds(path):
    text = path.read_text(encoding="utf-8").replace('\\"', '"').replace("\\n", "\n")
    policy = unescape(re.search(r"Content-Security-Policy\W[\s\S]*?content=\"([^\"]+)\"", text)[1])
    policy = re.sub(r"\{%.*?%\}", "", policy)
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert not set(" ".join(rules.values()).split()) - {"'none'", "'unsafe-inline'", "data:"}
    assert "script-src" not in rules and "<script" not in text
