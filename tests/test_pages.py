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

INTERACTIVE = (
    "season.html",
    "queue.html",
)  # a slider, answers by key: with scripts of their own, and none else's


def test_every_page_stands_in_the_one_shell():
    assert {path.name for path in PAGES} == {"shell.html", *INTERACTIVE}
    templates = {path.name: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.html")}
    assert templates.keys() >= {"page.html", "health.html"}
    for name, text in templates.items():
        if name in ("shell.html", *INTERACTIVE):
            continue
        assert text.startswith("{% extends shell %}"), name
        assert not re.search(r"<script|\son[a-z]+=\"|javascript:", text)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_page_allows_nothing_but_what_it_holds(path):
    text = path.read_text(encoding="utf-8").replace('\\"', '"').replace("\\n", "\n")
    policy = unescape(re.search(r"Content-Security-Policy\W[\s\S]*?content=\"([^\"]+)\"", text)[1])
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert not set(" ".join(rules.values()).split()) - {"'none'", "'unsafe-inline'", "data:"}
    assert not re.search(
        r"\son[a-z]+=\"|javascript:|<script[^>]+src|innerHTML|document\.write|eval\(", text
    )
    if path.name not in INTERACTIVE:
        assert "script-src" not in rules and "<script" not in text
