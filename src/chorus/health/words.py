"""A diagnosis as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def verdict_in_words(detail: Mapping[str, Any]) -> str:
    """The verdict, the findings with their numbers, what to do, and what could not be judged.

    Args:
        detail: what metrics/health_detail.json holds.
    """
    lines = [
        f"Training health: {detail['verdict'].upper()}. {detail['sentence']} (rules: {detail['profile']})"
    ]
    if detail["stopped"]:
        lines.append(f"Training ended: {detail['stopped']}")
    for finding in detail["findings"]:
        lines += ["", f"{finding['severity']:<8} {finding['name']}: {finding['means']}"]
        for evidence in finding["evidence"]:
            lines.append(f"         {evidence}")
        for action in finding["actions"]:
            lines.append(f"         -> {action}")
    if detail["not_judged"]:
        lines.append("")
    for text in detail["not_judged"]:
        lines.append(f"not judged: {text}")
    return "\n".join(lines)
