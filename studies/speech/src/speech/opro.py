"""A search for a prompt: candidates are proposed from the scored history, again and again (OPRO: Yang et al. 2023,
arXiv:2309.03409), and the gain that is reported comes from clips that the search never saw.

The best of many noisy figures looks better than it is. The original's prompt had 100 % of 20 development clips and lost
3.6 points on the test. So every search ends with two figures: the gain as searched, and the gain held out.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from pydantic import Field

from chorus.errors import DataError
from chorus.files import read_json, write_text
from chorus.options import options
from chorus.seeds import generator
from speech import wording

_SECONDS = 60.0  # that an endpoint may take
_MOST_TOKENS = 512  # that it may say: a model that babbles never ends by itself
_WRITTEN = "figures in full"  # how histories are; those of before, to six digits, are of no use to go on with


@options
class OproOptions:
    """candidates: of each iteration. shown: of the best so far, to the proposer. penalty: of the score, per token.

    proposer: rules (parts of prompts, put together by chance), or endpoint: any that speaks OpenAI's chat completions,
    at base_url, such as http://127.0.0.1:8080/v1.
    of: what a prompt is searched for, with every seed: base, lora, lora_mlp (where `tune` trains it).
    """

    iterations: Annotated[int, Field(ge=1)] = 6
    candidates: Annotated[int, Field(ge=1)] = 4
    shown: Annotated[int, Field(ge=1)] = 10
    penalty: Annotated[float, Field(ge=0)] = 0.0005
    proposer: Literal["rules", "endpoint"] = "rules"
    base_url: str = ""
    model: str = ""
    of: tuple[Literal["base", "lora", "lora_mlp"], ...] = ("base", "lora_mlp")

    def __post_init__(self) -> None:
        if self.proposer == "endpoint" and not (self.base_url and self.model):
            raise ValueError("proposer endpoint needs base_url and model")


@dataclass(frozen=True)
class Scored:
    """A prompt that was tried. score: balanced accuracy on development clips, less the penalty for its tokens."""

    iteration: int
    prompt: str
    tokens: int
    balanced_accuracy: float
    score: float
    proposer: str


@dataclass
class History:
    """All that a search tried, and what its proposer failed to do. key: of what was searched, and how."""

    key: str
    tried: list[Scored] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def best(self) -> Scored:
        """The highest score; of equals the shortest, then the first."""
        return min(self.tried, key=lambda each: (-each.score, each.tokens, each.iteration))

    @property
    def done(self) -> int:
        """Iterations that are over."""
        last = -1
        for scored in self.tried:
            last = max(last, scored.iteration)
        for failure in self.failures:
            last = max(last, failure["iteration"])
        return last


class Proposer(Protocol):
    """History in, candidates out: the best prompts so far, from worst to best, and how many new ones are wanted."""

    name: str

    def propose(self, best: Sequence[Scored], wanted: int, iteration: int) -> list[str]:
        """Candidates, at most `wanted` of use; what an endpoint says may be of none."""


class Rules:
    """Parts of the best prompts, changed or crossed by chance: the default, which needs no other model."""

    name = "rules"

    def __init__(self, kind: wording.Answers, seed: int) -> None:
        self.seed = seed
        self.parts = (list(wording.OPENERS), list(wording.QUESTIONS), list(wording.ENDINGS[kind]))
        self.known: dict[str, tuple[str, ...]] = {}
        for parts in itertools.product(*self.parts):
            self.known[wording.prompt(*parts)] = parts

    def propose(self, best: Sequence[Scored], wanted: int, iteration: int) -> list[str]:
        """Each from one of the best: one part new, the others its own; depends on seed, iteration and history alone."""
        # A stream for each iteration, so that a resumed search draws what an uninterrupted one does.
        rng = generator(self.seed, "opro", iteration)
        seen, parents = set(), []
        for each in best:
            seen.add(each.prompt)
            if each.prompt in self.known:
                parents.append(self.known[each.prompt])
        found: list[str] = []
        # Not until there are enough: of the combinations all may be known.
        for _ in range(50 * wanted):
            text = self._drawn(parents, rng)
            if text not in seen:
                seen.add(text)
                found.append(text)
            if len(found) == wanted:
                break
        return found

    def _drawn(self, parents: Sequence[tuple[str, ...]], rng: np.random.Generator) -> str:
        """Four of five from a parent with one part drawn anew; the others with all parts drawn."""
        if parents and rng.random() < 0.8:
            chosen = list(parents[int(rng.integers(len(parents)))])
            place = int(rng.integers(3))
            chosen[place] = self.parts[place][int(rng.integers(len(self.parts[place])))]
        else:
            chosen = []
            for part in self.parts:
                chosen.append(part[int(rng.integers(len(part)))])
        return wording.prompt(*chosen)


class Endpoint:
    """A language model behind an OpenAI-compatible address."""

    name = "endpoint"

    def __init__(self, base_url: str, model: str, answers: Sequence[str]) -> None:
        self.url, self.model, self.answers = base_url.rstrip("/"), model, answers

    def propose(self, best: Sequence[Scored], wanted: int, iteration: int) -> list[str]:
        """What it says between <PROMPT> and </PROMPT>.

        Raises:
            DataError: it cannot be reached, or does not answer as agreed.
        """
        shown = "\n".join(f"score {each.score:.3f}: {each.prompt}" for each in best)
        asked = (
            "These prompts ask a model whether a sound holds human speech; higher scores are better.\n"
            f"{shown}\nWrite {wanted} new prompts that score higher, each between <PROMPT> and "
            f"</PROMPT>. Each must name both answers, {' and '.join(self.answers)}."
        )
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": asked}],
            "seed": iteration,
            "temperature": 1.0,
            "max_tokens": _MOST_TOKENS,
        }
        try:
            request = urllib.request.Request(
                f"{self.url}/chat/completions",
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=_SECONDS) as reply:
                said = json.loads(reply.read())["choices"][0]["message"]["content"]
        except (OSError, HTTPException, ValueError, KeyError, IndexError, TypeError) as error:
            raise DataError(f"the endpoint failed: {type(error).__name__} {error}") from None
        usable = []
        for text in re.findall(r"<PROMPT>(.*?)</PROMPT>", str(said), re.S):
            if self._names_both(text):
                usable.append(" ".join(text.split()))
        if not usable:
            raise DataError(f"the endpoint proposed nothing of use: {str(said)[:200]!r}")
        return usable[:wanted]

    def _names_both(self, text: str) -> bool:
        return all(re.search(rf"\b{re.escape(answer)}\b", text) for answer in self.answers)


def search(
    balanced_accuracy: Callable[[str], float],
    tokens: Callable[[str], int],
    baseline: str,
    proposers: Sequence[Proposer],
    given: OproOptions,
    history: History,
    keep: Callable[[History], None] | None = None,
) -> History:
    """Search on from a history, an iteration at a time; an interrupted search ends as one that was not.

    Args:
        balanced_accuracy, tokens: of a prompt, on development clips.
        proposers: asked in turn until there are candidates enough; what fails is logged, and the next one is asked.
        keep: called after each iteration.
    """

    def tried(prompt: str, iteration: int, by: str) -> Scored:
        accuracy, size = balanced_accuracy(prompt), tokens(prompt)
        score = accuracy - given.penalty * size
        return Scored(iteration, prompt, size, accuracy, score, by)

    # The baseline is a candidate like any other, and what the gain is counted from.
    if not history.tried:
        history.tried.append(tried(baseline, 0, "baseline"))
    for iteration in range(history.done + 1, given.iterations + 1):
        # From worst to best, as the paper shows them: what stands last weighs most.
        ranked = sorted(history.tried, key=lambda each: each.score)[-given.shown :]
        known = {each.prompt for each in history.tried}
        new: list[tuple[str, str]] = []
        for proposer in proposers:
            wanted = given.candidates - len(new)
            if not wanted:
                break
            for prompt in _asked(proposer, ranked, wanted, iteration, known, history):
                known.add(prompt)
                new.append((prompt, proposer.name))
        # All of an iteration or none, so that a search that was stopped goes on where an iteration begins.
        history.tried += [tried(prompt, iteration, by) for prompt, by in new]
        if keep is not None:
            keep(history)
    return history


def _asked(
    proposer: Proposer,
    ranked: Sequence[Scored],
    wanted: int,
    iteration: int,
    known: set[str],
    history: History,
) -> list[str]:
    """What a proposer says that is new; what it fails to do is logged."""
    try:
        said = proposer.propose(ranked, wanted, iteration)
    except DataError as error:
        history.failures.append(
            {"iteration": iteration, "proposer": proposer.name, "reason": str(error)}
        )
        return []
    # A proposer likes to repeat itself; what is known costs nothing and tells nothing.
    fresh = [prompt for prompt in dict.fromkeys(said) if prompt not in known]
    return fresh[:wanted]


def proposers(kind: wording.Answers, given: OproOptions, seed: int) -> list[Proposer]:
    """Those that the options name; the rules stand behind every other one."""
    rules = Rules(kind, seed)
    if given.proposer == "rules":
        return [rules]
    return [Endpoint(given.base_url, given.model, wording.PAIRS[kind]), rules]


def history_key(*parts: object) -> str:
    """A key of what is searched and how; another model, other clips or options have another."""
    return hashlib.sha256(repr((_WRITTEN, *parts)).encode()).hexdigest()[:16]


def read_history(path: Path, key: str) -> History:
    """A history to go on with; an empty one where there is none of this key."""
    if not path.is_file():
        return History(key)
    content: Mapping[str, Any] = read_json(path)
    if content["key"] != key:
        return History(key)
    tried = [Scored(**each) for each in content["tried"]]
    return History(key, tried, list(content["failures"]))


def write_history(path: Path, history: History) -> None:
    """As JSON, whole or not at all; figures in full, so that a search goes on with the very same ones."""
    write_text(path, json.dumps(asdict(history), indent=2, ensure_ascii=False) + "\n")
