"""Pictures to look at: PNG files of one look, with the same bytes for the same data; most are 1,200 pixels wide.

They know nothing but the data they draw. matplotlib is imported when something is drawn, and never pyplot: no window,
no global state.
"""

from chorus.pictures.evaluation import draw_evaluation
from chorus.pictures.options import PictureOptions
from chorus.pictures.scores import draw_score_distribution
from chorus.pictures.sheet import SheetClip, contact_sheet, draw_spectrogram, thumbnail
from chorus.pictures.spectrogram import spectrogram

__all__ = [
    "PictureOptions",
    "SheetClip",
    "contact_sheet",
    "draw_evaluation",
    "draw_score_distribution",
    "draw_spectrogram",
    "spectrogram",
    "thumbnail",
]
