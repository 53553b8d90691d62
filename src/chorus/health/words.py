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
        lines += [f"         {evidence}" for evidence in finding["evidence"]]
        lines += [f"         -> {action}" for action in finding["actions"]]
    if detail["not_judged"]:
        lines += ["", *(f"not judged: {text}" for text in detail["not_judged"])]
    return "\n".join(lines)
