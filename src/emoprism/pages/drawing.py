"""How figures look: matplotlib set up in a context, SVG whose bytes depend on nothing but what is drawn.

Ink (text, axes, grid) and paper are drawn in marker colours. On the page these become the page's own, so that a figure
follows a light, a dark or a printed page; in the figure files they become black and white.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"
PAPER = "#fefdfc"
ON_PAGE = {INK: "currentColor", PAPER: "var(--paper)", "#0072b2": "var(--blue)"}
"""Colours that the page's style chooses; the palette's blue is hard to see on black."""
PIXELS_PER_POINT = 1.4
"""Size of figures on the page: all texts of one size, whatever the figure's own."""
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B8A800", "#7F7F7F")
"""Okabe and Ito 2008, told apart with any of the common colour blindnesses; their yellow darkened for white paper."""
HATCHES = ("", "//", "\\\\", "..", "xx", "--", "++", "oo")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished figure: `key` names its file and anchor, `alt` says in words what it shows."""

    key: str
    title: str
    alt: str
    svg: str
    """The <svg> element, ink in INK, paper in PAPER."""
    note: str = ""
    """A warning that stands beside the title."""

    @property
    def inline(self) -> str:
        """For the page: ink and paper are the page's."""
        svg = self.svg
        for drawn, shown in ON_PAGE.items():
            svg = svg.replace(drawn, shown)
        return svg

    @property
    def file(self) -> str:
        """For a file of its own: black ink on white."""
        svg = self.svg.replace(INK, "#000000").replace(PAPER, "#ffffff")
        return '<?xml version="1.0" encoding="utf-8"?>\n' + svg.replace('style="', 'style="background: #ffffff; ', 1)


def colour(index: int) -> str:
    """Colour of the index-th series."""
    return PALETTE[index % len(PALETTE)]


def hatch(index: int) -> str:
    """Hatch of the index-th series, so that bars differ without colour."""
    return HATCHES[index % len(HATCHES)]


def marker(index: int) -> str:
    """Marker of the index-th class."""
    return MARKERS[index % len(MARKERS)]


@contextmanager
def canvas(width: float, height: float, rows: int = 1, columns: int = 1) -> Generator[tuple[Figure, Any]]:
    """A figure of `width` x `height` inches and its axes [rows, columns], in the report's style, not the user's."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        for name, value in _style().items():
            mpl.rcParams[cast("Any", name)] = value
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis in axes.flat:
            axis.grid(axis="y", alpha=0.18, linewidth=0.7)
            axis.set_axisbelow(True)
            axis.spines[["top", "right"]].set_visible(False)
        yield figure, axes


def _style() -> dict[str, Any]:
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color")
    return {
        **dict.fromkeys((*inked, "hatch.color"), INK),
        "backend": "agg",
        "svg.hashsalt": "emoprism",
        "svg.fonttype": "none",
        "text.parse_math": False,
        "font.family": ["sans-serif"],
        "font.size": 10,
        "axes.titlesize": 10.5,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "hatch.linewidth": 0.5,
        "savefig.transparent": True,
        "savefig.dpi": 144,
    }


def drawing(figure: Figure, key: str, title: str, alt: str) -> Drawing:
    """Render a figure drawn on `canvas`, inside its block."""
    buffer = io.StringIO()
    no_metadata: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # only measured here; the browser has the letters
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)  # twice in all: the first may change the ticks and with them the room they need
        figure.savefig(buffer, format="svg", metadata=no_metadata)
    return Drawing(key, title, alt, _tidy(buffer.getvalue(), key))


def _tidy(text: str, key: str) -> str:
    """Only the <svg> element, ids made unique to this figure (several stand in one page), and no fixed size."""
    svg = text[text.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{key}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", svg)
    head, rest = svg.split(">", 1)
    width = float(re.findall(r'\swidth="([^"]*)pt"', head)[0])
    head = re.sub(r'\s(?:width|height)="[^"]*pt"', "", head)
    style = f"max-width: {width * PIXELS_PER_POINT:.0f}px"
    return f'{head} style="{style}" role="img" aria-labelledby="{key}-caption">{rest}'


def legend_below(figure: Figure, handles: Sequence[Any], columns: int, markerscale: float = 1.0) -> None:
    """One legend under all axes."""
    if handles:
        figure.legend(
            handles=list(handles), loc="outside lower center", ncols=min(columns, len(handles)), markerscale=markerscale
        )
