"""Is the difference real? Tests and intervals that count seeds and nights for what they are."""

from chorus.statistics.comparison import Comparison, compare
from chorus.statistics.difference import Difference, paired_bootstrap, verdict
from chorus.statistics.effects import (
    Contrast,
    Effect,
    Interaction,
    matched_effects,
    run_spread,
    sign_flip,
)
from chorus.statistics.paired import DeLong, McNemar, cohens_g, delong, holm, mcnemar, mcnemar_chi2
from chorus.statistics.power import minimal_detectable_difference, smallest_sign_flip_p
from chorus.statistics.ranking import Best, judge_best
from chorus.statistics.selection import Selection, correct_for_selection
from chorus.statistics.summary import SeedSummary, format_summaries, seed_summary

__all__ = [
    "Best",
    "Comparison",
    "Contrast",
    "DeLong",
    "Difference",
    "Effect",
    "Interaction",
    "McNemar",
    "SeedSummary",
    "Selection",
    "cohens_g",
    "compare",
    "correct_for_selection",
    "delong",
    "format_summaries",
    "holm",
    "judge_best",
    "matched_effects",
    "mcnemar",
    "mcnemar_chi2",
    "minimal_detectable_difference",
    "paired_bootstrap",
    "run_spread",
    "seed_summary",
    "sign_flip",
    "smallest_sign_flip_p",
    "verdict",
]
