"""Two plots of a run: how much faster than PyTorch eager each is, and how time grows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.speed.peers import CONTESTANTS
from benchmarks.speed.peers.contestant import EAGER, LIMIT, PEER, SYMCE
from benchmarks.speed.results import KINDS, Results

#: greens are symce's, greys the limits
COLOURS = {
    SYMCE: ("#064d37", "#0b6e4f", "#2f9e77", "#84cbae", "#c3e6d8"),
    LIMIT: ("#7f7f7f", "#bdbdbd"),
    PEER: ("#c44e52", "#dd8452", "#8172b3", "#b6a9d6", "#4c72b0", "#64b5cd", "#ccb974", "#da8bc3", "#937860"),
}


def draw(results: Results, folder: Path) -> list[Path]:
    """Write the plots that the results have something for; returns their paths. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    # The same results give the same file.
    matplotlib.rcParams.update({"svg.hashsalt": "symce", "svg.fonttype": "none", "font.size": 9})
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, fill in (("speed", _speed), ("growth", _growth)):
        figure = Figure(figsize=(9, 4.5), layout="constrained")
        if fill(figure, results):
            written.append(folder / f"{name}.svg")
            figure.savefig(written[-1], metadata={"Date": None, "Creator": None})
    return written


def _colours(names: Sequence[str]) -> dict[str, str]:
    """A colour of its kind for each."""
    palettes = {kind: cycle(colours) for kind, colours in COLOURS.items()}
    return {name: next(palettes[KINDS[name]]) for name in names}


def _speed(figure: Any, results: Results) -> bool:
    """Bars of cross-entropy in float32, a group a shape."""
    cells = [t for t in results.section("times") if (t.cell.loss, t.cell.dtype) == ("cross_entropy", "float32")]
    cells = [t for t in cells if EAGER in t.samples]
    if not cells:
        return False
    names = [c.name for c in CONTESTANTS if any(c.name in t.samples for t in cells)]
    axes = figure.subplots()
    width, colours = 0.85 / len(names), _colours(names)
    for number, name in enumerate(names):
        present = [(i, t.ratio(name, EAGER)) for i, t in enumerate(cells) if name in t.samples]
        places = [i + (number - (len(names) - 1) / 2) * width for i, _ in present]
        axes.bar(
            places,
            [ratio for _, ratio in present],
            width,
            label=name,
            color=colours[name],
            edgecolor="white",
            linewidth=0.4,
        )
    axes.set_yscale("log")
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks(range(len(cells)), [t.cell.shape for t in cells])
    axes.set_ylabel(f"times as fast as {EAGER}")
    axes.set_title("Cross-entropy, float32: loss and gradient")
    figure.legend(loc="outside right upper", fontsize=7, frameon=False)
    return True


def _growth(figure: Any, results: Results) -> bool:
    """Time against elements, one line as N grows, one as K does."""
    cells = results.section("growth")
    families = {
        "N grows, K = 1,000": [t for t in cells if t.cell.classes == 1_000],
        "K grows, N = 100": [t for t in cells if t.cell.rows == 100],
    }
    names = sorted({n for t in cells for n in t.samples}, key=[c.name for c in CONTESTANTS].index)
    if not names:
        return False
    axes = figure.subplots()
    colours = _colours(names)
    for name in names:
        for (words, family), style in zip(families.items(), ("o-", "s--"), strict=True):
            points = [(t.cell.rows * t.cell.classes, 1e3 * t.median(name)) for t in family if name in t.samples]
            axes.plot(
                *zip(*sorted(points), strict=True), style, color=colours[name], markersize=4, label=f"{name}, {words}"
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("elements, N K")
    axes.set_ylabel("milliseconds")
    axes.set_title("Cross-entropy, float32: loss and gradient")
    figure.legend(loc="outside right upper", fontsize=7, frameon=False)
    return True
