"""What a figure is: words about it, the numbers that it shows, and how they are drawn; and its files.

Matplotlib is imported when something is drawn, never before.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from symce.figures.inline import inline
from symce.figures.style import FigureError, Theme, themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

#: how the predicted probability is printed: as the seed of the chapter has it, or as p
Notation = Literal["hat-pi", "p"]
FORMATS = ("pdf", "png", "svg")


@dataclass(frozen=True)
class Table:
    """Named columns of one length: the numbers (or words) that a figure shows. Raises ValueError for ragged ones."""

    columns: Mapping[str, tuple[float | str, ...]]

    def __post_init__(self) -> None:
        if len({len(column) for column in self.columns.values()}) > 1:
            raise ValueError(f"columns of different lengths: { {n: len(c) for n, c in self.columns.items()} }")

    @classmethod
    def of(cls, **columns: Sequence[float | str] | NDArray[Any]) -> Table:
        """A table of lists and one-dimensional arrays."""
        return cls({name: tuple(np.asarray(column).tolist()) for name, column in columns.items()})

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as an array of float64. Raises ValueError where it holds words."""
        return np.array(self.columns[name], dtype=np.float64)

    def where(self, name: str, is_: float | str) -> Table:
        """The rows in which a column has this value."""
        keep = [n for n, x in enumerate(self.columns[name]) if x == is_]
        return Table({key: tuple(column[n] for n in keep) for key, column in self.columns.items()})

    def stacked(self, other: Table) -> Table:
        """The rows of this table, then those of another with the same columns."""
        return Table({name: (*column, *other.columns[name]) for name, column in self.columns.items()})


@dataclass(frozen=True)
class Figure:
    """A figure of a handout.

    ``name`` is the stem of its files. ``caption`` is in the marks of running text, with ``\\ph`` (``\\bph`` as a
    vector) for the predicted probability. ``alt`` says in plain words what is to be seen. ``draw`` makes the
    Matplotlib figure for a notation; ``data`` gives the numbers that it draws.
    """

    name: str
    title: str
    caption: str
    alt: str
    draw: Callable[[Notation], Canvas]
    data: Callable[[], Table]

    def _repr_svg_(self) -> str:
        return svg(self)


def save(figure: Figure, path: Path, *, notation: Notation = "hat-pi", theme: Theme = "light") -> None:
    """Write a figure to ``path``, in the format of its suffix: .pdf, .png or .svg.

    The same figure gives the same bytes always. The file is there whole or not at all. Raises FigureError for another
    suffix or without Matplotlib, OSError where the file cannot be written.
    """
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        known = ", ".join(f".{f}" for f in FORMATS)
        raise FigureError(f"cannot write {path.name}: a figure's file ends in one of {known}")
    content = _bytes(figure, form, notation, theme)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # mkstemp makes a file for its owner alone
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def svg(figure: Figure, *, notation: Notation = "hat-pi", theme: Theme = "light") -> str:
    """The figure as an ``<svg>`` element to put into a page, with a transparent background, title and description.

    Its ids are its own (they begin with the figure's name, notation and theme), its style touches nothing else, and it
    refers to nothing outside. Raises FigureError without Matplotlib.
    """
    return _svg(figure, notation, theme, transparent=True)


def _svg(figure: Figure, notation: Notation, theme: Theme, *, transparent: bool) -> str:
    with themed(theme, salt=figure.name):
        text = io.StringIO()
        metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.draw(notation).savefig(text, format="svg", metadata=metadata, transparent=transparent)
    prefix = f"{figure.name}-{notation}-{theme}"
    return inline(text.getvalue(), prefix=prefix, title=figure.title, description=figure.alt)


def _bytes(figure: Figure, form: str, notation: Notation, theme: Theme) -> bytes:
    if form == "svg":
        return ('<?xml version="1.0" encoding="utf-8"?>\n' + _svg(figure, notation, theme, transparent=False)).encode()
    # what a file says of the program that wrote it would change with that program's version
    metadata: dict[str, Any] = {"Software": None, "Title": figure.title}
    if form == "pdf":
        metadata = {"Creator": None, "Producer": None, "CreationDate": None, "Title": figure.title}
    with themed(theme, salt=figure.name):
        content = io.BytesIO()
        figure.draw(notation).savefig(content, format=form, metadata=metadata)
    return content.getvalue()
