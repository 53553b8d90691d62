"""The search for prompts: resumed as if never stopped, robust against its proposer, and honest about what it gains."""

from __future__ import annotations

import json
import runpy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import stage

import numpy as np
import pandas as pd
import pytest
import yaml

from chorus.seeds import stable_fraction
from speech import opro, searching, study, wording
from speech.opro import Endpoint, History, OproOptions, Rules, Scored
from speech_toys import random_toy

GIVEN = OproOptions(iterations=5, candidates=4)
START = wording.prompt("", "What do you hear?", wording.ENDINGS["letters"][0])


def skill(prompt: str) -> float:
    """A prompt is as good as pretraining's share, so that there is something to find."""
    return dict(wording.prompts("letters")).get(prompt, 0.5)


def length(prompt: str) -> int:
    return len(prompt.split())


def searched(history: History | None = None, seed: int = 1, given: OproOptions = GIVEN) -> History:
    return opro.search(
        skill, length, START, opro.proposers("letters", given, seed), given, history or History("k")
    )


def test_it_finds_a_better_prompt_and_keeps_all_that_it_tried():
    history = searched()
    assert history.best.score > history.tried[0].score + 0.2
    assert len(history.tried) == 1 + 5 * 4
    assert len({each.prompt for each in history.tried}) == len(history.tried)


@pytest.mark.parametrize("after", [1, 3, 4])
def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, after):
    class StoppedError(Exception):
        pass

    def in_thirds(prompt: str) -> float:
        """More digits than a figure of a report has."""
        return skill(prompt) / 3

    def keep(history: History) -> None:
        opro.write_history(tmp_path / "history.json", history)
        if history.done == after:
            raise StoppedError

    rules = [Rules("letters", 1)]
    with pytest.raises(StoppedError):
        opro.search(in_thirds, length, START, rules, GIVEN, History("k"), keep)
    read = opro.read_history(tmp_path / "history.json", "k")
    assert read.done == after
    resumed = opro.search(in_thirds, length, START, rules, GIVEN, read)
    through = opro.search(in_thirds, length, START, rules, GIVEN, History("k"))
    assert resumed.tried == through.tried
    assert opro.read_history(tmp_path / "history.json", "another model").tried == []


def test_seeds_search_otherwise():
    assert [e.prompt for e in searched(seed=1).tried] != [e.prompt for e in searched(seed=2).tried]


def test_a_longer_prompt_pays_for_its_tokens():
    tried = [
        Scored(0, "short", 5, 0.9, 0.9 - 5 * 0.01, "x"),
        Scored(1, "long", 30, 0.92, 0.62, "x"),
    ]
    assert History("k", tried).best.prompt == "short"
    history = searched(given=OproOptions(iterations=2, candidates=4, penalty=0.01))
    assert all(
        each.score == pytest.approx(each.balanced_accuracy - 0.01 * each.tokens)
        for each in history.tried
    )


def test_the_winners_curse_is_in_the_gain_as_searched_and_not_in_the_gain_held_out():
    """All prompts are alike; 20 development clips, as in the original. 60 searches."""
    as_searched, held_out = [], []
    for seed in range(60):

        def accuracy(prompt: str, part: str, seed: int = seed) -> float:
            draws = [stable_fraction(seed, part, prompt, clip) < 0.8 for clip in range(20)]
            return float(np.mean(draws))

        history = opro.search(
            lambda prompt: accuracy(prompt, "development"), length, START, [Rules("letters", seed)],
            OproOptions(iterations=5, candidates=4, penalty=0), History("k"),
        )  # fmt: skip
        as_searched.append(history.best.balanced_accuracy - history.tried[0].balanced_accuracy)
        ends = [accuracy(prompt, "held out") for prompt in (START, history.best.prompt)]
        held_out.append(ends[1] - ends[0])
    assert np.mean(as_searched) > 0.12
    assert abs(np.mean(held_out)) < 0.04


@contextmanager
def speaking(says: str, status: int = 200, promised: int = 0) -> Iterator[str]:
    """An OpenAI-compatible endpoint on loopback that says one thing, and may break off before so many bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert asked["model"] == "small" and "score" in asked["messages"][0]["content"]
            self.send_response(status)
            if promised:
                self.send_header("Content-Length", str(promised))
            self.end_headers()
            reply = {"choices": [{"message": {"content": says}}]}
            self.wfile.write(json.dumps(reply).encode() if status == 200 else b"no")

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def by_endpoint(url: str) -> History:
    given = OproOptions(
        iterations=2, candidates=3, proposer="endpoint", base_url=url, model="small"
    )
    return searched(given=given)


def test_an_endpoint_proposes_and_the_rules_fill_up():
    with speaking("Sure! <PROMPT>Voice? A yes,\n B no</PROMPT> <PROMPT>no answers</PROMPT>") as url:
        history = by_endpoint(url)
    assert [each.prompt for each in history.tried if each.proposer == "endpoint"] == [
        "Voice? A yes, B no"
    ]
    assert len(history.tried) == 1 + 2 * 3 and history.failures == []


@pytest.mark.parametrize(
    ("says", "status", "reason"), [("la la la", 200, "nothing of use"), ("", 500, "HTTPError")]
)
def test_a_babbling_or_failing_model_loses_nothing_and_is_logged(says, status, reason):
    with speaking(says, status) as url:
        history = by_endpoint(url)
    assert len(history.tried) == 1 + 2 * 3
    assert [each["iteration"] for each in history.failures] == [1, 2]
    assert all(reason in each["reason"] for each in history.failures)


def test_an_endpoint_that_is_not_there_is_a_failure_too():
    history = by_endpoint("http://127.0.0.1:9/v1")
    assert len(history.failures) == 2 and history.best.score > history.tried[0].score


def test_an_answer_that_breaks_off_is_a_failure_too():
    with speaking("<PROMPT>Voice? A yes, B no</PROMPT>", promised=10_000) as url:
        history = by_endpoint(url)
    assert len(history.tried) == 1 + 2 * 3
    assert all("IncompleteRead" in each["reason"] for each in history.failures)
    assert len(history.failures) == 2


def test_an_address_that_is_none_is_a_failure_too():
    history = by_endpoint("myhost/v1")
    assert all("unknown url type" in each["reason"] for each in history.failures)
    assert len(history.failures) == 2


def test_a_prompt_must_name_both_answers():
    endpoint = Endpoint("http://x", "small", ("SPEECH", "NONSPEECH"))
    assert endpoint._names_both("SPEECH or NONSPEECH?")
    assert not endpoint._names_both("NONSPEECH?")


def test_a_search_is_not_gone_on_with_where_clips_are_heard_otherwise(monkeypatch):
    """DVC keeps data/opro; the noise under a clean clip decides what a prompt is worth, too."""
    study_folder = Path(__file__).parents[3] / "studies/speech"
    params = yaml.safe_load((study_folder / "params.yaml").read_text())
    keys = []

    class SeenError(Exception):
        pass

    def read_history(_path, key):
        keys.append(key)
        raise SeenError

    monkeypatch.setattr(stage, "params", params.get)
    monkeypatch.setattr(study, "read_heard", lambda: (None, pd.DataFrame()))
    monkeypatch.setattr(study.Study, "quiz", lambda *_given: None)
    monkeypatch.setattr(searching, "models", lambda *_given: [("base", 1, random_toy())])
    monkeypatch.setattr(searching, "weights", lambda *_given: "of the base")
    monkeypatch.setattr(opro, "read_history", read_history)
    main = runpy.run_path(str(study_folder / "src/opro.py"))["main"]
    for floor in (1e-4, 1e-4, 1e-3):
        params["conditions"]["floor"] = floor
        with pytest.raises(SeenError):
            main()
    assert keys[0] == keys[1] != keys[2]
