"""The common look: colours that colour-blind people can tell apart, quiet axes, and PNG files of fixed bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from chorus.clips import NEGATIVE, OOD_VALIDATION, POSITIVE, TEST_IID, TEST_OOD, VALIDATION
from chorus.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
WIDTH = 10.0  # inches: 1,200 pixels

# Okabe & Ito's colours, https://jfly.uni-koeln.de/color/
GREEN, BLUE, ORANGE, SKY, PURPLE = "#009E73", "#0072B2", "#D55E00", "#56B4E9", "#CC79A7"
AMBER = "#E69F00"
GREY, INK = "#8A8F94", "#22272B"
FAINT, GUIDE = "#E4E7EA", "#D5D9DC"  # a grid behind the data; lines to compare with
COLOUR_OF = {
    VALIDATION: GREY,
    OOD_VALIDATION: PURPLE,
    TEST_IID: BLUE,
    TEST_OOD: ORANGE,
    POSITIVE: GREEN,
    NEGATIVE: GREY,
}
NAME_OF = {
    VALIDATION: "validation",
    OOD_VALIDATION: "OOD validation",
    TEST_IID: "IID test",
    TEST_OOD: "OOD test",
}

_STYLE = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "text.parse_math": False,  # names of clips and sites are names, whatever dollars and braces they have
}


@contextmanager
def picture(
    path: Path | str,
    height: float,
    heading: str,
    subheading: str,
    *,
    width: float = WIDTH,
    dpi: int = DPI,
) -> Iterator[Figure]:
    """Yield an empty figure `height` inches high; when the block ends well, it is written to `path` as PNG."""
    with drawing(width, height, dpi=dpi, above=0.62) as figure:
        figure.text(0.12 / width, 1 - 0.12 / height, heading, size=13, weight="bold", va="top")
        figure.text(0.12 / width, 1 - 0.38 / height, subheading, size=9, color=GREY, va="top")
        yield figure
        content = png(figure)
        with replacing(path) as beside:
            beside.write_bytes(content)


@contextmanager
def drawing(width: float, height: float, *, dpi: int = DPI, above: float = 0.0) -> Iterator[Figure]:
    """Yield an empty figure of `width` x `height` inches with `above` inches left free at its top.

    A personal matplotlibrc has no say: same data, same bytes.
    """
    import matplotlib.style
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with matplotlib.style.context(["default", _STYLE]):
        layout = ConstrainedLayoutEngine(rect=(0.005, 0.005, 0.985, min(0.99, 1 - above / height)))
        yield Figure(figsize=(width, height), dpi=dpi, layout=layout)


def png(figure: Figure) -> bytes:
    """A figure as PNG that names no software.

    It has 256 colours, which look the same and make a sheet of spectrograms a fifth as large: these files are kept in
    git.
    """
    from PIL import Image

    rendered, reduced = BytesIO(), BytesIO()
    figure.savefig(rendered, format="png", metadata={"Software": None})
    # Without dithering, whose grain would not compress; by coverage, so that a thin line keeps its colour.
    image = (
        Image.open(rendered)
        .convert("RGB")
        .quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    image.save(reduced, format="png", optimize=True)
    return reduced.getvalue()


def clipped(text: str, most: int) -> str:
    """The text, its end replaced by an ellipsis where it would not fit."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def grid(axes: Axes) -> None:
    """A faint grid behind the data."""
    axes.grid(color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
