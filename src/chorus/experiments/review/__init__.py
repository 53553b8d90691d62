"""What a change did, for the person who reviews it: parameters, code, data, metrics, and which clips came and went.

`read` gathers the facts of two revisions with DVC, `suspicions` says what looks wrong in them, `draw` makes the
pictures, and `comment` writes it all down as Markdown.
"""

from chorus.experiments.review.comment import MARKER, comment
from chorus.experiments.review.facts import WORKSPACE, Facts, read
from chorus.experiments.review.membership import Change
from chorus.experiments.review.noise import Noise, noise_among, seed_noise
from chorus.experiments.review.pictures import Pictures, draw
from chorus.experiments.review.suspicions import suspicions

__all__ = [
    "MARKER",
    "WORKSPACE",
    "Change",
    "Facts",
    "Noise",
    "Pictures",
    "comment",
    "draw",
    "noise_among",
    "read",
    "seed_noise",
    "suspicions",
]
