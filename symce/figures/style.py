"""How figures look: one width, one size of type, colours that colour-blind readers tell apart, light and dark.

Colours are asked for by role while a figure is drawn ("C0" is the first series, ``text.color`` the ink), so that the
same drawing serves both themes. Nothing of it stays in Matplotlib's global settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure as Canvas
    from matplotlib.text import Text

Theme = Literal["light", "dark"]
WIDTH_CM = 12.0


class FigureError(Exception):
    """A figure cannot be drawn or written. The message says why, and what to do."""


@dataclass(frozen=True)
class _Palette:
    paper: str
    ink: str
    grid: str
    series: tuple[str, ...]


# Okabe and Ito's colours; of the eight, those that keep a contrast of about 3 to 1 with the paper
_PALETTES: dict[Theme, _Palette] = {
    "light": _Palette("#ffffff", "#1a1a1a", "#dddddd", ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000")),
    "dark": _Palette("#16191d", "#e8e8e8", "#3a4046", ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442")),
}
#: the series differ without colour too
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.6, 1.2, 1.6)), (0, (9, 2.5)))
HATCHES = ("", "////", "....")


@contextmanager
def themed(theme: Theme, *, salt: str) -> Iterator[None]:
    """Matplotlib's settings for a theme, in force within the block. ``salt`` goes into the ids of an SVG.

    Raises FigureError without Matplotlib, and for a theme that does not exist.
    """
    if theme not in _PALETTES:
        raise FigureError(f"no theme {theme!r}; the themes are: {', '.join(_PALETTES)}")
    palette = _PALETTES[theme]
    _matplotlib()
    from cycler import cycler
    from matplotlib import style

    settings = {
        "figure.facecolor": palette.paper, "savefig.facecolor": palette.paper, "axes.facecolor": palette.paper,
        "text.color": palette.ink, "axes.edgecolor": palette.ink, "axes.labelcolor": palette.ink,
        "xtick.color": palette.ink, "ytick.color": palette.ink, "hatch.color": palette.paper,
        "grid.color": palette.grid, "axes.prop_cycle": cycler(color=palette.series),
        "font.family": ["STIXGeneral"], "mathtext.fontset": "stix",
        "font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9, "legend.fontsize": 8.5,
        "xtick.labelsize": 8.5, "ytick.labelsize": 8.5,
        "lines.linewidth": 1.5, "axes.linewidth": 0.6, "grid.linewidth": 0.5, "hatch.linewidth": 0.8,
        "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 3, "ytick.major.size": 3,
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
        "axes.titlelocation": "left", "legend.frameon": False, "legend.handlelength": 2.6,
        "savefig.dpi": 200, "svg.fonttype": "path", "svg.hashsalt": f"symce-{salt}", "pdf.fonttype": 42,
    }  # fmt: skip
    # the defaults first: a reader's own matplotlibrc must not change a figure
    with style.context(["default", settings]):
        yield


def canvas(columns: int = 1, *, height_cm: float, **options: Any) -> tuple[Canvas, list[Axes]]:
    """A figure with panels side by side, and the panels. ``options`` are those of ``Figure.subplots``."""
    _matplotlib()
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=(WIDTH_CM / 2.54, height_cm / 2.54), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False, **options)
    return figure, list(axes[0])


def series(n: int) -> dict[str, Any]:
    """Colour and dashes of the n-th line."""
    return {"color": f"C{n}", "linestyle": DASHES[n % len(DASHES)]}


def ink() -> str:
    """The colour of text."""
    return _setting("text.color")


def paper() -> str:
    """The colour of the background."""
    return _setting("axes.facecolor")


def note(axes: Axes, text: str, point: tuple[float, float], offset: tuple[float, float], **options: Any) -> Text:
    """Words beside a point, ``offset`` in points of type, on a patch of paper so that lines do not cross them."""
    # a patch: with a rim about the letters instead, an SVG holds every letter's outline twice, and is ten times as long
    patch = {"facecolor": paper(), "edgecolor": "none", "pad": 0.3, "alpha": 0.85}
    return axes.annotate(text, point, offset, textcoords="offset points", bbox=patch, **options)


def dot(axes: Axes, x: Any, y: Any, color: str = "C0") -> None:
    """Marks on a line."""
    axes.plot(x, y, "o", color=color, markersize=4.5, markeredgecolor=paper(), markeredgewidth=0.7, zorder=5)


def diverging() -> Colormap:
    """Blue below zero, orange above, the paper at zero."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("symce-diverging", ["C0", paper(), "C1"])


def sequential() -> Colormap:
    """From the paper to a blue on which ink is still read easily."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

    red, green, blue = (0.35 * a + 0.65 * b for a, b in zip(to_rgb(paper()), to_rgb("C0"), strict=True))
    return LinearSegmentedColormap.from_list("symce-sequential", [paper(), to_hex((red, green, blue))])


def readable_on(color: Any) -> str:
    """Black or white, whichever is read more easily on a colour."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # the luminance at which white and black have the same contrast (WCAG)
    return "#000000" if luminance > 0.179 else "#ffffff"


def _setting(name: str) -> str:
    return str(_matplotlib().rcParams[name])


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError:
        raise FigureError("figures are drawn by Matplotlib, which is missing: pip install 'symce[handout]'") from None
    return matplotlib
