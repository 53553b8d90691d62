"""Labels of a table become numbers of classes, window by window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chorus import detector
from chorus.embeddings import Embeddings
from chorus.errors import DataError
from chorus.tasks import Classification

KNOWN = Embeddings(
    "toy", np.arange(10, dtype=np.float32).reshape(5, 2), np.array(["a", "a", "b", "c", "d"])
)
CLIPS = pd.DataFrame({"clip_id": list("abcd"), "group": ["n1", "n1", "n2", "n2"]})


def _labelled(**labels):
    return pd.DataFrame({"clip_id": list(labels), "label": list(labels.values())})


def test_each_window_has_the_class_and_the_group_of_its_clip():
    examples = detector.examples(_labelled(c="negative", a="positive"), CLIPS, KNOWN)
    assert examples.clip_ids.tolist() == ["a", "a", "c"]
    assert examples.labels.tolist() == [1, 1, 0]
    assert examples.groups.tolist() == ["n1", "n1", "n2"]
    assert examples.task.classes == ("negative", "positive")


def test_more_than_two_classes_are_numbered_as_given():
    labelled = _labelled(a="west", b="east", c="north")
    examples = detector.examples(
        labelled, CLIPS, KNOWN, task=Classification(("north", "east", "south", "west"))
    )
    assert examples.labels.tolist() == [3, 3, 1, 0]


def test_a_label_that_is_no_class_is_refused_with_its_clips():
    with pytest.raises(DataError, match="labels must be negative, positive, but not so: b"):
        detector.examples(_labelled(a="positive", b="frog"), CLIPS, KNOWN)
