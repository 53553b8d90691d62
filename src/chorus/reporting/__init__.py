"""The report of a grid: one page that needs nothing else, and its pictures. Plain tables, pictures and sounds in."""

from chorus.reporting.figures import draw_health, draw_heat_map, draw_leaderboard, draw_parallel
from chorus.reporting.hardest import listenable, read_sounds, wrong_counts, wrong_shares
from chorus.reporting.page import HardClip, Material, page
from chorus.reporting.tables import typed

__all__ = [
    "HardClip",
    "Material",
    "draw_health",
    "draw_heat_map",
    "draw_leaderboard",
    "draw_parallel",
    "listenable",
    "page",
    "read_sounds",
    "typed",
    "wrong_counts",
    "wrong_shares",
]
