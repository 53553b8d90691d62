"""What should make a reviewer look twice."""

from __future__ import annotations

from chorus.clips import TEST_IID, TEST_OOD, VALIDATION
from chorus.experiments.review.facts import Facts
from chorus.experiments.review.membership import Change, clips_in_words, split_name
from chorus.experiments.review.noise import THRESHOLD
from chorus.experiments.review.revision import SPLITS

FAR = 0.1  # a threshold that moved further is told of where the seed noise is unknown
TESTS = {split_name(TEST_OOD): "ood.", split_name(TEST_IID): "iid."}


def suspicions(facts: Facts) -> list[str]:
    """One sentence for each thing that looks wrong, the gravest first."""
    return [*_edited(facts), *_tests(facts), *_audit(facts), *_stale(facts), *_threshold(facts)]


def incomparable(facts: Facts) -> set[str]:
    """The beginnings of the names of metrics ("ood.") whose test clips changed, or may have changed."""
    if SPLITS in facts.missing and SPLITS in facts.data:
        return set(TESTS.values())
    return {TESTS[change.name] for change in facts.changes if change.name in TESTS and change.any}


def _edited(facts: Facts) -> list[str]:
    before, after = facts.edited
    # first what this change brought: what was wrong in the base before is not held against it
    said = [f"**Metrics not produced by the committed dvc.lock:** {problem}." for problem in after]
    for problem in before:
        said.append(f"Not produced by the committed dvc.lock in {facts.base} already: {problem}.")
    return said


def _tests(facts: Facts) -> list[str]:
    # where the clips cannot be read, the hash of the table still tells that something moved
    if SPLITS in facts.missing and SPLITS in facts.data:
        return [
            f"**The test split may have changed:** {SPLITS} differs, but its clips cannot be read here."
        ]
    changes = {change.name: change for change in facts.changes if change.any}
    found = []
    for name in TESTS:
        if name in changes:
            found.append(
                f"**The test split changed** ({name.removeprefix('split ')}): {_moves(changes[name])}. "
                "Its metrics before and after are of different clips and cannot be compared."
            )
    if split_name(VALIDATION) in changes:
        moves = _moves(changes[split_name(VALIDATION)])
        found.append(f"The validation split changed: {moves}. The threshold is chosen on it.")
    return found


def _moves(change: Change) -> str:
    moves = []
    for verb, clips in (("entered", change.entered), ("left", change.left)):
        if len(clips):
            moves.append(f"{len(clips)} {verb} ({clips_in_words(clips)})")
    return " and ".join(moves) or "the split itself is new or gone"


def _audit(facts: Facts) -> list[str]:
    before, after = facts.audit
    if before == after or before is None:
        return []
    if after is None:
        return ["**The leakage audit is gone** from metrics/splits.json."]
    differing = []
    for key in {**before, **after}:
        old, new = before.get(key, "not checked"), after.get(key, "not checked")
        if old != new:
            differing.append(f"{key} {old} → {new}")
    listed = ", ".join(differing)
    return [f"**The leakage audit differs:** {listed}. Other recordings, or another check?"]


def _stale(facts: Facts) -> list[str]:
    said = []
    for problem in facts.stale[1]:
        sentence = f"**Changed, but not run:** {problem}"
        if problem in facts.stale[0]:
            sentence += f" (so it is in {facts.base} too)"
        sentence += "."
        if not facts.stages:
            sentence += " dvc.lock is the old one; `dvc repro` makes the new."
        said.append(sentence)
    return said


def _threshold(facts: Facts) -> list[str]:
    before, after = facts.metric(THRESHOLD)
    if before is None or after is None:
        return []
    limit, why = FAR, "the seed noise is unknown"
    width = facts.noise.widths.get(THRESHOLD) if facts.noise else None
    if width is not None:
        limit, why = width, f"further than seeds move it (±{width:.2f})"
    if abs(after - before) <= limit:
        return []
    return [f"**The threshold moved** from {before:.3f} to {after:.3f}: {why}."]
