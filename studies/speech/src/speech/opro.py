"""A search for a prompt: candidates are proposed from the scored history, again and again (OPRO: Yang et al. 2023,
arXiv:2309.03409), and the gain that is reported comes from clips that the search never saw.

The best of many noisy figures looks better than it is. The original's prompt had 100 % of 20 development clips and lost
3.6 points on the test. So every search ends with two figures: the gain as searched, and the gain held out.
"""

from __future__ import annotations

import hashlib
import json
import re
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from chorus.errors import DataError
from chorus.files import read_json, write_json
from chorus.options import options
from chorus.seeds import generator
from speech import wording

_SECONDS = 60.0  # that an endpoint may take


@options
class OproOptions:
    """candidates: of each iteration. shown: of the best so far, to the proposer. penalty: of the score, per token.

    proposer: rules (parts of prompts, put together by chance), or endpoint: any that speaks OpenAI's chat completions,
    at base_url, such as http://127.0.0.1:8080/v1.
    searches: how many seeds of the base model are searched for; of an adapter, one for each of its seeds.
    """

    iterations: Annotated[int, Field(ge=1)] = 6
    candidates: Annotated[int, Field(ge=1)] = 4
    shown: Annotated[int, Field(ge=1)] = 10
    penalty: Annotated[float, Field(ge=0)] = 0.0005
    proposer: Literal["rules", "endpoint"] = "rules"
    base_url: str = ""
    model: str = ""
    seed: Annotated[int, Field(ge=0)] = 1


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
        ended = [each.iteration for each in self.tried] + [
            each["iteration"] for each in self.failures
        ]
        return max(ended, default=-1)


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
        for opener in self.parts[0]:
            for question in self.parts[1]:
                for ending in self.parts[2]:
                    self.known[wording.prompt(opener, question, ending)] = (
                        opener,
                        question,
                        ending,
                    )

    def propose(self, best: Sequence[Scored], wanted: int, iteration: int) -> list[str]:
        """Each from one of the best: one part new, the others its own; depends on seed, iteration and history alone."""
        # A stream for each iteration, so that a resumed search draws what an uninterrupted one does.
        rng = generator(self.seed, "opro", iteration)
        parents = [self.known[each.prompt] for each in best if each.prompt in self.known]
        found: list[str] = []
        for _ in range(50 * wanted):
            if parents and rng.random() < 0.8:
                chosen = list(parents[int(rng.integers(len(parents)))])
                place = int(rng.integers(3))
                chosen[place] = self.parts[place][int(rng.integers(len(self.parts[place])))]
            else:
                chosen = [part[int(rng.integers(len(part)))] for part in self.parts]
            text = wording.prompt(*chosen)
            if text not in found and text not in {each.prompt for each in best}:
                found.append(text)
            if len(found) == wanted:
                break
        return found


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
        }
        request = urllib.request.Request(
            f"{self.url}/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as reply:
                said = json.loads(reply.read())["choices"][0]["message"]["content"]
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise DataError(f"the endpoint failed: {type(error).__name__} {error}") from None
        found = [
            " ".join(text.split())
            for text in re.findall(r"<PROMPT>(.*?)</PROMPT>", str(said), re.S)
        ]
        usable = [text for text in found if self._names_both(text)]
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
            if wanted:
                new += _asked(
                    proposer, ranked, wanted, iteration, known | {each for each, _ in new}, history
                )
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
) -> list[tuple[str, str]]:
    try:
        said = proposer.propose(ranked, wanted, iteration)
    except DataError as error:
        history.failures.append(
            {"iteration": iteration, "proposer": proposer.name, "reason": str(error)}
        )
        return []
    # A proposer likes to repeat itself; what is known costs nothing and tells nothing.
    fresh = [prompt for prompt in dict.fromkeys(said) if prompt not in known]
    return [(prompt, proposer.name) for prompt in fresh[:wanted]]


def proposers(kind: wording.Answers, given: OproOptions, seed: int) -> list[Proposer]:
    """Those that the options name; the rules stand behind every other one."""
    rules = Rules(kind, seed)
    if given.proposer == "rules":
        return [rules]
    if not given.base_url or not given.model:
        raise DataError("opro: proposer endpoint needs base_url and model")
    return [Endpoint(given.base_url, given.model, wording.PAIRS[kind]), rules]


def history_key(*parts: object) -> str:
    """A key of what is searched and how; another model, other clips or options have another."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def read_history(path: Path, key: str) -> History:
    """A history to go on with; an empty one where there is none of this key."""
    if not path.is_file():
        return History(key)
    content: Mapping[str, Any] = read_json(path)
    if content["key"] != key:
        return History(key)
    return History(key, [Scored(**each) for each in content["tried"]], list(content["failures"]))


def write_history(path: Path, history: History) -> None:
    """As JSON, whole or not at all."""
    write_json(path, asdict(history))
