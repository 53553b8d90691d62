"""The report of a grid: one page that needs nothing else, and its pictures. Plain tables, pictures and sounds in."""

from chorus.reporting.figures import draw_all
from chorus.reporting.hardest import HardClip, hard_clips, wrong_counts, wrong_shares
from chorus.reporting.page import Material, page
from chorus.reporting.selection import selection_sentence
from chorus.reporting.tables import told, typed
from chorus.reporting.verdicts import verdicts

__all__ = [
    "HardClip",
    "Material",
    "draw_all",
    "hard_clips",
    "page",
    "selection_sentence",
    "told",
    "typed",
    "verdicts",
    "wrong_counts",
    "wrong_shares",
]
