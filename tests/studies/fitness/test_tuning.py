"""A tuned encoder hears as much of a text as the one that it was made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from fitness import tuning


class Network:
    """As much of a SentenceTransformer as is asked for here."""

    def __init__(self, longest: int) -> None:
        self.max_seq_length = longest

    def save_pretrained(self, folder: str, **_given: object) -> None:
        Path(folder, "longest").write_text(str(self.max_seq_length))


@pytest.mark.parametrize(("longest", "learned"), [(32, 32), (128, 64), (512, 64)])
def test_as_many_tokens_are_heard_as_before(tmp_path, monkeypatch, longest, learned):
    seen = []

    def train(network, *_given):
        seen.append(network.max_seq_length)
        return [2.0, 1.0]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tuning.encoder, "load", lambda _folder: Network(longest))
    monkeypatch.setattr(tuning, "_train", train)
    options = tuning.TuneOptions(steps=2, batch_size=2, max_tokens=64)
    assert tuning.simcse(Path("any"), ["a", "b"], options) == {"first_loss": 2.0, "last_loss": 1.0}
    assert seen == [learned]
    assert (tuning.FOLDER / "model/longest").read_text() == str(longest)
